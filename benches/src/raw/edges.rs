//! Edge-triggered epoll.

use std::io;
use std::os::fd::RawFd;

use uring_sys::epoll::{EPOLLERR, EPOLLET, EPOLLHUP, EPOLLIN, EPOLLRDHUP, Epoll, EventBuffer};

use super::{Event, Poller, Reads};

pub(super) struct Edges {
    epoll: Epoll,
    events: EventBuffer,
    /// The same, and how many of them have been handed out.
    found: Vec<(u32, u64)>,
    taken: usize,
}

impl Edges {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            epoll: Epoll::new()?,
            events: EventBuffer::with_capacity(1024),
            found: Vec::with_capacity(1024),
            taken: 0,
        })
    }
}

impl Poller for Edges {
    fn watch(&mut self, fd: RawFd, key: u64) -> io::Result<()> {
        self.epoll.add(fd, EPOLLIN | EPOLLRDHUP | EPOLLET, key)
    }

    fn wait(&mut self) -> io::Result<()> {
        let waited = match self.epoll.wait(&mut self.events, None) {
            // Whoever traces a process interrupts it.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            waited => waited,
        };
        self.found.clear();
        self.found.extend(self.events.iter());
        self.taken = 0;
        waited
    }

    fn next(&mut self) -> Option<Event> {
        let (bits, key) = *self.found.get(self.taken)?;
        self.taken += 1;
        Some(Event {
            key,
            reads: Reads::after_edge(bits & (EPOLLRDHUP | EPOLLHUP | EPOLLERR) != 0),
            is_last: false,
        })
    }

    fn keep(&mut self, _fd: RawFd, _event: &Event) -> io::Result<()> {
        Ok(())
    }

    /// Whoever closes a socket takes it off the set.
    fn forget(&mut self, _event: &Event) -> io::Result<()> {
        Ok(())
    }
}
