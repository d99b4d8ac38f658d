//! The one place where the reactor meets the kernel: who makes its rings, epoll sets and other descriptors, and
//! says what time and which process it is.
//!
//! Outside of tests there is one kernel and each of these enums has one variant, so a match costs nothing. It is
//! an enum and not a trait so that nothing above has a type parameter.

mod descriptors;
mod ring;

pub(crate) use descriptors::{Duplicate, Epoll, EventFd, TimerFd};
pub(crate) use ring::Ring;

use std::io;
use std::os::fd::RawFd;
use std::time::Duration;

use uring_sys::identity;
use uring_sys::{Setup, SetupError, Sqe};

#[cfg(test)]
use crate::backend::sim::Sim;
use crate::clock::Instant;

/// Whom a reactor asks.
#[derive(Clone, Debug)]
pub(crate) enum Kernel {
    /// The one that runs this process.
    Linux,
    /// One that answers from a seed.
    #[cfg(test)]
    Sim(Sim),
}

impl Kernel {
    pub(crate) fn ring(&self, setup: &Setup) -> Result<Ring, SetupError> {
        match self {
            Kernel::Linux => uring_sys::Ring::new(setup).map(Ring::Linux),
            #[cfg(test)]
            Kernel::Sim(sim) => sim.ring(setup).map(Ring::Sim),
        }
    }

    /// Posts a completion to a ring of another thread: see [`Sqe::msg_ring`].
    pub(crate) fn message(&self, ring: RawFd, user_data: u64) -> io::Result<()> {
        let setup = Setup {
            entries: 1,
            ..Setup::default()
        };
        let mut sender = self.ring(&setup).map_err(|refused| refused.error)?;
        // An empty queue has room.
        let _ = sender.push(Sqe::msg_ring(ring, user_data));
        sender.submit_and_wait(1, None)?;
        match sender.pop() {
            Some(cqe) if cqe.result < 0 => Err(io::Error::from_raw_os_error(-cqe.result)),
            _ => Ok(()),
        }
    }

    pub(crate) fn epoll(&self) -> io::Result<Epoll> {
        match self {
            Kernel::Linux => uring_sys::epoll::Epoll::new().map(Epoll::Linux),
            #[cfg(test)]
            Kernel::Sim(sim) => sim.epoll().map(Epoll::Sim),
        }
    }

    pub(crate) fn eventfd(&self) -> io::Result<EventFd> {
        match self {
            Kernel::Linux => uring_sys::eventfd::EventFd::new().map(EventFd::Linux),
            #[cfg(test)]
            Kernel::Sim(sim) => sim.eventfd().map(EventFd::Sim),
        }
    }

    pub(crate) fn timerfd(&self) -> io::Result<TimerFd> {
        match self {
            Kernel::Linux => uring_sys::timerfd::TimerFd::new().map(TimerFd::Linux),
            #[cfg(test)]
            Kernel::Sim(sim) => sim.timerfd().map(TimerFd::Sim),
        }
    }

    /// Another number for the open file behind `fd`.
    pub(crate) fn duplicate(&self, fd: RawFd) -> io::Result<Duplicate> {
        match self {
            Kernel::Linux => uring_sys::syscall::duplicate(fd).map(Duplicate::Linux),
            #[cfg(test)]
            Kernel::Sim(sim) => sim.duplicate(fd).map(Duplicate::Sim),
        }
    }

    /// What these are ready for now: see [`uring_sys::syscall::poll_now`].
    pub(crate) fn poll_now(&self, fds: &mut [libc::pollfd]) -> io::Result<u32> {
        match self {
            Kernel::Linux => uring_sys::syscall::poll_now(fds),
            #[cfg(test)]
            Kernel::Sim(sim) => sim.poll_now(fds),
        }
    }

    /// The monotonic clock.
    pub(crate) fn now(&self) -> Instant {
        match self {
            Kernel::Linux => Instant::system_now(),
            #[cfg(test)]
            Kernel::Sim(sim) => sim.now(),
        }
    }

    /// Lets time pass, for what only time cures.
    pub(crate) fn pause(&self, time: Duration) {
        match self {
            Kernel::Linux => std::thread::sleep(time),
            #[cfg(test)]
            Kernel::Sim(sim) => sim.pause(time),
        }
    }

    /// Which process this is: see [`identity::process_token`].
    pub(crate) fn process_token(&self) -> u64 {
        match self {
            Kernel::Linux => identity::process_token(),
            #[cfg(test)]
            Kernel::Sim(sim) => sim.process_token(),
        }
    }

    /// Its release, for the report.
    pub(crate) fn release(&self) -> String {
        match self {
            Kernel::Linux => uring_sys::limits::kernel_release(),
            #[cfg(test)]
            Kernel::Sim(sim) => sim.lock().linux.release.to_owned(),
        }
    }
}

#[cfg(test)]
#[expect(clippy::print_stdout, reason = "a skip says why")]
mod tests {
    use super::*;

    #[test]
    fn a_message_to_what_is_no_ring_is_an_error() {
        let eventfd = Kernel::Linux.eventfd().unwrap();
        if let Err(refused) = Kernel::Linux.ring(&Setup::default()) {
            return println!("skipped: {}", refused.error);
        }
        // EBADFD, and EINVAL of a kernel that knows no messages.
        let error = Kernel::Linux.message(eventfd.raw_fd(), 0).unwrap_err();
        let errno = error.raw_os_error();
        assert!(
            matches!(errno, Some(libc::EBADFD | libc::EINVAL)),
            "{error}"
        );
    }
}
