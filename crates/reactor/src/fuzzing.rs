//! What the fuzz targets of `fuzz/` call: pure parts, driven by bytes and checked against models. Only with
//! `--cfg fuzzing`, which no user of the crate sets.

use std::sync::Arc;
use std::task::Waker;

use crate::backend::{Arm, Completion, Outcome, Route};
use crate::interest::{Direction, Interest, Ready};
use crate::readiness::Readiness;
use crate::sources::{Sources, Waiting};
use crate::timers::{TimerKey, Timers};
use crate::token::{Token, UserData};
use crate::wake_batch::WakeBatch;

/// Any word is taken apart without a panic, and a word that was packed comes back whole.
pub fn token(data: &[u8]) {
    let Some(word) = data.first_chunk().copied().map(u64::from_le_bytes) else {
        return;
    };
    match UserData::unpack(word) {
        UserData::Source(token) => {
            assert_eq!(UserData::unpack(token.pack()), UserData::Source(token));
        }
        UserData::Removal(token) => {
            let word = token.pack_removal();
            assert_eq!(UserData::unpack(word), UserData::Removal(token));
        }
        UserData::Internal(internal) => {
            let word = internal.pack();
            assert_eq!(UserData::unpack(word), UserData::Internal(internal));
        }
    }
}

/// Timers are inserted, removed and expired as the bytes say, beside a list that does the same naively.
pub fn timers(data: &[u8]) {
    let (mut timers, mut wakes) = (Timers::default(), WakeBatch::default());
    let mut model: Vec<(TimerKey, Option<u64>)> = Vec::new();
    for [kind, low, high] in data.as_chunks().0 {
        let value = u64::from(u16::from_le_bytes([*low, *high]));
        match kind % 4 {
            0 | 1 => {
                // Few different deadlines, so that many are equal; and the one that never comes.
                let deadline = if value == 0xffff {
                    u64::MAX
                } else {
                    value % 512
                };
                let Ok((key, _)) = timers.insert(deadline, Waker::noop().clone()) else {
                    return;
                };
                model.push((key, Some(deadline)));
            }
            2 if !model.is_empty() => {
                let index = usize::try_from(value).unwrap_or(0) % model.len();
                let (key, pending) = model.swap_remove(index);
                assert_eq!(timers.remove(key).is_some(), pending.is_some());
            }
            _ => {
                let now = value % 512;
                timers.expire(now, &mut wakes);
                for (key, deadline) in &mut model {
                    let is_due = deadline.take_if(|deadline| *deadline <= now).is_some();
                    assert!(!is_due || timers.has_fired(key));
                }
                wakes.wake_all();
            }
        }
        timers.verify();
        assert_eq!(timers.len(), model.len());
        let pending = model.iter().filter_map(|(_, deadline)| *deadline);
        let earliest = pending.min().filter(|deadline| *deadline != u64::MAX);
        assert_eq!(timers.next_deadline(), earliest);
    }
}

/// Registrations come and go, wait and are completed as the bytes say, by a backend that owes what was armed and also
/// answers for registrations that are gone. The invariants I1 to I4 hold after each step.
pub fn dispatch(data: &[u8]) {
    let mut world = World::default();
    for [kind, which, what] in data.as_chunks().0 {
        world.step(*kind, usize::from(*which), *what);
        world.wakes.wake_all();
        let owed = &world.owed;
        world.sources.verify(|token| owed.contains(&token));
    }
}

#[derive(Default)]
struct World {
    sources: Sources,
    live: Vec<Live>,
    /// What was armed and is not completed.
    owed: Vec<Token>,
    wakes: WakeBatch,
}

struct Live {
    slot: u32,
    readiness: Arc<Readiness>,
    /// The waits of futures.
    keys: Vec<u64>,
}

/// Registrations at a time.
const LIVE_MAX: usize = 8;

impl World {
    fn step(&mut self, kind: u8, which: usize, what: u8) {
        match kind % 8 {
            0 => self.register(what),
            1 | 2 => self.wait(which, what),
            3 => self.arm(),
            4 => self.complete(which, what),
            5 => self.complete_what_is_gone(which, what),
            6 => self.leave(which, what),
            _ => {
                self.owed.clear();
                self.sources.rearm_all(what & 1 != 0, &mut self.wakes);
            }
        }
    }

    fn register(&mut self, what: u8) {
        if self.live.len() == LIVE_MAX {
            return;
        }
        let readiness = Arc::new(Readiness::new());
        let shared = Arc::clone(&readiness);
        let Ok(slot) = self
            .sources
            .register(i32::from(what), interest(what), shared)
        else {
            return;
        };
        self.live.push(Live {
            slot,
            readiness,
            keys: Vec::new(),
        });
    }

    fn wait(&mut self, which: usize, what: u8) {
        let count = self.live.len().max(1);
        let Some(live) = self.live.get_mut(which % count) else {
            return;
        };
        let waker = Waker::noop().clone();
        if what & 0x80 != 0 {
            let direction = [Direction::Read, Direction::Write][usize::from(what & 1)];
            drop(
                self.sources
                    .wait(live.slot, Waiting::Poller(direction), waker),
            );
            return;
        }
        let mut key = None;
        let waiting = Waiting::Future(interest(what), &mut key);
        let waited = self.sources.wait(live.slot, waiting, waker);
        assert_eq!(waited.ready.is_some(), key.is_none());
        live.keys.extend(key);
    }

    fn arm(&mut self) {
        let (mut arms, mut disarms) = (Vec::new(), Vec::new());
        self.sources.take_changes(&mut arms, &mut disarms);
        for Arm { token, .. } in arms {
            assert!(!self.owed.contains(&token), "I1: {token:?} is armed twice");
            self.owed.push(token);
        }
    }

    fn complete(&mut self, which: usize, what: u8) {
        if self.owed.is_empty() {
            return;
        }
        let index = which % self.owed.len();
        let token = self.owed[index];
        let (outcome, more) = outcome(what);
        if !more {
            self.owed.swap_remove(index);
        }
        let completion = Completion {
            token,
            outcome,
            more,
        };
        let is_live = self.sources.complete(completion, 1, &mut self.wakes);
        assert!(is_live, "what is removed is owed no more");
    }

    /// A generation that no registration has yet, and a slot that one may have.
    fn complete_what_is_gone(&mut self, which: usize, what: u8) {
        let (outcome, more) = outcome(what);
        let token = Token {
            slot: u32::from(what),
            generation: u32::MAX - u32::try_from(which).unwrap_or(0),
            direction: Direction::from_index(u64::from(what & 7)),
        };
        let completion = Completion {
            token,
            outcome,
            more,
        };
        let is_live = self.sources.complete(completion, 1, &mut self.wakes);
        assert!(
            !is_live && self.wakes.is_empty(),
            "{token:?} reached somebody"
        );
    }

    /// Takes back a wait, a readiness, or the registration.
    fn leave(&mut self, which: usize, what: u8) {
        if self.live.is_empty() {
            return;
        }
        let index = which % self.live.len();
        let live = &mut self.live[index];
        match what % 4 {
            0 => {
                let Live { slot, .. } = self.live.swap_remove(index);
                let disarm = self.sources.remove(slot).disarm;
                // As a backend does it: nothing is owed when it returns.
                self.owed.retain(|token| {
                    (token.slot, token.generation) != (disarm.slot, disarm.generation)
                });
            }
            1 => live.readiness.clear(live.readiness.event(), Ready::ALL),
            _ => {
                if let Some(key) = live.keys.pop() {
                    drop(self.sources.forget(live.slot, key));
                }
            }
        }
    }
}

/// Never empty.
fn interest(what: u8) -> Interest {
    let all = [
        Interest::READABLE,
        Interest::WRITABLE,
        Interest::PRIORITY,
        Interest::ERROR,
    ];
    let chosen = all
        .into_iter()
        .enumerate()
        .filter(|(bit, _)| what >> bit & 1 != 0)
        .map(|(_, interest)| interest);
    chosen.reduce(Interest::add).unwrap_or(Interest::READABLE)
}

fn outcome(what: u8) -> (Outcome, bool) {
    match what {
        0xff => (Outcome::Failed(libc::EBADF), false),
        0xfe => (Outcome::Refused(libc::EMFILE), false),
        0xfd => (Outcome::Moved(Route::Epoll), true),
        0xfc => (Outcome::Moved(Route::AlwaysReady), true),
        // IN, PRI, OUT, ERR, HUP in the low bits.
        mask => (Outcome::Ready(u32::from(mask & 0x1f)), mask & 0x80 != 0),
    }
}
