//! How often the kernel is in trouble.

use super::State;

/// Each field is how often, in 4096 occasions.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Faults {
    /// An enter or epoll_wait that would sleep meets a signal.
    pub(crate) interrupt: u16,
    /// No memory for a request: the batch ends there, with EAGAIN when it is the first.
    pub(crate) again: u16,
    /// An enter answers EBUSY or ENOMEM before it does anything.
    pub(crate) busy: u16,
    /// A poll request completes with ENOMEM or EAGAIN.
    pub(crate) poll_memory: u16,
    /// A poll request completes with ECANCELED though nobody has cancelled it.
    pub(crate) poll_cancelled: u16,
    /// A poll request is refused with EINVAL, EOPNOTSUPP or EACCES.
    pub(crate) poll_refused: u16,
    /// A setup meets the memory limit.
    pub(crate) setup_memory: u16,
    /// A new descriptor is refused with EMFILE.
    pub(crate) no_number: u16,
    /// An epoll_ctl is refused with ENOMEM.
    pub(crate) epoll_memory: u16,
    /// Deferred work is run only in part.
    pub(crate) sluggish: u16,
    /// A completion comes before those that were ready earlier.
    pub(crate) reorder: u16,
    /// A wake-up says what woke it, so the completion may be partial or stale.
    pub(crate) keyed: u16,
}

impl Faults {
    /// What a healthy kernel does, at all times.
    pub(crate) fn none() -> Faults {
        Faults {
            reorder: 1024,
            keyed: 2048,
            ..Faults::default()
        }
    }
}

impl State {
    pub(super) fn strikes(&mut self, rate: impl Fn(&Faults) -> u16) -> bool {
        let rate = rate(&self.faults);
        rate != 0 && self.rng.next() % 4096 < u64::from(rate)
    }
}
