//! What the program's tasks wait for, so that the kernel can say when a sleep begins that must not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Wake;

use slab::Slab;

use super::State;
use super::files::FileId;
use crate::interest::Interest;

/// Whether a task has been woken since it was last polled.
#[derive(Debug, Default)]
pub(crate) struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Flag {
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Awaited {
    /// A task waits for one of these of a file.
    File(FileId, Interest),
    /// A task waits for this time.
    Deadline(u64),
    /// The loop has been asked to come round, and who asked waits for it.
    Notice,
}

#[derive(Debug)]
struct Waiting {
    awaited: Awaited,
    flag: Arc<Flag>,
}

/// Everything that is waited for.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    waiting: Slab<Waiting>,
    /// When the turn that runs began.
    turn_began_ns: u64,
    /// How long it may sleep.
    limit_ns: Option<u64>,
}

/// How late a sleep may end after a deadline, for what a few calls take.
const SLACK_NS: u64 = 20_000;

impl State {
    /// Enlists a wait, which is judged until the flag is set or it is taken back.
    pub(crate) fn await_it(&mut self, awaited: Awaited, flag: Arc<Flag>) -> usize {
        self.watch.waiting.insert(Waiting { awaited, flag })
    }

    pub(crate) fn unawait(&mut self, key: usize) {
        self.watch.waiting.remove(key);
    }

    pub(crate) fn begin_turn(&mut self, limit_ns: Option<u64>) {
        self.watch.turn_began_ns = self.now_ns;
        self.watch.limit_ns = limit_ns;
    }

    fn unwoken(&self) -> impl Iterator<Item = Awaited> {
        let waiting = self.watch.waiting.iter();
        waiting.filter_map(|(_, waiting)| (!waiting.flag.is_set()).then_some(waiting.awaited))
    }

    /// A sleep begins, or goes on after something has happened: nobody may be waiting for what is there.
    pub(super) fn judge_sleep(&mut self) {
        let wrong = self.unwoken().find(|awaited| match awaited {
            Awaited::File(file, interest) => interest
                .directions()
                .any(|direction| self.is_usable(*file, direction)),
            Awaited::Deadline(_) => false,
            Awaited::Notice => true,
        });
        if let Some(awaited) = wrong {
            self.complain(|| format!("asleep, while there is {awaited:?}"));
        }
    }

    /// A sleep goes on until then: no deadline may be passed over. `None`: for ever.
    pub(super) fn judge_end(&mut self, end_ns: Option<u64>) {
        let now_ns = self.now_ns;
        let deadlines = self.unwoken().filter_map(|awaited| match awaited {
            Awaited::Deadline(at_ns) => Some(at_ns),
            Awaited::File(..) | Awaited::Notice => None,
        });
        let first = deadlines.chain(self.watch.limit_ns).min();
        let Some(first) = first else { return };
        if end_ns.is_none_or(|end_ns| first.max(now_ns) + SLACK_NS < end_ns) {
            self.complain(|| format!("asleep until {end_ns:?}, over the deadline {first}"));
        }
    }

    /// After a turn: whatever was due when it began has been woken.
    pub(crate) fn judge_turn(&mut self) {
        let began_ns = self.watch.turn_began_ns;
        let late = self
            .unwoken()
            .find(|awaited| matches!(awaited, Awaited::Deadline(at_ns) if *at_ns < began_ns));
        if let Some(late) = late {
            self.complain(|| format!("a turn that began at {began_ns} passes over {late:?}"));
        }
        self.watch.limit_ns = None;
    }
}
