//! Random programs on [`Timers`] beside a plain list of what each of them should do.

use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};

use proptest::prelude::*;
use proptest::sample::Index;

use super::super::{Tick, TimerKey, Timers};
use crate::wake_batch::WakeBatch;

/// What can be asked of the timers. An index chooses among those whose key is held, fired ones included.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Insert(Tick),
    Remove(Index),
    /// Another deadline, as `Sleep::reset` does it.
    Reset(Index, Tick),
    /// Another waker.
    Poll(Index),
    Expire(Tick),
    /// The time is that of the earliest deadline to the nanosecond, or one before.
    ExpireNext {
        early: bool,
    },
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let index = any::<Index>;
    let step = prop_oneof![
        6 => deadline().prop_map(Step::Insert),
        2 => index().prop_map(Step::Remove),
        3 => (index(), deadline()).prop_map(|(index, deadline)| Step::Reset(index, deadline)),
        1 => index().prop_map(Step::Poll),
        1 => (0_u64..1000).prop_map(Step::Expire),
        1 => any::<bool>().prop_map(|early| Step::ExpireNext { early }),
    ];
    prop::collection::vec(step, 1..300)
}

/// Many that are different, few that are equal, and those at the end of time.
fn deadline() -> impl Strategy<Value = Tick> {
    prop_oneof![8 => 0_u64..1000, 4 => 0_u64..10, 1 => Tick::MAX - 2..=Tick::MAX]
}

/// Runs the program, and then the end of the reactor. Panics where the two differ.
pub(super) fn run(steps: &[Step]) {
    let mut world = World::default();
    for step in steps {
        world.step(step);
        world.check();
    }
    world.close();
}

/// What the list knows of a timer.
struct Live {
    key: TimerKey,
    /// `None`: it has fired.
    deadline: Option<Tick>,
    /// Whom it wakes.
    waker: usize,
}

#[derive(Default)]
struct World {
    timers: Timers,
    wakes: WakeBatch,
    live: Vec<Live>,
    /// The numbers of the wakers that were woken, in their order.
    woken: Arc<Mutex<Vec<usize>>>,
    /// Wakers so far. Each has a number of its own.
    wakers: usize,
}

struct Numbered {
    number: usize,
    woken: Arc<Mutex<Vec<usize>>>,
}

impl Wake for Numbered {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.lock().unwrap().push(self.number);
    }
}

impl World {
    fn step(&mut self, step: &Step) {
        let chosen = |index: &Index| (!self.live.is_empty()).then(|| index.index(self.live.len()));
        match step {
            Step::Insert(deadline) => {
                let (number, waker) = self.waker();
                self.insert(*deadline, number, waker);
            }
            Step::Remove(index) => {
                if let Some(at) = chosen(index) {
                    self.remove(at);
                }
            }
            Step::Reset(index, deadline) => {
                if let Some(at) = chosen(index) {
                    self.reset(at, *deadline);
                }
            }
            Step::Poll(index) => {
                if let Some(at) = chosen(index) {
                    self.poll(at);
                }
            }
            Step::Expire(now) => self.expire(*now),
            Step::ExpireNext { early } => {
                if let Some(next) = self.timers.next_deadline() {
                    self.expire(next.saturating_sub(u64::from(*early)));
                }
            }
        }
    }

    fn waker(&mut self) -> (usize, Waker) {
        let number = self.wakers;
        self.wakers += 1;
        let woken = Arc::clone(&self.woken);
        (number, Waker::from(Arc::new(Numbered { number, woken })))
    }

    /// A waker's number is what it leaves behind when it is woken.
    fn number_of(&self, waker: &Waker) -> usize {
        waker.wake_by_ref();
        self.woken.lock().unwrap().pop().expect("it is one of ours")
    }

    fn insert(&mut self, deadline: Tick, number: usize, waker: Waker) {
        let is_earliest = self.earliest().is_none_or(|earliest| deadline < earliest);
        let (key, first) = self.timers.insert(deadline, waker).expect("it is open");
        assert_eq!(first, is_earliest, "the loop sleeps too long, or in vain");
        self.live.push(Live {
            key,
            deadline: Some(deadline),
            waker: number,
        });
    }

    fn reset(&mut self, at: usize, deadline: Tick) {
        let earliest = self.earliest();
        let live = &mut self.live[at];
        let changed = self.timers.change(&live.key, deadline);
        let is_nearer = earliest.is_some_and(|earliest| deadline < earliest);
        let before = live.deadline.as_mut();
        let expected = before.map(|before| {
            *before = deadline;
            is_nearer
        });
        assert_eq!(changed, expected, "the loop sleeps too long, or in vain");
    }

    /// The waker, with its number, of one that was pending.
    fn remove(&mut self, at: usize) -> Option<(usize, Waker)> {
        let Live {
            key,
            deadline,
            waker: number,
        } = self.live.swap_remove(at);
        let waker = self.timers.remove(key);
        let number_of = waker.as_ref().map(|waker| self.number_of(waker));
        assert_eq!(number_of, deadline.map(|_| number), "another's waker");
        waker.map(|waker| (number, waker))
    }

    fn poll(&mut self, at: usize) {
        let (number, waker) = self.waker();
        let live = &mut self.live[at];
        let (has_fired, spare) = self.timers.poll(&live.key, waker);
        assert_eq!(has_fired, live.deadline.is_none());
        let unneeded = if has_fired {
            number
        } else {
            std::mem::replace(&mut live.waker, number)
        };
        assert_eq!(
            self.number_of(&spare),
            unneeded,
            "the wrong waker came back"
        );
    }

    fn expire(&mut self, now: Tick) {
        self.timers.expire(now, &mut self.wakes);
        self.wake_and_compare(now);
    }

    /// Wakes what has fired: each that is due once, in the order of the deadlines, and no other.
    fn wake_and_compare(&mut self, now: Tick) {
        let mut due = Vec::new();
        for live in &mut self.live {
            if let Some(deadline) = live.deadline.take_if(|deadline| *deadline <= now) {
                due.push((deadline, live.waker));
            }
        }
        self.wakes.wake_all();
        let woken = std::mem::take(&mut *self.woken.lock().unwrap());
        let deadline_of = |number: &usize| {
            let found = due.iter().find(|(_, waker)| waker == number);
            found.expect("woken early, or again").0
        };
        let mut fired: Vec<_> = woken.iter().map(|n| (deadline_of(n), *n)).collect();
        assert!(
            fired.is_sorted_by_key(|(deadline, _)| *deadline),
            "out of order: {fired:?}"
        );
        // Those of one deadline fire in any order.
        fired.sort_unstable();
        due.sort_unstable();
        assert_eq!(fired, due);
    }

    fn earliest(&self) -> Option<Tick> {
        self.live.iter().filter_map(|live| live.deadline).min()
    }

    /// What can be seen from outside is what the list says, of each timer: a key that reached another's entry would
    /// show here.
    fn check(&self) {
        self.timers.verify();
        assert_eq!(self.timers.len(), self.live.len());
        let never = |deadline: &Tick| *deadline == Tick::MAX;
        let next = self.earliest().filter(|earliest| !never(earliest));
        assert_eq!(self.timers.next_deadline(), next);
        let mut expected = Vec::new();
        for live in &self.live {
            assert_eq!(self.timers.has_fired(&live.key), live.deadline.is_none());
            expected.extend(live.deadline.map(|deadline| (live.waker, deadline)));
        }
        let mut waiting = Vec::new();
        self.timers.for_each_waiter(|waker, deadline| {
            waiting.push((self.number_of(waker), deadline));
        });
        waiting.sort_unstable();
        expected.sort_unstable();
        assert_eq!(waiting, expected);
    }

    /// Everything fires, whatever its deadline; keys stay good, and nothing new is taken.
    fn close(mut self) {
        self.timers.close(&mut self.wakes);
        self.wake_and_compare(Tick::MAX);
        self.check();
        let (number, waker) = self.waker();
        let refused = self.timers.insert(0, waker).expect_err("it is closed");
        assert_eq!(self.number_of(&refused), number);
        while let Some(last) = self.live.len().checked_sub(1) {
            assert!(self.remove(last).is_none());
        }
        self.check();
    }
}
