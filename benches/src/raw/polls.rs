//! Poll requests of io_uring: what our runtime builds on, and other ways to make them.

use std::io;
use std::os::fd::RawFd;

use uring_sys::abi::{
    IORING_SETUP_DEFER_TASKRUN, IORING_SETUP_NO_SQARRAY, IORING_SETUP_SINGLE_ISSUER,
    IORING_SETUP_SUBMIT_ALL, POLLERR, POLLHUP, POLLIN, POLLRDHUP,
};
use uring_sys::{Ring, Setup, Sqe};

use super::{Event, Poller, Reads};

/// How the ring is set up, and what is asked of it.
#[derive(Clone, Copy)]
pub(crate) struct Policy {
    /// The kernel handles completions when the loop asks for them, and not whenever the thread enters it.
    is_deferred: bool,
    /// The kernel finds the ring without a look at the table of descriptors.
    is_registered: bool,
    /// A request goes on after its first report.
    is_multishot: bool,
}

impl Policy {
    pub(super) const ONE_SHOT: Self = Self {
        is_deferred: true,
        is_registered: true,
        is_multishot: false,
    };
    pub(super) const PLAIN: Self = Self {
        is_deferred: false,
        ..Self::ONE_SHOT
    };
    pub(super) const UNREGISTERED: Self = Self {
        is_registered: false,
        ..Self::ONE_SHOT
    };
    pub(super) const MULTISHOT: Self = Self {
        is_multishot: true,
        ..Self::ONE_SHOT
    };

    fn setup_flags(self) -> u32 {
        let flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_NO_SQARRAY;
        if self.is_deferred {
            flags | IORING_SETUP_DEFER_TASKRUN
        } else {
            flags
        }
    }
}

/// Of what nobody waits for.
const IGNORED: u64 = u64::MAX - 1;

pub(super) struct Polls {
    ring: Ring,
    policy: Policy,
}

impl Polls {
    pub(super) fn new(policy: Policy) -> io::Result<Self> {
        let setup = Setup {
            entries: 1024,
            cq_entries: Some(4096),
            flags: policy.setup_flags(),
            ..Setup::default()
        };
        let mut ring = Ring::new(&setup).map_err(|refused| refused.error)?;
        if policy.is_registered {
            ring.register_ring_fd()?;
        }
        Ok(Self { ring, policy })
    }

    /// The next wait hands it to the kernel.
    fn push(&mut self, request: impl Fn() -> Sqe) -> io::Result<()> {
        if self.ring.push(request()).is_err() {
            self.ring.submit()?;
            self.ring.push(request()).map_err(io::Error::other)?;
        }
        Ok(())
    }
}

impl Poller for Polls {
    /// Looks at the level first, so nothing that came before is missed.
    fn watch(&mut self, fd: RawFd, key: u64) -> io::Result<()> {
        if self.policy.is_multishot {
            let request = || Sqe::poll_add_multi(fd, POLLIN | POLLRDHUP).with_user_data(key);
            return self.push(request);
        }
        self.push(|| Sqe::poll_add(fd, POLLIN).with_user_data(key))
    }

    fn wait(&mut self) -> io::Result<()> {
        match self.ring.submit_and_wait(1, None) {
            // Whoever traces a process interrupts it.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            waited => waited.map(drop),
        }
    }

    fn next(&mut self) -> Option<Event> {
        loop {
            let cqe = self.ring.pop()?;
            if cqe.user_data == IGNORED {
                continue;
            }
            let reads = if self.policy.is_multishot {
                let bits = cqe.result.cast_unsigned();
                Reads::after_edge(bits & (POLLRDHUP | POLLHUP | POLLERR) != 0)
            } else {
                Reads::Once
            };
            // If the request has failed, a read tells why.
            return Some(Event {
                key: cqe.user_data,
                reads,
                is_last: !cqe.more(),
            });
        }
    }

    fn keep(&mut self, fd: RawFd, event: &Event) -> io::Result<()> {
        if event.is_last {
            self.watch(fd, event.key)?;
        }
        Ok(())
    }

    /// A request holds the open file: without this the other end would not see it closed.
    fn forget(&mut self, event: &Event) -> io::Result<()> {
        if event.is_last {
            return Ok(());
        }
        self.push(|| Sqe::poll_remove(event.key).with_user_data(IGNORED))
    }
}
