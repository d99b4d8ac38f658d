//! Who listens to which signal, in the whole process.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;

use parking_lot::Mutex;
use uring_sys::signal::{self, Previous};

use crate::unwind::survive;

/// Signals that somebody listens to. One handler serves them all: it marks the signal and makes one eventfd
/// readable, which every runtime with a listener polls. Whichever looks first tells the listeners of all.
static ENTRIES: Mutex<Vec<Entry>> = Mutex::new(Vec::new());

struct Entry {
    signum: i32,
    /// What the signal did before the first listener came.
    previous: Option<Previous>,
    listeners: Vec<Arc<Listener>>,
}

/// One receiver of one signal.
#[derive(Debug, Default)]
pub(crate) struct Listener {
    is_pending: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Listener {
    /// Whether the signal has come since this was last asked.
    pub(crate) fn take(&self) -> bool {
        self.is_pending.swap(false, Ordering::AcqRel)
    }

    /// Gives the waker that was there before, to be dropped by the caller.
    pub(crate) fn set_waker(&self, waker: Waker) -> Option<Waker> {
        self.waker.lock().replace(waker)
    }
}

pub(crate) fn add(signum: i32) -> io::Result<Arc<Listener>> {
    // What has come so far is for those who listen already.
    dispatch();
    let mut entries = ENTRIES.lock();
    let listener = Arc::new(Listener::default());
    if let Some(entry) = entries.iter_mut().find(|entry| entry.signum == signum) {
        entry.listeners.push(Arc::clone(&listener));
        return Ok(listener);
    }
    // One that came to earlier listeners, all of which were dropped before they looked, is nobody's.
    let _ = signal::take_pending(signum);
    let previous = Some(signal::install(signum)?);
    entries.push(Entry {
        signum,
        previous,
        listeners: vec![Arc::clone(&listener)],
    });
    Ok(listener)
}

/// With its last listener gone, a signal does again what it did before.
pub(crate) fn remove(signum: i32, listener: &Arc<Listener>) {
    let mut entries = ENTRIES.lock();
    let Some(index) = entries.iter().position(|entry| entry.signum == signum) else {
        return;
    };
    let entry = &mut entries[index];
    entry
        .listeners
        .retain(|other| !Arc::ptr_eq(other, listener));
    if entry.listeners.is_empty()
        && let Some(previous) = entries.swap_remove(index).previous
    {
        // It was installed with the same number, so the only error there is cannot be.
        let _ = signal::restore(signum, previous);
    }
}

/// Tells every listener whose signal has come.
pub(crate) fn dispatch() {
    let mut wakers = Vec::new();
    let entries = ENTRIES.lock();
    for entry in entries
        .iter()
        .filter(|entry| signal::take_pending(entry.signum))
    {
        for listener in &entry.listeners {
            listener.is_pending.store(true, Ordering::Release);
            wakers.extend(listener.waker.lock().take());
        }
    }
    drop(entries);
    // The signals are taken: one waker that panics must not keep the others from hearing of theirs.
    wakers
        .into_iter()
        .for_each(|waker| survive(|| waker.wake()));
}

#[cfg(test)]
mod tests {
    use std::task::Wake;
    use std::thread;

    use rustix::process::{Signal, getpid, kill_process};

    use super::*;

    #[test]
    fn a_waker_that_panics_does_not_keep_the_others_from_being_woken() {
        struct Bomb;
        impl Wake for Bomb {
            fn wake(self: Arc<Self>) {
                panic!("a waker that panics");
            }
        }
        struct Flag(AtomicBool);
        impl Wake for Flag {
            fn wake(self: Arc<Self>) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let (first, second) = (add(libc::SIGUSR2).unwrap(), add(libc::SIGUSR2).unwrap());
        let flag = Arc::new(Flag(AtomicBool::new(false)));
        assert!(first.set_waker(Arc::new(Bomb).into()).is_none());
        assert!(second.set_waker(flag.clone().into()).is_none());
        kill_process(getpid(), Signal::USR2).unwrap();
        // The handler may run on any thread.
        while !flag.0.load(Ordering::Relaxed) {
            dispatch();
            thread::yield_now();
        }
        remove(libc::SIGUSR2, &first);
        remove(libc::SIGUSR2, &second);
    }
}
