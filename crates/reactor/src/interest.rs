//! What a task waits for ([`Interest`]), what the kernel found ([`Ready`]), and how both map to poll bits.

use std::fmt;
use std::ops::{BitAnd, BitOr, BitOrAssign, Sub};

use uring_sys::abi::{POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLPRI, POLLRDHUP};

/// The kinds of readiness to wait for. Corresponds to `tokio::io::Interest`.
///
/// ```
/// use uring_reactor::Interest;
/// let both = Interest::READABLE | Interest::WRITABLE;
/// assert!(both.is_readable() && both.is_writable());
/// assert_eq!(both.remove(Interest::WRITABLE), Some(Interest::READABLE));
///
/// let also = both | Interest::PRIORITY | Interest::ERROR;
/// assert!(also.is_priority() && also.is_error());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Interest(u8);

impl Interest {
    /// Data to read, a connection to accept, or the end of the stream. See the example of [`Interest`].
    pub const READABLE: Interest = Interest(1 << Direction::Read as u8);
    /// Room to write. See the example of [`Interest`].
    pub const WRITABLE: Interest = Interest(1 << Direction::Write as u8);
    /// Out-of-band data (`POLLPRI`). See the example of [`Interest`].
    pub const PRIORITY: Interest = Interest(1 << Direction::Priority as u8);
    /// An error condition (`POLLERR`), which the kernel reports whether asked or not. See the example of [`Interest`].
    pub const ERROR: Interest = Interest(1 << Direction::Error as u8);

    /// Whether read readiness is included.
    ///
    /// ```
    /// assert!(uring_reactor::Interest::READABLE.is_readable());
    /// ```
    pub const fn is_readable(self) -> bool {
        self.0 & Self::READABLE.0 != 0
    }

    /// Whether write readiness is included.
    ///
    /// ```
    /// assert!(uring_reactor::Interest::WRITABLE.is_writable());
    /// ```
    pub const fn is_writable(self) -> bool {
        self.0 & Self::WRITABLE.0 != 0
    }

    /// Whether out-of-band readiness is included.
    ///
    /// ```
    /// assert!(uring_reactor::Interest::PRIORITY.is_priority());
    /// ```
    pub const fn is_priority(self) -> bool {
        self.0 & Self::PRIORITY.0 != 0
    }

    /// Whether error readiness is included.
    ///
    /// ```
    /// assert!(uring_reactor::Interest::ERROR.is_error());
    /// ```
    pub const fn is_error(self) -> bool {
        self.0 & Self::ERROR.0 != 0
    }

    /// The union of two interests; the same as `|`.
    ///
    /// ```
    /// use uring_reactor::Interest;
    ///
    /// const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
    /// assert!(BOTH.is_readable() && BOTH.is_writable());
    /// ```
    #[must_use]
    pub const fn add(self, other: Interest) -> Interest {
        Interest(self.0 | other.0)
    }

    /// What is left of this interest without `other`; `None` when nothing is.
    ///
    /// ```
    /// use uring_reactor::Interest;
    ///
    /// let both = Interest::READABLE | Interest::WRITABLE;
    /// assert_eq!(both.remove(Interest::READABLE), Some(Interest::WRITABLE));
    /// assert_eq!(Interest::READABLE.remove(Interest::READABLE), None);
    /// ```
    #[must_use]
    pub const fn remove(self, other: Interest) -> Option<Interest> {
        match self.0 & !other.0 {
            0 => None,
            rest => Some(Interest(rest)),
        }
    }

    pub(crate) fn directions(self) -> impl Iterator<Item = Direction> {
        Direction::ALL
            .into_iter()
            .filter(move |d| self.0 >> *d as u8 & 1 != 0)
    }

    /// The poll bits that an epoll entry for this interest asks for.
    pub(crate) fn poll_events(self) -> u32 {
        self.directions()
            .fold(0, |events, d| events | d.poll_events())
    }

    /// The readiness that satisfies this interest.
    pub(crate) fn mask(self) -> Ready {
        self.directions()
            .fold(Ready::EMPTY, |mask, d| mask | d.mask())
    }
}

impl BitOr for Interest {
    type Output = Interest;

    fn bitor(self, other: Interest) -> Interest {
        self.add(other)
    }
}

impl BitOrAssign for Interest {
    fn bitor_assign(&mut self, other: Interest) {
        *self = *self | other;
    }
}

impl fmt::Debug for Interest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for direction in self.directions() {
            let name = match direction {
                Direction::Read => "READABLE",
                Direction::Write => "WRITABLE",
                Direction::Priority => "PRIORITY",
                Direction::Error => "ERROR",
            };
            write!(f, "{separator}{name}")?;
            separator = " | ";
        }
        Ok(())
    }
}

/// One of the four things that can be armed on an fd, each by a poll request of its own.
///
/// Separate requests, because the kernel completes a combined one on the first event and drops the rest
/// of its mask: the other direction would lose its arm.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Direction {
    Read = 0,
    Write = 1,
    Priority = 2,
    Error = 3,
}

impl Direction {
    pub(crate) const COUNT: usize = 4;
    pub(crate) const ALL: [Direction; Self::COUNT] = [
        Direction::Read,
        Direction::Write,
        Direction::Priority,
        Direction::Error,
    ];

    pub(crate) fn from_index(index: u64) -> Option<Direction> {
        Self::ALL.into_iter().find(|d| *d as u64 == index)
    }

    /// What to ask the kernel for. ERR, HUP and (since 5.13) RDHUP come unasked; ERR is named all the same
    /// where it is what is waited for, so that no direction asks for nothing.
    pub(crate) fn poll_events(self) -> u32 {
        match self {
            Direction::Read => POLLIN | POLLRDHUP,
            Direction::Write => POLLOUT,
            Direction::Priority => POLLPRI,
            Direction::Error => POLLERR,
        }
    }

    /// The readiness that ends a wait for this direction.
    pub(crate) fn mask(self) -> Ready {
        match self {
            Direction::Read => Ready::READABLE | Ready::READ_CLOSED,
            Direction::Write => Ready::WRITABLE | Ready::WRITE_CLOSED,
            Direction::Priority => Ready::PRIORITY | Ready::READ_CLOSED,
            Direction::Error => Ready::ERROR,
        }
    }

    pub(crate) fn interest(self) -> Interest {
        Interest(1 << self as u8)
    }
}

/// A set of readiness states. Corresponds to `tokio::io::Ready`.
///
/// The closed states are final and count as readable and writable: an operation on that half returns at once.
///
/// ```
/// use uring_reactor::{Interest, Ready};
///
/// let ready = Ready::READABLE | Ready::READ_CLOSED;
/// assert!(ready.is_readable() && ready.is_read_closed() && !ready.is_writable());
/// assert!(ready.contains(Ready::READ_CLOSED));
/// assert!(ready.satisfies(Interest::READABLE));
/// assert_eq!(ready.intersection(Interest::WRITABLE), Ready::EMPTY);
///
/// let rest = Ready::WRITABLE | Ready::WRITE_CLOSED | Ready::PRIORITY | Ready::ERROR;
/// assert_eq!(Ready::ALL - rest, ready);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ready(u16);

impl Ready {
    /// Nothing is ready. See the example of [`Ready`].
    pub const EMPTY: Ready = Ready(0);
    /// A read would make progress. See the example of [`Ready`].
    pub const READABLE: Ready = Ready(1);
    /// A write would make progress. See the example of [`Ready`].
    pub const WRITABLE: Ready = Ready(1 << 1);
    /// The peer has ended what can be read. See the example of [`Ready`].
    pub const READ_CLOSED: Ready = Ready(1 << 2);
    /// Nothing can be written any more. See the example of [`Ready`].
    pub const WRITE_CLOSED: Ready = Ready(1 << 3);
    /// Out-of-band data is there. See the example of [`Ready`].
    pub const PRIORITY: Ready = Ready(1 << 4);
    /// An error condition is pending. See the example of [`Ready`].
    pub const ERROR: Ready = Ready(1 << 5);
    /// All of the above. See the example of [`Ready`].
    pub const ALL: Ready = Ready(0b11_1111);

    /// The bits of [`ALL`](Self::ALL) among `bits`.
    pub(crate) const fn from_bits(bits: u16) -> Ready {
        Ready(bits & Self::ALL.0)
    }

    pub(crate) const fn union(self, other: Ready) -> Ready {
        Ready(self.0 | other.0)
    }

    pub(crate) const fn bits(self) -> u16 {
        self.0
    }

    /// Translates what poll(2) reports.
    ///
    /// ERR and HUP concern both directions, so both are woken and see the error from their own system
    /// call. RDHUP means that a read returns the rest and then the end.
    pub(crate) fn from_poll(events: u32) -> Ready {
        let mut ready = Ready::EMPTY;
        if events & POLLIN != 0 {
            ready |= Ready::READABLE;
        }
        if events & POLLOUT != 0 {
            ready |= Ready::WRITABLE;
        }
        if events & POLLPRI != 0 {
            ready |= Ready::PRIORITY;
        }
        if events & POLLRDHUP != 0 {
            ready |= Ready::READABLE | Ready::READ_CLOSED;
        }
        if events & POLLHUP != 0 {
            ready |= Ready::READABLE | Ready::READ_CLOSED | Ready::WRITABLE | Ready::WRITE_CLOSED;
        }
        if events & (POLLERR | POLLNVAL) != 0 {
            ready |= Ready::READABLE | Ready::WRITABLE | Ready::ERROR;
        }
        if events & (POLLERR | POLLOUT) == POLLERR | POLLOUT {
            ready |= Ready::WRITE_CLOSED;
        }
        ready
    }

    /// Whether nothing is ready.
    ///
    /// ```
    /// assert!(uring_reactor::Ready::EMPTY.is_empty());
    /// ```
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether a read would return at once: readable, or closed for reading.
    ///
    /// ```
    /// assert!(uring_reactor::Ready::READABLE.is_readable());
    /// ```
    pub const fn is_readable(self) -> bool {
        self.0 & (Self::READABLE.0 | Self::READ_CLOSED.0) != 0
    }

    /// Whether a write would return at once: writable, or closed for writing.
    ///
    /// ```
    /// assert!(uring_reactor::Ready::WRITABLE.is_writable());
    /// ```
    pub const fn is_writable(self) -> bool {
        self.0 & (Self::WRITABLE.0 | Self::WRITE_CLOSED.0) != 0
    }

    /// Whether the peer has ended what can be read.
    ///
    /// ```
    /// assert!(uring_reactor::Ready::READ_CLOSED.is_read_closed());
    /// ```
    pub const fn is_read_closed(self) -> bool {
        self.0 & Self::READ_CLOSED.0 != 0
    }

    /// Whether nothing can be written any more.
    ///
    /// ```
    /// assert!(uring_reactor::Ready::WRITE_CLOSED.is_write_closed());
    /// ```
    pub const fn is_write_closed(self) -> bool {
        self.0 & Self::WRITE_CLOSED.0 != 0
    }

    /// Whether out-of-band data is there.
    ///
    /// ```
    /// assert!(uring_reactor::Ready::PRIORITY.is_priority());
    /// ```
    pub const fn is_priority(self) -> bool {
        self.0 & Self::PRIORITY.0 != 0
    }

    /// Whether an error condition is pending.
    ///
    /// ```
    /// assert!(uring_reactor::Ready::ERROR.is_error());
    /// ```
    pub const fn is_error(self) -> bool {
        self.0 & Self::ERROR.0 != 0
    }

    /// Whether all of `other` is included.
    ///
    /// ```
    /// use uring_reactor::{Interest, Ready};
    ///
    /// let ready = Ready::READABLE | Ready::READ_CLOSED;
    /// assert!(ready.contains(Interest::READABLE) && !ready.contains(Ready::ALL));
    /// ```
    pub fn contains<T: Into<Ready>>(self, other: T) -> bool {
        let other = other.into();
        self & other == other
    }

    /// The part of this readiness that satisfies `interest`.
    ///
    /// ```
    /// use uring_reactor::{Interest, Ready};
    ///
    /// assert_eq!(Ready::ALL.intersection(Interest::WRITABLE), Ready::WRITABLE | Ready::WRITE_CLOSED);
    /// ```
    #[must_use]
    pub fn intersection(self, interest: Interest) -> Ready {
        self & interest.mask()
    }

    /// Whether any of this readiness satisfies `interest`.
    ///
    /// ```
    /// use uring_reactor::{Interest, Ready};
    ///
    /// assert!(Ready::READ_CLOSED.satisfies(Interest::READABLE | Interest::WRITABLE));
    /// ```
    pub fn satisfies(self, interest: Interest) -> bool {
        !self.intersection(interest).is_empty()
    }
}

impl From<Interest> for Ready {
    fn from(interest: Interest) -> Ready {
        interest.mask()
    }
}

impl BitOr for Ready {
    type Output = Ready;

    fn bitor(self, other: Ready) -> Ready {
        self.union(other)
    }
}

impl BitOrAssign for Ready {
    fn bitor_assign(&mut self, other: Ready) {
        *self = *self | other;
    }
}

impl BitAnd for Ready {
    type Output = Ready;

    fn bitand(self, other: Ready) -> Ready {
        Ready(self.0 & other.0)
    }
}

impl Sub for Ready {
    type Output = Ready;

    fn sub(self, other: Ready) -> Ready {
        Ready(self.0 & !other.0)
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready")
            .field("is_readable", &self.is_readable())
            .field("is_writable", &self.is_writable())
            .field("is_read_closed", &self.is_read_closed())
            .field("is_write_closed", &self.is_write_closed())
            .field("is_priority", &self.is_priority())
            .field("is_error", &self.is_error())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hangup_and_error_end_the_wait_of_both_directions() {
        for events in [POLLHUP, POLLERR] {
            let ready = Ready::from_poll(events);
            assert!(
                ready.is_readable() && ready.is_writable(),
                "{events:#x}: {ready:?}"
            );
        }
    }

    #[test]
    fn a_peer_that_half_closes_makes_readable_and_not_writable() {
        let ready = Ready::from_poll(POLLRDHUP);
        assert!(ready.is_readable() && ready.is_read_closed());
        assert!(!ready.is_writable() && !ready.is_write_closed());
    }

    #[test]
    fn urgent_data_alone_does_not_end_the_wait_of_a_reader() {
        assert!(!Ready::from_poll(POLLPRI).satisfies(Interest::READABLE));
        assert!(Ready::from_poll(POLLPRI).satisfies(Interest::PRIORITY));
    }

    #[test]
    fn an_error_queue_does_not_close_the_write_half() {
        assert!(!Ready::from_poll(POLLERR).is_write_closed());
        assert!(
            Ready::from_poll(POLLERR | POLLOUT).is_write_closed(),
            "a pipe without readers"
        );
    }

    #[test]
    fn interest_adds_and_removes() {
        let all = Interest::READABLE | Interest::WRITABLE | Interest::PRIORITY | Interest::ERROR;
        assert_eq!(all.directions().count(), Direction::COUNT);
        assert_eq!(Interest::READABLE.remove(Interest::READABLE), None);
        assert_eq!(
            format!("{:?}", Interest::READABLE | Interest::ERROR),
            "READABLE | ERROR"
        );
    }
}
