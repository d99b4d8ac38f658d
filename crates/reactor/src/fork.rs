//! Noticing that this process is a child of the one that built the reactor.
//!
//! The child has copies of the descriptors, but the ring's memory is not mapped there, and whatever it did to the
//! shared ring, epoll set or eventfd would be done to the parent's. So it touches none of them: it builds its own
//! in its first turn, and asks for every arm again.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::backend::kernel::Kernel;

/// The process that the kernel objects of a reactor belong to.
#[derive(Debug)]
pub(crate) struct Process {
    token: AtomicU64,
    kernel: Kernel,
}

impl Process {
    pub(crate) fn current(kernel: &Kernel) -> Process {
        Process {
            token: AtomicU64::new(kernel.process_token()),
            kernel: kernel.clone(),
        }
    }

    /// Whether the objects belong to a parent of this process.
    pub(crate) fn is_parent(&self) -> bool {
        // Relaxed: only a fork changes the other side, and a child begins with a single thread.
        self.token.load(Ordering::Relaxed) != self.kernel.process_token()
    }

    /// The objects were built anew, here.
    pub(crate) fn adopt(&self) {
        self.token
            .store(self.kernel.process_token(), Ordering::Relaxed);
    }
}
