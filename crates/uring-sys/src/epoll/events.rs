//! What one wait returns.

use std::fmt;

/// Room for the events of one [`Epoll::wait`](super::Epoll::wait).
///
/// ```
/// use uring_sys::epoll::{EPOLLIN, EventBuffer};
///
/// let mut events = EventBuffer::with_capacity(2);
/// assert!(events.push(EPOLLIN, 7));
/// for (mask, data) in events.iter() {
///     assert_eq!((mask, data), (EPOLLIN, 7));
/// }
/// # assert_eq!(events.len(), 1);
/// ```
pub struct EventBuffer {
    /// Never grows; the capacity is the most that one wait returns.
    pub(super) list: Vec<libc::epoll_event>,
}

impl EventBuffer {
    /// Room for `capacity` events, at least 1 and at most `i32::MAX`.
    ///
    /// ```
    /// use uring_sys::epoll::EventBuffer;
    ///
    /// let mut events = EventBuffer::with_capacity(0);
    /// assert!(events.push(0, 7), "there is room for one");
    /// assert!(!events.push(0, 8));
    /// ```
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            list: Vec::with_capacity(capacity.max(1)),
        }
    }

    /// Forgets what the last wait returned.
    ///
    /// ```
    /// use uring_sys::epoll::{EPOLLIN, EventBuffer};
    ///
    /// let mut events = EventBuffer::with_capacity(1);
    /// events.push(EPOLLIN, 7);
    /// events.clear();
    /// assert!(events.is_empty());
    /// ```
    pub fn clear(&mut self) {
        self.list.clear();
    }

    /// Adds an event as a wait does, for whoever stands in for the kernel. `false`: there is no room for it.
    ///
    /// ```
    /// use uring_sys::epoll::{EPOLLHUP, EPOLLIN, EventBuffer};
    ///
    /// let mut events = EventBuffer::with_capacity(1);
    /// assert!(events.push(EPOLLIN | EPOLLHUP, 7));
    /// assert!(!events.push(EPOLLIN, 8), "no room");
    /// assert_eq!(events.iter().collect::<Vec<_>>(), [(EPOLLIN | EPOLLHUP, 7)]);
    /// ```
    pub fn push(&mut self, events: u32, data: u64) -> bool {
        let has_room = !self.is_full();
        if has_room {
            self.list.push(libc::epoll_event { events, u64: data });
        }
        has_room
    }

    /// The most events one wait returns.
    pub(super) fn limit(&self) -> i32 {
        i32::try_from(self.list.capacity()).unwrap_or(i32::MAX)
    }

    /// The events, as `(events, data)`.
    ///
    /// ```
    /// use uring_sys::epoll::{EPOLLIN, EPOLLOUT, EventBuffer};
    ///
    /// let mut events = EventBuffer::with_capacity(2);
    /// events.push(EPOLLIN, 7);
    /// events.push(EPOLLOUT, 9);
    /// let writable: Vec<u64> =
    ///     events.iter().filter(|(mask, _)| mask & EPOLLOUT != 0).map(|(_, data)| data).collect();
    /// assert_eq!(writable, [9]);
    /// ```
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (u32, u64)> + '_ {
        self.list.iter().map(|event| (event.events, event.u64))
    }

    /// How many events the last wait returned.
    ///
    /// ```
    /// use uring_sys::epoll::{EPOLLIN, EventBuffer};
    ///
    /// let mut events = EventBuffer::with_capacity(2);
    /// events.push(EPOLLIN, 7);
    /// assert_eq!(events.len(), 1);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether the last wait returned none.
    ///
    /// ```
    /// use uring_sys::epoll::{EPOLLIN, EventBuffer};
    ///
    /// let mut events = EventBuffer::with_capacity(2);
    /// assert!(events.is_empty());
    /// events.push(EPOLLIN, 7);
    /// assert!(!events.is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether the last wait used all the room, so that there may be more events.
    ///
    /// ```
    /// use std::{os::{fd::AsRawFd, unix::net::UnixStream}, time::Duration};
    /// use uring_sys::epoll::{EPOLLOUT, Epoll, EventBuffer};
    ///
    /// let epoll = Epoll::new()?;
    /// let pair = UnixStream::pair()?;
    /// epoll.add(pair.0.as_raw_fd(), EPOLLOUT, 0)?;
    /// epoll.add(pair.1.as_raw_fd(), EPOLLOUT, 1)?;
    ///
    /// let mut events = EventBuffer::with_capacity(1);
    /// epoll.wait(&mut events, Some(Duration::ZERO))?;
    /// assert!(events.is_full(), "so there may be more, and is");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.list.len() == self.list.capacity()
    }
}

impl fmt::Debug for EventBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
