//! The word on which a thread that parks and those that notify it agree. Nothing but atomics, so that loom can try every
//! order.

#[cfg(loom)]
use loom::sync::atomic::{AtomicU8, Ordering};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicU8, Ordering};

/// The loop's thread runs; it looks at everything shared before it sleeps.
const AWAKE: u8 = 0;
/// The loop's thread sleeps or is about to: only a write to the eventfd ends that.
const PARKED: u8 = 1;
/// Somebody has asked for attention since the loop last parked.
const NOTIFIED: u8 = 2;

/// The handshake between one thread that parks and many that notify.
///
/// N1: only the edge PARKED -> NOTIFIED ends a sleep by a system call. N2: `prepare_park` fails while NOTIFIED. So a
/// notification between the loop's last look and its sleep is never lost, and a storm of them costs one write.
#[derive(Debug)]
pub(super) struct Handshake(AtomicU8);

impl Default for Handshake {
    fn default() -> Handshake {
        Handshake(AtomicU8::new(AWAKE))
    }
}

impl Handshake {
    /// Whether the sleeper has to be reached, which is then up to the caller.
    #[must_use]
    pub(super) fn notify(&self) -> bool {
        // AcqRel: what the caller published before is visible to the loop, whose swap in `unpark` or
        // compare-exchange in `prepare_park` acquires it.
        self.0.swap(NOTIFIED, Ordering::AcqRel) == PARKED
    }

    #[must_use]
    pub(super) fn prepare_park(&self) -> bool {
        // Success AcqRel: what this thread has looked at is ordered before PARKED becomes visible.
        // Failure Acquire: the notifier's work is visible to the look that follows.
        let parked = self
            .0
            .compare_exchange(AWAKE, PARKED, Ordering::AcqRel, Ordering::Acquire)
            .is_ok();
        if !parked {
            self.0.swap(AWAKE, Ordering::AcqRel);
        }
        parked
    }

    pub(super) fn unpark(&self) -> bool {
        self.0.swap(AWAKE, Ordering::AcqRel) == NOTIFIED
    }

    pub(super) fn is_parked(&self) -> bool {
        // Relaxed: only this thread parks, and a notification that comes in between does what the caller wants.
        self.0.load(Ordering::Relaxed) == PARKED
    }

    pub(super) fn is_notified(&self) -> bool {
        self.0.load(Ordering::Acquire) == NOTIFIED
    }
}

#[cfg(all(test, loom))]
mod loom_model {
    use loom::sync::atomic::AtomicUsize;
    use loom::sync::{Arc, Condvar, Mutex};
    use loom::thread;

    use super::*;

    /// What an eventfd is to this: a counter that one waits for.
    #[derive(Default)]
    struct Counter {
        count: Mutex<usize>,
        changed: Condvar,
    }

    impl Counter {
        fn write(&self) {
            *self.count.lock().unwrap() += 1;
            self.changed.notify_one();
        }

        /// Returns when there is something. Where it never comes, loom reports the deadlock.
        fn wait(&self) {
            let mut count = self.count.lock().unwrap();
            while *count == 0 {
                count = self.changed.wait(count).unwrap();
            }
        }

        /// Says how many writes there were.
        fn drain(&self) -> usize {
            std::mem::take(&mut *self.count.lock().unwrap())
        }
    }

    #[derive(Default)]
    struct World {
        handshake: Handshake,
        eventfd: Counter,
    }

    /// Two threads leave something and notify; the loop looks, and sleeps when there is too little.
    #[test]
    fn loom_no_notification_is_lost_and_a_sleep_costs_one_write_at_most() {
        loom::model(|| {
            let world = Arc::new(World::default());
            let left = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
            for notifier in 0..2 {
                let (world, left) = (Arc::clone(&world), Arc::clone(&left));
                thread::spawn(move || {
                    // Relaxed: the handshake alone makes it visible.
                    left[notifier].store(1, Ordering::Relaxed);
                    if world.handshake.notify() {
                        world.eventfd.write();
                    }
                });
            }
            while left.iter().any(|word| word.load(Ordering::Relaxed) == 0) {
                if world.handshake.prepare_park() {
                    world.eventfd.wait();
                    world.handshake.unpark();
                    assert_eq!(world.eventfd.drain(), 1, "N1");
                }
            }
        });
    }

    /// The sleep is ended by something else, too: an event of an fd. Then a write may come late, and is drained by the
    /// next sleep, which is merely short.
    #[test]
    fn loom_an_event_that_ends_the_sleep_loses_no_notification() {
        loom::model(|| {
            let world = Arc::new(World::default());
            let left = Arc::new(AtomicUsize::new(0));
            let event = {
                let world = Arc::clone(&world);
                thread::spawn(move || world.eventfd.write())
            };
            {
                let (world, left) = (Arc::clone(&world), Arc::clone(&left));
                thread::spawn(move || {
                    left.store(1, Ordering::Relaxed);
                    if world.handshake.notify() {
                        world.eventfd.write();
                    }
                });
            }
            while left.load(Ordering::Relaxed) == 0 {
                if world.handshake.prepare_park() {
                    world.eventfd.wait();
                    world.handshake.unpark();
                    world.eventfd.drain();
                }
            }
            event.join().unwrap();
        });
    }
}
