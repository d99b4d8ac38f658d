//! Requests.

use std::os::fd::RawFd;

use crate::abi::{
    IORING_ASYNC_CANCEL_ALL, IORING_ASYNC_CANCEL_ANY, IORING_OP_ASYNC_CANCEL, IORING_OP_MSG_RING,
    IORING_OP_NOP, IORING_OP_POLL_ADD, IORING_OP_POLL_REMOVE, IORING_POLL_ADD_MULTI,
    IOSQE_CQE_SKIP_SUCCESS, io_uring_sqe,
};

/// A submission queue entry: one request of 64 bytes.
///
/// Built only by the constructors below. Each starts from 64 zero bytes, because a stale word makes the kernel refuse the
/// request with `EINVAL`; and none stores a pointer, so that no request can outlive memory. The `user_data` is 0 until
/// [`Sqe::with_user_data`] sets it, and comes back unchanged in the [`Cqe`](crate::Cqe).
///
/// ```
/// use uring_sys::{Sqe, abi::{IORING_OP_POLL_ADD, POLLIN}};
///
/// let sqe = Sqe::poll_add(3, POLLIN).with_user_data(7);
/// assert_eq!(sqe.user_data(), 7);
/// let raw = sqe.into_raw();
/// assert_eq!((raw.opcode, raw.fd, raw.addr), (IORING_OP_POLL_ADD, 3, 0));
/// ```
#[repr(transparent)]
#[derive(Clone, Copy, Debug)]
#[must_use = "a request does nothing until it is pushed"]
pub struct Sqe(io_uring_sqe);

impl Sqe {
    /// Every other field is zero: unused words must be.
    fn new(opcode: u8) -> Self {
        Self(io_uring_sqe {
            opcode,
            ..io_uring_sqe::default()
        })
    }

    /// Does nothing and completes with 0.
    ///
    /// ```
    /// use uring_sys::{Ring, Setup, Sqe};
    ///
    /// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
    /// let mut ring = Ring::new(&Setup::default())?;
    /// ring.push(Sqe::nop())?;
    /// ring.submit_and_wait(1, None)?;
    /// assert_eq!(ring.pop().map(|cqe| cqe.result), Some(0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn nop() -> Self {
        Self::new(IORING_OP_NOP)
    }

    /// Completes once, when `fd` has one of `events` (bits like [`POLLIN`](crate::abi::POLLIN)), with the events as its
    /// result; at once if it has one already.
    ///
    /// `POLLERR`, `POLLHUP` and (5.13) `POLLNVAL`, `POLLRDHUP` are reported unasked. The request holds the open file: after
    /// `close(fd)` it is still armed. Results below zero: `-EBADF` for no such descriptor, `-EINVAL` for a file that
    /// cannot be polled, `-ECANCELED`.
    ///
    /// ```
    /// use std::os::{fd::AsRawFd, unix::net::UnixStream};
    /// use uring_sys::{Ring, Setup, Sqe, abi::{POLLIN, POLLOUT}};
    ///
    /// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
    /// let mut ring = Ring::new(&Setup::default())?;
    /// let (socket, _peer) = UnixStream::pair()?;
    /// ring.push(Sqe::poll_add(socket.as_raw_fd(), POLLIN | POLLOUT))?;
    /// ring.submit_and_wait(1, None)?;
    /// let events = ring.pop().unwrap().result.unsigned_abs();
    /// assert_eq!(events & (POLLIN | POLLOUT), POLLOUT, "room to write, nothing to read");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn poll_add(fd: RawFd, events: u32) -> Self {
        let mut sqe = Self::new(IORING_OP_POLL_ADD);
        sqe.0.fd = fd;
        sqe.0.op_flags = poll32_events(events);
        sqe
    }

    /// As [`Sqe::poll_add`], but keeps completing, at each edge after the first report, as long as its completions say
    /// [`more`](crate::Cqe::more) (5.13).
    ///
    /// ```
    /// use std::{io::Write, os::{fd::AsRawFd, unix::net::UnixStream}};
    /// use uring_sys::{Ring, Setup, Sqe, abi::POLLIN};
    ///
    /// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
    /// let mut ring = Ring::new(&Setup::default())?;
    /// let (ours, mut theirs) = UnixStream::pair()?;
    /// ring.push(Sqe::poll_add_multi(ours.as_raw_fd(), POLLIN))?;
    /// ring.submit()?;
    /// for _ in 0..2 {
    ///     theirs.write_all(b"x")?;
    ///     ring.submit_and_wait(1, None)?;
    ///     let cqe = ring.pop().unwrap();
    ///     # if cqe.result == -libc::EINVAL { return Ok(()) } // a kernel before 5.13
    ///     assert!(cqe.more(), "the same request will complete again");
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn poll_add_multi(fd: RawFd, events: u32) -> Self {
        let mut sqe = Self::poll_add(fd, events);
        sqe.0.len = IORING_POLL_ADD_MULTI;
        sqe
    }

    /// Ends the poll that was pushed with `target_user_data`: this request completes with 0 and the poll with
    /// `-ECANCELED` (0 before 5.5).
    ///
    /// Only the number counts, no descriptor. `-ENOENT` if the poll has fired already or never was, `-EALREADY` if it has
    /// fired and its completion is still to come.
    ///
    /// ```
    /// use std::os::{fd::AsRawFd, unix::net::UnixStream};
    /// use uring_sys::{Ring, Setup, Sqe, abi::POLLIN};
    ///
    /// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
    /// let mut ring = Ring::new(&Setup::default())?;
    /// let (socket, _peer) = UnixStream::pair()?;
    /// ring.push(Sqe::poll_add(socket.as_raw_fd(), POLLIN).with_user_data(1))?;
    /// ring.push(Sqe::poll_remove(1).with_user_data(2))?;
    /// ring.submit_and_wait(2, None)?;
    /// let mut answers: Vec<_> = ring.completions().map(|cqe| (cqe.user_data, cqe.result)).collect();
    /// answers.sort();
    /// assert_eq!(answers, [(1, -libc::ECANCELED), (2, 0)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn poll_remove(target_user_data: u64) -> Self {
        let mut sqe = Self::new(IORING_OP_POLL_REMOVE);
        sqe.0.addr = target_user_data;
        sqe
    }

    /// Cancels any kind of request by its `user_data` (5.5); `flags` are `IORING_ASYNC_CANCEL_*` (5.19).
    ///
    /// Completes with 0, with the number of targets if `flags` has `ALL`, or with `-ENOENT` or `-EALREADY`.
    ///
    /// ```
    /// use uring_sys::{Ring, Setup, Sqe};
    ///
    /// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
    /// let mut ring = Ring::new(&Setup::default())?;
    /// ring.push(Sqe::async_cancel(7, 0))?;
    /// ring.submit_and_wait(1, None)?;
    /// assert_eq!(ring.pop().map(|cqe| cqe.result), Some(-libc::ENOENT), "no such request");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn async_cancel(target_user_data: u64, flags: u32) -> Self {
        let mut sqe = Self::new(IORING_OP_ASYNC_CANCEL);
        sqe.0.addr = target_user_data;
        sqe.0.op_flags = flags;
        sqe
    }

    /// Cancels everything in flight and completes with the number of targets (5.19).
    ///
    /// ```
    /// use std::os::{fd::AsRawFd, unix::net::UnixStream};
    /// use uring_sys::{Ring, Setup, Sqe, abi::POLLIN};
    ///
    /// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
    /// let mut ring = Ring::new(&Setup::default())?;
    /// let (ours, theirs) = UnixStream::pair()?;
    /// ring.push(Sqe::poll_add(ours.as_raw_fd(), POLLIN))?;
    /// ring.push(Sqe::poll_add(theirs.as_raw_fd(), POLLIN))?;
    /// ring.push(Sqe::cancel_all().with_user_data(7))?;
    /// ring.submit_and_wait(1, None)?;
    /// # ring.submit_and_get_events()?;
    /// let cancel = ring.completions().find(|cqe| cqe.user_data == 7).unwrap();
    /// # if cancel.result == -libc::EINVAL { return Ok(()) } // a kernel before 5.19
    /// assert_eq!(cancel.result, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel_all() -> Self {
        Self::async_cancel(0, IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL)
    }

    /// Posts a completion with this `user_data`, result 0, to the ring `target` (5.18), and completes when that is done.
    /// It wakes whoever sleeps on that ring, also on one with `IORING_SETUP_DEFER_TASKRUN`, and needs no right to submit
    /// to it.
    ///
    /// ```
    /// use std::os::fd::AsRawFd;
    /// use uring_sys::{Ring, Setup, Sqe};
    ///
    /// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
    /// let mut ours = Ring::new(&Setup::default())?;
    /// let mut theirs = Ring::new(&Setup::default())?;
    /// ours.push(Sqe::msg_ring(theirs.as_raw_fd(), 7))?;
    /// ours.submit_and_wait(1, None)?;
    /// # if ours.cq_ready() == 1 && ours.pop().unwrap().result == -libc::EINVAL { return Ok(()) } // before 5.18
    /// theirs.submit_and_wait(1, None)?;
    /// assert_eq!(theirs.pop().map(|cqe| (cqe.user_data, cqe.result)), Some((7, 0)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn msg_ring(target: RawFd, user_data: u64) -> Self {
        let mut sqe = Self::new(IORING_OP_MSG_RING);
        sqe.0.fd = target;
        sqe.0.off = user_data;
        sqe
    }

    /// A request no kernel knows; fails with `-EINVAL`, for tests of what follows a refused entry.
    #[doc(hidden)]
    pub fn invalid() -> Self {
        Self::new(u8::MAX)
    }

    /// The number that comes back in the completion.
    ///
    /// ```
    /// use uring_sys::Sqe;
    ///
    /// assert_eq!(Sqe::nop().user_data(), 0);
    /// assert_eq!(Sqe::nop().with_user_data(7).user_data(), 7);
    /// ```
    pub fn with_user_data(mut self, user_data: u64) -> Self {
        self.0.user_data = user_data;
        self
    }

    /// Posts a completion only on failure (5.17, `IORING_FEAT_CQE_SKIP`; `EINVAL` before).
    ///
    /// Meant for removals. On a poll it would hide the event itself.
    ///
    /// ```
    /// use uring_sys::{Ring, Setup, Sqe, abi::IORING_FEAT_CQE_SKIP};
    ///
    /// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
    /// let mut ring = Ring::new(&Setup::default())?;
    /// # if ring.features() & IORING_FEAT_CQE_SKIP == 0 { return Ok(()) } // an old kernel
    /// ring.push(Sqe::nop().skip_success().with_user_data(1))?;
    /// ring.push(Sqe::nop().with_user_data(2))?;
    /// ring.submit_and_wait(1, None)?;
    /// assert_eq!(ring.completions().map(|cqe| cqe.user_data).collect::<Vec<_>>(), [2]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn skip_success(mut self) -> Self {
        self.0.flags |= IOSQE_CQE_SKIP_SUCCESS;
        self
    }

    /// The number that [`Sqe::with_user_data`] set.
    ///
    /// ```
    /// use uring_sys::Sqe;
    ///
    /// assert_eq!(Sqe::nop().with_user_data(7).user_data(), 7);
    /// ```
    #[must_use]
    pub fn user_data(&self) -> u64 {
        self.0.user_data
    }

    /// The record as the kernel will read it, for whoever stands in for the kernel.
    ///
    /// ```
    /// use uring_sys::{Sqe, abi::{IORING_OP_POLL_REMOVE, io_uring_sqe}};
    ///
    /// let raw: io_uring_sqe = Sqe::poll_remove(7).into_raw();
    /// assert_eq!((raw.opcode, raw.addr), (IORING_OP_POLL_REMOVE, 7));
    /// ```
    #[must_use]
    pub fn into_raw(self) -> io_uring_sqe {
        self.0
    }
}

/// The kernel's 32-bit events began as a 16-bit field at the same address, so on big-endian machines the two halves are
/// swapped: an old program's 16 bits have to stay the low half.
const fn poll32_events(events: u32) -> u32 {
    if cfg!(target_endian = "big") {
        events.rotate_left(16)
    } else {
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{POLLIN, POLLRDHUP};

    /// The record with the fields cleared that the constructor is supposed to fill; must be all zero.
    fn rest(sqe: Sqe, clear: impl FnOnce(&mut io_uring_sqe)) -> bool {
        let mut raw = sqe.into_raw();
        raw.opcode = 0;
        clear(&mut raw);
        format!("{raw:?}") == format!("{:?}", io_uring_sqe::default())
    }

    #[test]
    fn a_poll_fills_descriptor_and_events_and_nothing_else() {
        let sqe = Sqe::poll_add(9, POLLIN | POLLRDHUP);
        assert_eq!(sqe.0.opcode, 6);
        assert_eq!(sqe.0.fd, 9);
        assert_eq!(sqe.0.op_flags, poll32_events(0x2001));
        assert!(rest(sqe, |raw| (raw.fd, raw.op_flags) = (0, 0)));
    }

    #[test]
    fn a_removal_fills_only_the_address() {
        let sqe = Sqe::poll_remove(u64::MAX - 3);
        assert_eq!(sqe.0.opcode, 7);
        assert_eq!(sqe.0.addr, u64::MAX - 3);
        assert!(rest(sqe, |raw| raw.addr = 0));
    }

    #[test]
    fn a_message_names_its_ring_and_what_it_says() {
        let sqe = Sqe::msg_ring(7, 99);
        assert_eq!((sqe.0.opcode, sqe.0.fd, sqe.0.off), (40, 7, 99));
        assert!(rest(sqe, |raw| (raw.fd, raw.off) = (0, 0)));
    }

    #[test]
    fn cancelling_all_matches_any_and_names_no_target() {
        let sqe = Sqe::cancel_all();
        assert_eq!(sqe.0.op_flags, 0b101);
        assert!(rest(sqe, |raw| raw.op_flags = 0));
    }

    #[test]
    fn user_data_and_skip_change_nothing_else() {
        let sqe = Sqe::nop().with_user_data(5).skip_success();
        assert_eq!((sqe.user_data(), sqe.0.flags), (5, 1 << 6));
        assert!(rest(sqe, |raw| (raw.user_data, raw.flags) = (0, 0)));
    }
}
