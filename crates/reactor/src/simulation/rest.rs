//! Turns; coming to rest; the end.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

use crate::backend::sim::faults::Faults;
use crate::backend::sim::files::FileId;
use crate::reactor::Turn;
use crate::simulation::judge::is_allowed;
use crate::simulation::naps::Nap;
use crate::simulation::program::Program;

/// Turns in a row that may pass without waking anybody, in a world that stands still.
const MOST_IDLE: u32 = 200;

/// And turns in all: tasks do a limited number of things.
const MOST_TURNS: u32 = 3000;

impl Program {
    /// One turn, judged. Says whether it has slept for ever.
    pub(super) fn turn(&mut self, turn: Turn) -> bool {
        let mut state = self.sim.lock();
        let limit_ns = match turn {
            Turn::WaitUntil(limit) if !self.plan.plays_with_time => Some(state.ns(limit)),
            _ => None,
        };
        state.begin_turn(limit_ns);
        drop(state);
        // What is dropped in the middle of the turn is let go of by the next one.
        let owed = match self.arrivals.lock().away {
            0 => std::mem::take(&mut self.owed),
            _ => Vec::new(),
        };
        let done = if self.plan.embeds && turn == Turn::Wait {
            self.foreign_round()
        } else {
            self.reactor().turn(turn)
        };
        let is_hung = self.sim.is_hung();
        self.tell(|| {
            format!(
                "  it ends with {done:?}{}",
                if is_hung { ", hung" } else { "" }
            )
        });
        match done {
            Err(error) if is_allowed(&self.plan, &error) => return false,
            Err(error) => self.object(|| format!("the turn failed: {error}")),
            Ok(()) => {}
        }
        let builds = self.builds();
        self.lost_at.take_if(|lost_at| *lost_at != builds);
        let mut state = self.sim.lock();
        state.judge_turn();
        self.notices
            .lock()
            .drain(..)
            .for_each(|key| state.unawait(key));
        drop(state);
        for file in owed {
            self.check_let_go(file);
        }
        is_hung
    }

    /// As a foreign loop does: sleeps on the one fd, and has a turn when that is readable.
    fn foreign_round(&mut self) -> io::Result<()> {
        let has_work = self.tasks.iter().any(|task| task.flag.is_set());
        let may_sleep = self.reactor().foreign_sleep(has_work)?;
        let number = self.reactor().pollable()?.as_fd().as_raw_fd();
        if may_sleep {
            self.sim.poll(number);
        }
        self.reactor().foreign_turn()
    }

    /// A registration of `file` has ended, and its number is closed.
    pub(super) fn check_let_go(&mut self, file: FileId) {
        if self.plan.tampers && self.plan.has_threads {
            // The former owner of a number may have asked for this file, and be dropped elsewhere.
            return;
        }
        let arrivals = self.arrivals.lock();
        // A number that was given away may be asked for by its former registration: that request holds the new file.
        // A task that another thread has polled meanwhile, and that owns its registration, is still on its way back.
        let mut tasks = self.tasks.iter().chain(&arrivals.tasks);
        let is_used = self
            .connections
            .iter()
            .any(|other| other.file == file || other.is_lawless)
            || tasks.any(|task| task.file == file || task.is_lawless)
            || arrivals.away > 0;
        // With the ring gone there is nobody to take the request back from, until the next turn.
        if is_used
            || self.lost_at.is_some()
            || self.owed.contains(&file)
            || arrivals.owed.contains(&file)
        {
            return;
        }
        drop(arrivals);
        let state = self.sim.lock();
        let pins = state.pins(file);
        // An entry that was made by a number which has become another file's cannot be taken out by anybody while a
        // duplicate of that file is open.
        let listings = if self.plan.tampers {
            0
        } else {
            state.listings(file)
        };
        let is_open = !state.is_released(file);
        let requests = state.describe_requests(file) + &state.describe_entries(file);
        drop(state);
        if pins + listings > 0 {
            self.object(|| {
                format!("{pins} requests and {listings} entries are left of {file:?}: {requests}")
            });
        } else if is_open && !self.has_forked {
            self.object(|| format!("{file:?} was closed, and its peer does not see the end"));
        }
    }

    /// With a healthy kernel, and a world that does no more than it has announced, the loop comes to rest.
    pub(super) fn rest(&mut self) {
        self.tell(|| "rest".to_owned());
        self.sim.lock().faults = Faults::none();
        self.hold = None;
        let (mut idle, mut turns) = (0, 0);
        while idle < MOST_IDLE && turns < MOST_TURNS && self.wrong.is_none() {
            turns += 1;
            self.sim.lock().calls = 0;
            self.poll_all_woken();
            let is_hung = self.turn(Turn::Wait);
            self.take_over();
            let is_idle = !self.tasks.iter().any(|task| task.flag.is_set())
                && !self.naps.iter().any(Nap::is_woken);
            if is_hung && is_idle {
                break;
            }
            idle = if is_idle { idle + 1 } else { 0 };
        }
        if idle >= MOST_IDLE || turns >= MOST_TURNS {
            self.object(|| "the loop does not come to rest".to_owned());
        }
        self.sim.lock().faults = self.plan.faults;
    }

    fn poll_all_woken(&mut self) {
        while self.wrong.is_none()
            && let Some(at) = self.tasks.iter().position(|task| task.flag.is_set())
        {
            self.poll(at);
        }
        while self.wrong.is_none()
            && let Some(at) = self.naps.iter().position(Nap::is_woken)
        {
            self.poll_nap(at);
        }
    }

    /// Ends everything in one of two orders, and says what is left over.
    pub(super) fn finish(mut self) -> Result<u64, String> {
        self.rest();
        let digest = self.digest();
        if self.rng.one_in(2) {
            self.end_registrations();
        } else {
            self.end_reactor()?;
        }
        if let Some(wrong) = self.wrong.take() {
            return Err(wrong);
        }
        let sim = self.sim.clone();
        // A number that was given away may have become the ring's, which then waits for itself, and holds itself.
        let may_hold_itself = self.plan.tampers;
        drop(self);
        // A ring is torn down some time after it was closed.
        let mut state = sim.lock();
        state.now_ns += 10_000_000;
        drop(state);
        sim.settle();
        if let Some(complaint) = sim.complaint() {
            return Err(complaint);
        }
        let state = sim.lock();
        let has_requests = state.requests() > 0 && !may_hold_itself;
        if !state.open_files().is_empty() || has_requests {
            let open = state.open_files();
            return Err(format!(
                "left open: {open:?}, {} requests",
                state.requests()
            ));
        }
        Ok(digest)
    }

    fn end_registrations(&mut self) {
        self.sim.lock().faults = Faults::none();
        while let Some(task) = self.tasks.pop() {
            self.drop_task(task);
        }
        for mut nap in std::mem::take(&mut self.naps) {
            nap.unawait(&self.sim);
        }
        while !self.connections.is_empty() {
            self.drop_connection();
        }
        for _ in 0..3 {
            self.turn(Turn::Poll);
        }
        let metrics = self.handle.metrics();
        if (metrics.sources, metrics.timers) != (0, 0) {
            self.object(|| format!("left over: {metrics:?}"));
        }
        let left = self.sim.lock().user_requests();
        if left > 0 {
            self.object(|| format!("{left} requests are left over"));
        }
    }

    /// The reactor goes first: everybody is woken and told so.
    fn end_reactor(&mut self) -> Result<(), String> {
        let Some(reactor) = self.reactor_slot().take() else {
            return Ok(());
        };
        drop(reactor);
        for mut nap in std::mem::take(&mut self.naps) {
            nap.unawait(&self.sim);
            if !nap.is_woken() && !nap.is_elapsed() {
                return Err("a timer was not woken by the end".to_owned());
            }
        }
        for mut task in std::mem::take(&mut self.tasks) {
            if let Some(key) = task.awaited.take() {
                self.sim.lock().unawait(key);
                if !task.flag.is_set() {
                    return Err("a task was not woken by the end".to_owned());
                }
            }
            let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
            for _ in 0..2 {
                // The budget may have to run out first.
                if let std::task::Poll::Ready(ended) = task.work.as_mut().poll(&mut cx) {
                    drop(ended);
                    break;
                }
            }
        }
        self.connections.clear();
        Ok(())
    }

    /// What two runs of the same seed have to agree on.
    fn digest(&mut self) -> u64 {
        let metrics = self.handle.metrics();
        let state = self.sim.lock();
        let words = [
            state.now_ns,
            state.changes(),
            metrics.turns,
            metrics.enters,
            metrics.completions,
            metrics.stale_completions,
            metrics.arms,
            metrics.cancels,
            self.rng.next(),
        ];
        words.iter().fold(0, |digest: u64, word| {
            (digest.rotate_left(7) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        })
    }
}
