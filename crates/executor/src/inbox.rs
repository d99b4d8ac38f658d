//! What other threads have for the home thread.

use std::mem;

use crate::sync::{AtomicBool, Mutex, Ordering};
use crate::task::TaskRef;

/// Tasks woken or spawned from other threads, in the order of arrival.
///
/// No lost wake: an entry is pushed before the unparker is woken, the unparker is woken whenever the inbox was
/// empty, and the home thread looks here after each return of `park`. So an entry is either seen before the home
/// thread sleeps, or its unparker's wake ends the sleep.
#[derive(Debug)]
pub(crate) struct Inbox<T = TaskRef> {
    /// Whether there are entries. Written under the lock, read without it.
    filled: AtomicBool,
    contents: Mutex<Contents<T>>,
}

#[derive(Debug)]
struct Contents<T> {
    entries: Vec<T>,
    closed: bool,
}

impl<T> Default for Inbox<T> {
    fn default() -> Self {
        let contents = Contents {
            entries: Vec::new(),
            closed: false,
        };
        Self {
            filled: AtomicBool::new(false),
            contents: Mutex::new(contents),
        }
    }
}

/// What is left to do after a push.
#[derive(Debug)]
#[must_use]
pub(crate) enum Pushed<T = TaskRef> {
    /// The home thread may be asleep and know nothing of this: wake the unparker.
    First,
    /// Somebody else has woken, or is about to wake, the unparker.
    Another,
    /// The executor was shut down; the entry is given back.
    Closed(T),
}

impl<T> Inbox<T> {
    /// Appends an entry. The caller wakes the unparker afterwards, when the lock is free again.
    pub(crate) fn push(&self, task: T) -> Pushed<T> {
        let mut contents = self.contents.lock();
        if contents.closed {
            return Pushed::Closed(task);
        }
        contents.entries.push(task);
        if contents.entries.len() > 1 {
            return Pushed::Another;
        }
        // Release, with the Acquire in `is_filled`: whoever reads true finds the entry (the lock says so too).
        self.filled.store(true, Ordering::Release);
        Pushed::First
    }

    /// Whether there are entries. A push that races with this is announced by the unparker.
    #[inline]
    pub(crate) fn is_filled(&self) -> bool {
        // Acquire: see `push`.
        self.filled.load(Ordering::Acquire)
    }

    /// Exchanges the entries for the empty `batch`, whose capacity is used again.
    pub(crate) fn take(&self, batch: &mut Vec<T>) {
        debug_assert!(batch.is_empty());
        let mut contents = self.contents.lock();
        mem::swap(&mut contents.entries, batch);
        // Relaxed: publishes nothing; the next `push` is ordered after it by the lock.
        self.filled.store(false, Ordering::Relaxed);
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.contents.lock().entries.len()
    }

    /// Refuses entries from now on.
    pub(crate) fn close(&self) {
        self.contents.lock().closed = true;
    }
}
