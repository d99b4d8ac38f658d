//! A kernel for tests: rings, epoll sets, timers and files in one deterministic value, answering from a seed.
//!
//! It stands in at the level of requests and completions, and does what the real one does on purpose, seldom, or
//! only before some version: defers completions, reorders them across files, reports a part of what is true, or
//! what is not true any more; takes a part of a batch; is out of memory; loses completions where NODROP is
//! missing; reports RDHUP unasked; gives a closed number to the next file. It never duplicates a completion and
//! never drops one that it owes, as the real one does not.
//!
//! Time is virtual: it moves when a call sleeps, to whatever happens next. What the world does at a given time is
//! a closure in the agenda, so another thread can act in the middle of a sleep. A sleep that nothing would end is
//! ended and remembered: [`Sim::is_hung`].
//!
//! Nothing depends on addresses, real numbers or hash order, so a seed gives the same run each time.

pub(crate) mod agenda;
mod enter;
mod epoll;
pub(crate) mod faults;
pub(crate) mod files;
pub(crate) mod linux;
mod numbers;
mod objects;
mod polls;
mod ring;
pub(crate) mod rng;
pub(crate) mod socket;
pub(crate) mod watch;

pub(crate) use objects::{Duplicate, Epoll, EventFd, Ring, SimFile, TimerFd};

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};

use crate::clock::Instant;
use agenda::Agenda;
use epoll::EpollState;
use faults::Faults;
use files::{File, FileId};
use linux::Linux;
use numbers::Numbers;
use ring::RingState;
use rng::Rng;
use watch::Watch;

/// More calls than these in one step of a program are a loop without an end.
const MOST_CALLS: u32 = 50_000;

/// What a system call takes, so that a loop which never sleeps meets its deadlines all the same.
const CALL_NS: u64 = 100;

/// A simulated kernel. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Sim(Arc<Mutex<State>>);

impl fmt::Debug for Sim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sim").finish_non_exhaustive()
    }
}

pub(crate) struct State {
    pub(crate) rng: Rng,
    /// Which Linux it is like.
    pub(crate) linux: Linux,
    pub(crate) faults: Faults,
    /// Time zero.
    epoch: Instant,
    pub(crate) now_ns: u64,
    /// Grows by one with each fork; the running process is always the youngest.
    process: u64,
    numbers: Numbers,
    /// By identity; never used again, unlike numbers.
    files: Vec<File>,
    /// Files that took a number which was closed behind its owner's back.
    foreign: Vec<FileId>,
    rings: Vec<RingState>,
    epolls: Vec<EpollState>,
    agenda: Agenda,
    /// What another thread does just before the next wait returns.
    at_exit: Vec<agenda::Deed>,
    /// A buffer of one wake-up.
    scratch: Vec<(usize, usize)>,
    /// Counts changes of any file's level.
    change: u64,
    /// What the program's tasks wait for, to be judged at each sleep.
    pub(crate) watch: Watch,
    /// The last sleep had nothing to end it.
    hung: bool,
    /// Calls since the counter was last reset.
    pub(crate) calls: u32,
    /// Calls that would have blocked, since the counter was last reset.
    pub(crate) blocked: u32,
    /// The first thing that no kernel should see.
    complaint: Option<String>,
}

impl Sim {
    pub(crate) fn new(seed: u64, linux: Linux, faults: Faults) -> Sim {
        Sim(Arc::new(Mutex::new(State {
            rng: Rng::new(seed),
            linux,
            faults,
            epoch: Instant::system_now(),
            now_ns: 0,
            process: 1,
            numbers: Numbers::new(),
            files: Vec::new(),
            foreign: Vec::new(),
            rings: Vec::new(),
            epolls: Vec::new(),
            agenda: Agenda::default(),
            at_exit: Vec::new(),
            scratch: Vec::new(),
            change: 0,
            watch: Watch::default(),
            hung: false,
            calls: 0,
            blocked: 0,
            complaint: None,
        })))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }

    pub(crate) fn now(&self) -> Instant {
        let state = self.lock();
        state.epoch + Duration::from_nanos(state.now_ns)
    }

    /// Lets time pass without anything happening in it.
    pub(crate) fn pause(&self, time: Duration) {
        self.lock().now_ns += nanos(time);
    }

    pub(crate) fn process_token(&self) -> u64 {
        self.lock().process
    }

    /// From here on the caller is the child: it has copies of the numbers, and nothing of the rings' memory.
    pub(crate) fn fork(&self) {
        let mut state = self.lock();
        state.process += 1;
        for file in state.numbers.files() {
            state.files[file.0].holders += 1;
        }
    }

    /// A healthy kernel of the newest kind.
    pub(crate) fn healthy() -> Sim {
        Sim::new(1, Linux::V6_18, Faults::none())
    }

    /// Whether the last sleep would never have ended. Asking resets it.
    pub(crate) fn is_hung(&self) -> bool {
        std::mem::take(&mut self.lock().hung)
    }

    /// The first wrong thing that was seen. Asking resets it.
    pub(crate) fn complaint(&self) -> Option<String> {
        self.lock().complaint.take()
    }
}

impl State {
    pub(crate) fn complain(&mut self, what: impl FnOnce() -> String) {
        if self.complaint.is_none() {
            self.complaint = Some(what());
        }
    }

    /// Nanoseconds from time zero.
    pub(crate) fn ns(&self, instant: Instant) -> u64 {
        nanos(instant.duration_since(self.epoch))
    }
}

pub(crate) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX / 2)
}

fn errno(number: i32) -> std::io::Error {
    std::io::Error::from_raw_os_error(number)
}
