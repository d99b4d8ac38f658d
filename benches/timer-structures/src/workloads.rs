//! What is done to each structure, and how much processor time it takes.

use std::hint::black_box;
use std::task::Waker;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use crate::random::Random;
use crate::structure::Structure;
use crate::timers::Tick;
use crate::wake_batch::WakeBatch;

pub(crate) const MICROSECOND: Tick = 1_000;
pub(crate) const MILLISECOND: Tick = 1_000_000;
pub(crate) const SECOND: Tick = 1_000_000_000;

pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    what: What,
    /// Operations of a round.
    pub(crate) count: usize,
    /// Operations when instructions are counted: there is no noise to be averaged.
    pub(crate) counted: usize,
}

#[derive(Clone, Copy)]
enum What {
    /// Make a timer and cancel it, beside so many with deadlines in 1000 to 1060 s.
    Cancel { due: Due, pending: usize },
    /// Move the deadline of one of so many to 30 s from now, as each message of a connection does. Now advances by a
    /// microsecond each time, and the loop looks at the timers after every 100.
    Reset { pending: usize },
    /// Make 100 000 timers with deadlines within 100 ms, and let them fire, to be taken out by their owners. The loop
    /// looks every 50 us.
    Expire,
}

#[derive(Clone, Copy)]
enum Due {
    /// Among the others, or beyond them.
    Far,
    /// Within 2 ms: before all others.
    Near,
}

pub(crate) const WORKLOADS: [Workload; 8] = [
    cancel("cancel-0", "alone", Due::Far, 0),
    cancel("cancel-1k", "beside 1000", Due::Far, 1_000),
    cancel("cancel-1m", "beside 1 000 000", Due::Far, 1_000_000),
    cancel(
        "cancel-near-1k",
        "earlier than 1000 others",
        Due::Near,
        1_000,
    ),
    cancel(
        "cancel-near-1m",
        "earlier than 1 000 000 others",
        Due::Near,
        1_000_000,
    ),
    reset("reset-10k", "10 000 pending", 10_000),
    reset("reset-1m", "1 000 000 pending", 1_000_000),
    Workload {
        name: "expire-100k",
        title: "make, fire, take: 100 000 in 100 ms",
        what: What::Expire,
        count: 4 * EXPIRING,
        counted: EXPIRING,
    },
];

const fn cancel(name: &'static str, title: &'static str, due: Due, pending: usize) -> Workload {
    Workload {
        name,
        title,
        what: What::Cancel { due, pending },
        count: 1_000_000,
        counted: 20_000,
    }
}

const fn reset(name: &'static str, title: &'static str, pending: usize) -> Workload {
    Workload {
        name,
        title,
        what: What::Reset { pending },
        count: 1_000_000,
        counted: 20_000,
    }
}

const EXPIRING: usize = 100_000;
const FAR: Tick = 1_000 * SECOND;
const IDLE: Tick = 30 * SECOND;
/// Operations between two looks of the loop.
const AT_A_TIME: usize = 100;

/// Processor time of so many operations; what they need beforehand is not counted.
pub(crate) fn run<S: Structure>(workload: &Workload, count: usize) -> Duration {
    match workload.what {
        What::Cancel { due, pending } => cancels::<S>(due, pending, count),
        What::Reset { pending } => resets::<S>(pending, count),
        What::Expire => expiry::<S>(count / EXPIRING),
    }
}

fn cancels<S: Structure>(due: Due, pending: usize, count: usize) -> Duration {
    let (mut timers, mut random) = (S::default(), Random::new(1));
    for _ in 0..pending {
        timers.insert(FAR + random.below(60 * SECOND), noop());
    }
    let start = cpu_time();
    for _ in 0..count {
        let deadline = match due {
            Due::Far => FAR + random.below(60 * SECOND),
            Due::Near => MILLISECOND + random.below(MILLISECOND),
        };
        let (key, is_first) = timers.insert(deadline, noop());
        black_box(is_first);
        drop(timers.remove(key));
    }
    cpu_time() - start
}

fn resets<S: Structure>(pending: usize, count: usize) -> Duration {
    let (mut timers, mut random) = (S::default(), Random::new(1));
    let mut keys: Vec<S::Key> = (0..pending)
        .map(|_| {
            let deadline = IDLE - SECOND + random.below(SECOND);
            timers.insert(deadline, noop()).0
        })
        .collect();
    let (mut now, mut wakes) = (0, WakeBatch::default());
    let start = cpu_time();
    for _ in 0..count / AT_A_TIME {
        for _ in 0..AT_A_TIME {
            now += MICROSECOND;
            let key = &mut keys[random.below(pending as u64) as usize];
            black_box(timers.change(key, now + IDLE));
        }
        black_box(timers.next_deadline());
        timers.expire(now, &mut wakes);
    }
    let spent = cpu_time() - start;
    assert!(wakes.is_empty());
    spent
}

fn expiry<S: Structure>(passes: usize) -> Duration {
    let (mut timers, mut random) = (S::default(), Random::new(1));
    let (mut now, mut wakes) = (0, WakeBatch::default());
    let mut keys = Vec::with_capacity(EXPIRING);
    let mut pass = || {
        for _ in 0..EXPIRING {
            let deadline = now + random.below(100 * MILLISECOND);
            keys.push(timers.insert(deadline, noop()).0);
        }
        while black_box(timers.next_deadline()).is_some() {
            now += 50 * MICROSECOND;
            timers.expire(now, &mut wakes);
            wakes.wake_all();
        }
        for key in keys.drain(..) {
            assert!(timers.remove(key).is_none(), "it has fired");
        }
    };
    // The first one gets the memory.
    pass();
    let start = cpu_time();
    for _ in 0..passes {
        pass();
    }
    cpu_time() - start
}

/// How often a loop that does nothing else sleeps until a single timer has fired.
pub(crate) fn sleeps_until<S: Structure>(deadline: Tick) -> usize {
    let (mut timers, mut wakes) = (S::default(), WakeBatch::default());
    timers.insert(deadline, noop());
    let mut sleeps = 0;
    while let Some(next) = timers.next_deadline() {
        timers.expire(next, &mut wakes);
        sleeps += 1;
    }
    sleeps
}

fn noop() -> Waker {
    Waker::noop().clone()
}

/// Of this thread. There is no system call between two readings, so it is user time.
fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID);
    Duration::from(now.expect("the thread has a clock"))
}
