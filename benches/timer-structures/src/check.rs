//! Random programs on a structure beside a plain list: nothing is measured that is wrong.

use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};

use crate::random::Random;
use crate::structure::Structure;
use crate::timers::Tick;
use crate::wake_batch::WakeBatch;

const STEPS: usize = 2_000;
/// Time does not advance by more at once, so that a program does not come to the end of time: 18 minutes.
const STEP_MAX: Tick = 1 << 40;

/// Panics where the structure differs from the list. A seed is one program.
pub(crate) fn check<S: Structure>(seed: u64) {
    let mut world = World::<S> {
        timers: S::default(),
        wakes: WakeBatch::default(),
        live: Vec::new(),
        woken: Arc::default(),
        random: Random::new(seed),
        now: 0,
        made: 0,
    };
    for _ in 0..STEPS {
        world.step();
    }
    world.sleep_until_all_have_fired();
}

struct Live<K> {
    key: K,
    /// `None`: it has fired.
    deadline: Option<Tick>,
    number: usize,
}

struct World<S: Structure> {
    timers: S,
    wakes: WakeBatch,
    live: Vec<Live<S::Key>>,
    woken: Arc<Mutex<Vec<usize>>>,
    random: Random,
    now: Tick,
    made: usize,
}

struct Numbered {
    number: usize,
    woken: Arc<Mutex<Vec<usize>>>,
}

impl Wake for Numbered {
    fn wake(self: Arc<Self>) {
        self.woken.lock().expect("nobody panics").push(self.number);
    }
}

impl<S: Structure> World<S> {
    fn step(&mut self) {
        match self.random.below(16) {
            0..6 => {
                let number = self.made;
                self.made += 1;
                let woken = Arc::clone(&self.woken);
                self.insert(number, Waker::from(Arc::new(Numbered { number, woken })));
            }
            6..9 => self.remove(),
            9..12 => self.change(),
            12..14 => {
                let passed = self.any_duration();
                self.expire(self.now + passed.min(STEP_MAX));
            }
            _ => {
                if let Some(next) = self.timers.next_deadline() {
                    let early = self.random.below(2);
                    let now = next.saturating_sub(early).max(self.now);
                    self.expire(now.min(self.now + STEP_MAX));
                }
            }
        }
    }

    /// Of any order of magnitude, so that each level of a wheel has its share, and few are equal.
    fn any_duration(&mut self) -> Tick {
        let shift = self.random.below(64);
        self.random.next() >> shift
    }

    /// In the past, now, or later, up to never.
    fn any_deadline(&mut self) -> Tick {
        let duration = self.any_duration();
        match self.random.below(8) {
            0 => self.now.saturating_sub(duration),
            1 => self.now + self.random.below(4),
            _ => self.now.saturating_add(duration),
        }
    }

    fn insert(&mut self, number: usize, waker: Waker) {
        let deadline = self.any_deadline();
        let next = self.timers.next_deadline();
        let (key, is_first) = self.timers.insert(deadline, waker);
        assert!(
            is_first || next.is_some_and(|next| next <= deadline) || deadline == Tick::MAX,
            "the loop sleeps too long"
        );
        self.live.push(Live {
            key,
            deadline: Some(deadline),
            number,
        });
        self.compare_next();
    }

    fn change(&mut self) {
        let deadline = self.any_deadline();
        let next = self.timers.next_deadline();
        let Some(at) = self.any_live() else { return };
        let live = &mut self.live[at];
        let changed = self.timers.change(&mut live.key, deadline);
        assert_eq!(changed.is_some(), live.deadline.is_some());
        if let Some(is_first) = changed {
            live.deadline = Some(deadline);
            assert!(
                is_first || next.is_some_and(|next| next <= deadline) || deadline == Tick::MAX,
                "the loop sleeps too long"
            );
        }
        self.compare_next();
    }

    fn remove(&mut self) {
        let Some(at) = self.any_live() else { return };
        let live = self.live.swap_remove(at);
        let waker = self.timers.remove(live.key);
        assert_eq!(waker.is_some(), live.deadline.is_some());
        self.compare_next();
    }

    fn any_live(&mut self) -> Option<usize> {
        let count = self.live.len() as u64;
        (count > 0).then(|| self.random.below(count) as usize)
    }

    fn expire(&mut self, now: Tick) {
        self.now = now;
        self.timers.expire(now, &mut self.wakes);
        self.wakes.wake_all();
        let mut due = Vec::new();
        for live in &mut self.live {
            if let Some(deadline) = live.deadline.take_if(|deadline| *deadline <= now) {
                due.push((deadline, live.number));
            }
        }
        let woken = std::mem::take(&mut *self.woken.lock().expect("nobody panics"));
        let fired = woken.iter().map(|number| {
            let found = due.iter().find(|(_, due)| due == number);
            *found.expect("it is due, and has not fired before")
        });
        let mut fired: Vec<_> = fired.collect();
        assert!(fired.is_sorted_by_key(|(deadline, _)| *deadline));
        fired.sort_unstable();
        due.sort_unstable();
        assert_eq!(fired, due, "by {now}");
        self.compare_next();
    }

    /// The loop never sleeps too long.
    fn compare_next(&self) {
        let earliest = self.live.iter().filter_map(|live| live.deadline).min();
        let next = self.timers.next_deadline();
        match earliest {
            None => assert_eq!(next, None),
            Some(Tick::MAX) => {}
            Some(earliest) => assert!(next.is_some_and(|next| next <= earliest)),
        }
    }

    /// Each look of the loop comes later than the one before, and the last finds nothing left but what never comes.
    fn sleep_until_all_have_fired(&mut self) {
        while let Some(next) = self.timers.next_deadline() {
            self.expire(next.max(self.now));
            let after = self.timers.next_deadline();
            assert!(after.is_none_or(|after| after > next), "it turns in place");
        }
        let is_over = |deadline: Option<Tick>| deadline.is_none_or(|tick| tick == Tick::MAX);
        assert!(self.live.iter().all(|live| is_over(live.deadline)));
    }
}
