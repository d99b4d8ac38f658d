//! What will happen when.

use std::collections::BTreeMap;

use super::files::FileId;
use super::{Sim, State};

/// Something that the world or another thread does. It runs without the kernel's lock, and may call it.
pub(crate) type Deed = Box<dyn FnOnce() + Send>;

pub(super) enum Event {
    Deed(Deed),
    /// A signal for the loop's thread.
    Signal,
    /// The timerfd's time has come, if it is still set to it.
    Timer(FileId),
    /// A ring that was closed is torn down.
    Teardown(usize),
}

/// Events by time, and by order of entry where that is equal.
#[derive(Default)]
pub(super) struct Agenda {
    events: BTreeMap<(u64, u64), Event>,
    entered: u64,
}

/// What one step of a sleep came to.
pub(super) enum Step {
    /// Time has moved, and something has happened.
    Happened,
    Interrupted,
    TimedOut,
    /// Nothing will ever happen.
    Hung,
}

impl Sim {
    /// Lets `deed` happen at that time, or at the next call that comes later.
    pub(crate) fn at(&self, at_ns: u64, deed: Deed) {
        self.lock().enter(at_ns, Event::Deed(deed));
    }

    /// Lets a signal arrive at that time: it ends a sleep.
    pub(crate) fn signal_at(&self, at_ns: u64) {
        self.lock().enter(at_ns, Event::Signal);
    }

    /// Lets another thread do this after the next wait has made up its answer, and before it returns.
    pub(crate) fn at_exit(&self, deed: Deed) {
        self.lock().at_exit.push(deed);
    }

    /// Gives up what the world has not done yet. It holds this kernel, which would otherwise keep itself.
    pub(crate) fn forget_deeds(&self) {
        let is_deed = |_: &(u64, u64), event: &mut Event| matches!(event, Event::Deed(_));
        let mut state = self.lock();
        let events = state.agenda.events.extract_if(.., is_deed);
        let deeds: (Vec<_>, Vec<_>) = (events.collect(), std::mem::take(&mut state.at_exit));
        drop(state);
        drop(deeds);
    }

    /// What a call does first: time passes, and what is due happens.
    pub(super) fn begin_call(&self) {
        let mut state = self.lock();
        state.now_ns += super::CALL_NS;
        state.calls += 1;
        let calls = state.calls;
        drop(state);
        assert!(
            calls < super::MOST_CALLS,
            "{calls} system calls in one step"
        );
        loop {
            let due = self.lock().take_due();
            match due {
                Some(event) => self.happen(event),
                None => return,
            }
        }
    }

    pub(super) fn end_call(&self) {
        loop {
            let deed = self.lock().at_exit.pop();
            match deed {
                Some(deed) => deed(),
                None => return,
            }
        }
    }

    /// Lets everything happen whose time has come.
    pub(crate) fn settle(&self) {
        self.begin_call();
    }

    /// One step of a sleep that may last until then.
    pub(super) fn sleep_step(&self, until_ns: Option<u64>) -> Step {
        let mut state = self.lock();
        let next = state.agenda.events.first_key_value().map(|(key, _)| key.0);
        let end = next.into_iter().chain(until_ns).min();
        state.judge_end(end);
        let Some(end) = end else {
            state.hung = true;
            return Step::Hung;
        };
        state.now_ns = state.now_ns.max(end);
        let Some(event) = state.take_due() else {
            return Step::TimedOut;
        };
        drop(state);
        if matches!(event, Event::Signal) {
            return Step::Interrupted;
        }
        self.happen(event);
        Step::Happened
    }

    fn happen(&self, event: Event) {
        match event {
            Event::Deed(deed) => deed(),
            Event::Timer(file) => self.lock().fire_timer(file),
            Event::Teardown(ring) => self.lock().tear_down(ring),
            // Outside of a sleep it ends nothing.
            Event::Signal => {}
        }
    }
}

impl State {
    pub(super) fn enter(&mut self, at_ns: u64, event: Event) {
        let entered = self.agenda.entered;
        self.agenda.entered += 1;
        self.agenda.events.insert((at_ns, entered), event);
    }

    fn take_due(&mut self) -> Option<Event> {
        let first = self.agenda.events.first_entry()?;
        (first.key().0 <= self.now_ns).then(|| first.remove())
    }
}
