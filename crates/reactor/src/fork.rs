//! Noticing that this process is a child of the one that built the reactor.
//!
//! The child has copies of the descriptors, but the ring's memory is not mapped there, and whatever it did to the
//! shared ring, epoll set or eventfd would be done to the parent's. So it touches none of them: it builds its own
//! in its first turn, and asks for every arm again.

use std::sync::atomic::{AtomicU64, Ordering};

use uring_sys::identity::process_token;

/// The process that the kernel objects of a reactor belong to.
#[derive(Debug)]
pub(crate) struct Process(AtomicU64);

impl Process {
    pub(crate) fn current() -> Process {
        Process(AtomicU64::new(process_token()))
    }

    /// Whether the objects belong to a parent of this process.
    pub(crate) fn is_parent(&self) -> bool {
        // Relaxed: only a fork changes the other side, and a child begins with a single thread.
        self.0.load(Ordering::Relaxed) != process_token()
    }

    /// The objects were built anew, here.
    pub(crate) fn adopt(&self) {
        self.0.store(process_token(), Ordering::Relaxed);
    }
}
