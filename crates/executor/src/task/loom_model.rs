//! The way of a wake from another thread, in every order that the memory model allows: `State::notify`, the inbox, the
//! unparker, and the home thread that sleeps, drains and polls. `cargo xtask loom`.

use std::sync::Arc as StdArc;

use loom::sync::atomic::AtomicUsize;
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use super::state::{Detach, Notify, State};
use crate::inbox::{Inbox, Pushed};
use crate::sync::Ordering::{AcqRel, Relaxed};

/// What the unparker is of a driver: sets a token, which ends the sleep.
#[derive(Default)]
struct Parker {
    token: Mutex<bool>,
    changed: Condvar,
}

impl Parker {
    fn unpark(&self) {
        *self.token.lock().unwrap() = true;
        self.changed.notify_one();
    }

    /// Returns when the token is there, and takes it. Where it never comes, loom reports the deadlock.
    fn park(&self) {
        let mut token = self.token.lock().unwrap();
        while !*token {
            token = self.changed.wait(token).unwrap();
        }
        *token = false;
    }
}

/// One task, its executor's shared part, and what its wakers leave for the poll to see.
struct World {
    state: State,
    inbox: Inbox<()>,
    parker: Parker,
    /// One word of each waker, published by nothing but the wake.
    left: [AtomicUsize; 2],
}

impl World {
    fn new() -> Arc<World> {
        Arc::new(World {
            state: State::new(),
            inbox: Inbox::default(),
            parker: Parker::default(),
            left: [AtomicUsize::new(0), AtomicUsize::new(0)],
        })
    }

    /// As `TaskRef::notify`.
    fn wake(&self, abort: bool) {
        if self.state.notify(abort) == Notify::Nothing {
            return;
        }
        match self.inbox.push(()) {
            Pushed::First => self.parker.unpark(),
            Pushed::Another | Pushed::Closed(()) => {}
        }
    }

    /// As `Executor::drain_inbox` and `TaskRef::arrive`. Says whether the task is to be polled.
    fn drain(&self) -> bool {
        let mut batch = Vec::new();
        if self.inbox.is_filled() {
            self.inbox.take(&mut batch);
        }
        for () in &batch {
            assert!(!self.state.leave_inbox_and_release(), "the owner has one");
        }
        assert!(batch.len() <= 1, "T7: an entry at most");
        !batch.is_empty()
    }

    /// What a poll finds.
    fn seen(&self) -> usize {
        self.left.iter().map(|word| word.load(Relaxed)).sum()
    }
}

#[test]
fn loom_no_wake_of_two_threads_is_lost_and_the_poll_sees_what_was_done_before_it() {
    loom::model(|| {
        let world = World::new();
        for waker in 0..2 {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                world.left[waker].store(1, Relaxed);
                world.wake(false);
            });
        }
        // Ends only if each of the two wakes is followed by a poll that sees what came before it.
        loop {
            if world.drain() && world.seen() == 2 {
                break;
            }
            world.parker.park();
        }
    });
}

#[test]
fn loom_an_abort_beside_a_wake_reaches_the_task() {
    loom::model(|| {
        let world = World::new();
        let waking = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.wake(false))
        };
        let aborting = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.wake(true))
        };
        loop {
            if world.drain() && world.state.load().is_aborted() {
                break;
            }
            world.parker.park();
        }
        waking.join().unwrap();
        aborting.join().unwrap();
    });
}

#[test]
fn loom_a_task_that_completes_while_it_is_woken_ends_once() {
    loom::model(|| {
        let world = World::new();
        let ends = StdArc::new(std::sync::atomic::AtomicUsize::new(0));
        let end = |ends: &StdArc<std::sync::atomic::AtomicUsize>| ends.fetch_add(1, AcqRel);
        // A waker of the task, with a reference of its own.
        world.state.add_reference();
        let waking = {
            let (world, ends) = (Arc::clone(&world), StdArc::clone(&ends));
            thread::spawn(move || {
                world.wake(false);
                if world.state.release() {
                    ends.fetch_add(1, AcqRel);
                }
            })
        };
        // The join handle goes away on another thread.
        let detaching = {
            let (world, ends) = (Arc::clone(&world), StdArc::clone(&ends));
            thread::spawn(move || {
                let is_last = match world.state.detach() {
                    Detach::Done => false,
                    Detach::Last => true,
                    Detach::OwnsOutput => world.state.release(),
                };
                if is_last {
                    ends.fetch_add(1, AcqRel);
                }
            })
        };
        let mut seen = world.state.load();
        let is_last = loop {
            match world.state.complete(seen, true) {
                Ok(is_last) => break is_last,
                Err(now) => seen = now,
            }
        };
        if is_last {
            end(&ends);
        }
        waking.join().unwrap();
        detaching.join().unwrap();
        // An entry that came before the completion, as the drain releases it.
        let mut batch = Vec::new();
        world.inbox.take(&mut batch);
        for () in batch {
            if world.state.leave_inbox_and_release() {
                end(&ends);
            }
        }
        assert_eq!(
            ends.load(Relaxed),
            1,
            "the cell is ended by its last reference"
        );
    });
}
