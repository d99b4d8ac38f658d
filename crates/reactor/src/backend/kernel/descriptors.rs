//! The other descriptors of a reactor, of whichever kernel. What each verb does stands at those of [`uring_sys`].

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use uring_sys::epoll::EventBuffer;

/// An epoll set.
#[derive(Debug)]
pub(crate) enum Epoll {
    Linux(uring_sys::epoll::Epoll),
    #[cfg(test)]
    Sim(crate::backend::sim::Epoll),
}

impl Epoll {
    pub(crate) fn raw_fd(&self) -> RawFd {
        match self {
            Epoll::Linux(epoll) => epoll.as_raw_fd(),
            #[cfg(test)]
            Epoll::Sim(epoll) => epoll.raw_fd(),
        }
    }

    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Epoll::Linux(epoll) => epoll.as_fd(),
            #[cfg(test)]
            Epoll::Sim(epoll) => epoll.as_fd(),
        }
    }

    pub(crate) fn disown(&self) {
        match self {
            Epoll::Linux(epoll) => epoll.disown(),
            #[cfg(test)]
            Epoll::Sim(epoll) => epoll.disown(),
        }
    }

    pub(crate) fn add(&self, fd: RawFd, events: u32, data: u64) -> io::Result<()> {
        match self {
            Epoll::Linux(epoll) => epoll.add(fd, events, data),
            #[cfg(test)]
            Epoll::Sim(epoll) => epoll.add(fd, events, data),
        }
    }

    pub(crate) fn modify(&self, fd: RawFd, events: u32, data: u64) -> io::Result<()> {
        match self {
            Epoll::Linux(epoll) => epoll.modify(fd, events, data),
            #[cfg(test)]
            Epoll::Sim(epoll) => epoll.modify(fd, events, data),
        }
    }

    pub(crate) fn delete(&self, fd: RawFd) -> io::Result<()> {
        match self {
            Epoll::Linux(epoll) => epoll.delete(fd),
            #[cfg(test)]
            Epoll::Sim(epoll) => epoll.delete(fd),
        }
    }

    pub(crate) fn wait(
        &self,
        buffer: &mut EventBuffer,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        match self {
            Epoll::Linux(epoll) => epoll.wait(buffer, timeout),
            #[cfg(test)]
            Epoll::Sim(epoll) => epoll.wait(buffer, timeout),
        }
    }
}

/// A counter that is readable while it is not zero.
#[derive(Debug)]
pub(crate) enum EventFd {
    Linux(uring_sys::eventfd::EventFd),
    #[cfg(test)]
    Sim(crate::backend::sim::EventFd),
}

impl EventFd {
    pub(crate) fn raw_fd(&self) -> RawFd {
        match self {
            EventFd::Linux(eventfd) => eventfd.as_raw_fd(),
            #[cfg(test)]
            EventFd::Sim(eventfd) => eventfd.raw_fd(),
        }
    }

    pub(crate) fn notify(&self) -> io::Result<()> {
        match self {
            EventFd::Linux(eventfd) => eventfd.notify(),
            #[cfg(test)]
            EventFd::Sim(eventfd) => eventfd.notify(),
        }
    }

    pub(crate) fn drain(&self) -> io::Result<bool> {
        match self {
            EventFd::Linux(eventfd) => eventfd.drain(),
            #[cfg(test)]
            EventFd::Sim(eventfd) => eventfd.drain(),
        }
    }

    pub(crate) fn renew(&self) -> io::Result<()> {
        match self {
            EventFd::Linux(eventfd) => eventfd.renew(),
            #[cfg(test)]
            EventFd::Sim(eventfd) => eventfd.renew(),
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        match self {
            EventFd::Linux(eventfd) => eventfd.is_open(),
            #[cfg(test)]
            EventFd::Sim(eventfd) => eventfd.is_open(),
        }
    }

    pub(crate) fn restore(&self) -> io::Result<()> {
        match self {
            EventFd::Linux(eventfd) => eventfd.restore(),
            #[cfg(test)]
            EventFd::Sim(eventfd) => eventfd.restore(),
        }
    }
}

/// A deadline that can be polled.
#[derive(Debug)]
pub(crate) enum TimerFd {
    Linux(uring_sys::timerfd::TimerFd),
    #[cfg(test)]
    Sim(crate::backend::sim::TimerFd),
}

impl TimerFd {
    pub(crate) fn raw_fd(&self) -> RawFd {
        match self {
            TimerFd::Linux(timerfd) => timerfd.as_raw_fd(),
            #[cfg(test)]
            TimerFd::Sim(timerfd) => timerfd.raw_fd(),
        }
    }

    pub(crate) fn disown(self) {
        match self {
            TimerFd::Linux(timerfd) => timerfd.disown(),
            #[cfg(test)]
            TimerFd::Sim(timerfd) => timerfd.disown(),
        }
    }

    pub(crate) fn set(&self, after: Duration) -> io::Result<()> {
        match self {
            TimerFd::Linux(timerfd) => timerfd.set(after),
            #[cfg(test)]
            TimerFd::Sim(timerfd) => timerfd.set(after),
        }
    }
}

/// A number of our own for somebody else's open file.
#[derive(Debug)]
pub(crate) enum Duplicate {
    Linux(OwnedFd),
    #[cfg(test)]
    Sim(crate::backend::sim::Duplicate),
}

impl Duplicate {
    pub(crate) fn raw_fd(&self) -> RawFd {
        match self {
            Duplicate::Linux(fd) => fd.as_raw_fd(),
            #[cfg(test)]
            Duplicate::Sim(fd) => fd.raw_fd(),
        }
    }
}
