//! The other descriptors of a reactor, of whichever kernel. What each verb does stands at those of [`uring_sys`].

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use uring_sys::epoll::EventBuffer;

/// An epoll set.
#[derive(Debug)]
pub(crate) enum Epoll {
    Linux(uring_sys::epoll::Epoll),
}

impl Epoll {
    pub(crate) fn raw_fd(&self) -> RawFd {
        match self {
            Epoll::Linux(epoll) => epoll.as_raw_fd(),
        }
    }

    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Epoll::Linux(epoll) => epoll.as_fd(),
        }
    }

    pub(crate) fn add(&self, fd: RawFd, events: u32, data: u64) -> io::Result<()> {
        match self {
            Epoll::Linux(epoll) => epoll.add(fd, events, data),
        }
    }

    pub(crate) fn modify(&self, fd: RawFd, events: u32, data: u64) -> io::Result<()> {
        match self {
            Epoll::Linux(epoll) => epoll.modify(fd, events, data),
        }
    }

    pub(crate) fn delete(&self, fd: RawFd) -> io::Result<()> {
        match self {
            Epoll::Linux(epoll) => epoll.delete(fd),
        }
    }

    pub(crate) fn wait(
        &self,
        buffer: &mut EventBuffer,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        match self {
            Epoll::Linux(epoll) => epoll.wait(buffer, timeout),
        }
    }
}

/// A counter that is readable while it is not zero.
#[derive(Debug)]
pub(crate) enum EventFd {
    Linux(uring_sys::eventfd::EventFd),
}

impl EventFd {
    pub(crate) fn raw_fd(&self) -> RawFd {
        match self {
            EventFd::Linux(eventfd) => eventfd.as_raw_fd(),
        }
    }

    pub(crate) fn notify(&self) -> io::Result<()> {
        match self {
            EventFd::Linux(eventfd) => eventfd.notify(),
        }
    }

    pub(crate) fn drain(&self) -> io::Result<bool> {
        match self {
            EventFd::Linux(eventfd) => eventfd.drain(),
        }
    }

    pub(crate) fn renew(&self) -> io::Result<()> {
        match self {
            EventFd::Linux(eventfd) => eventfd.renew(),
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        match self {
            EventFd::Linux(eventfd) => eventfd.is_open(),
        }
    }

    pub(crate) fn restore(&self) -> io::Result<()> {
        match self {
            EventFd::Linux(eventfd) => eventfd.restore(),
        }
    }
}

/// A deadline that can be polled.
#[derive(Debug)]
pub(crate) enum TimerFd {
    Linux(uring_sys::timerfd::TimerFd),
}

impl TimerFd {
    pub(crate) fn raw_fd(&self) -> RawFd {
        match self {
            TimerFd::Linux(timerfd) => timerfd.as_raw_fd(),
        }
    }

    pub(crate) fn set(&self, after: Duration) -> io::Result<()> {
        match self {
            TimerFd::Linux(timerfd) => timerfd.set(after),
        }
    }
}

/// A number of our own for somebody else's open file.
#[derive(Debug)]
pub(crate) enum Duplicate {
    Linux(OwnedFd),
}

impl Duplicate {
    pub(crate) fn raw_fd(&self) -> RawFd {
        match self {
            Duplicate::Linux(fd) => fd.as_raw_fd(),
        }
    }
}
