use std::future::{Future, poll_fn};
use std::hint::black_box;
use std::pin::pin;
use std::task::{Poll, Waker};
use std::time::Duration;

use crate::measure::Stopwatch;
use crate::raw::queue::{self, Timers};
use crate::runtime::{Runtime, run};
use crate::runtimes;
use crate::workload::{NANOSECONDS, Program, Round, Sample, Workload, ours_at_most};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "sleep-cancel",
    group: "timers",
    title: "make a sleep of 10 s, poll it once, drop it",
    metrics: NANOSECONDS,
    targets: &[ours_at_most(50.0)],
    runtimes: &PLAYERS,
    without: |_| None,
    run: |round| match round.runtime.as_str() {
        queue::NAME => Ok(run_raw(round)),
        _ => runtimes::run(round, &SleepCancel),
    },
};

/// All runtimes, and what they could come close to.
const PLAYERS: [&str; 8] = runtimes::and(&[queue::NAME]);

const FAR: Duration = Duration::from_secs(10);
/// As a task does that guards each of its reads by a timeout: it does not keep the thread for longer.
const AT_A_TIME: usize = 100;
const ROUNDS: usize = 10_000;

struct SleepCancel;

impl Program for SleepCancel {
    fn run<R: Runtime>(&self, round: &Round) -> Result<Sample, String> {
        let rounds = round.times(ROUNDS);
        Ok(run::<R, _>(async move {
            sleep_and_cancel::<R>(rounds / 10).await;
            let watch = Stopwatch::start();
            sleep_and_cancel::<R>(rounds).await;
            watch.nanoseconds_per(rounds * AT_A_TIME)
        }))
    }
}

async fn sleep_and_cancel<R: Runtime>(rounds: usize) {
    for _ in 0..rounds {
        poll_fn(|context| {
            for _ in 0..AT_A_TIME {
                assert!(pin!(R::sleep(FAR)).poll(context).is_pending());
            }
            Poll::Ready(())
        })
        .await;
        R::yield_now().await;
    }
}

/// The same without a runtime.
fn run_raw(round: &Round) -> Sample {
    let times = round.times(ROUNDS) * AT_A_TIME;
    let mut timers = Timers::default();
    insert_and_remove(&mut timers, times / 10);
    let watch = Stopwatch::start();
    insert_and_remove(&mut timers, times);
    watch.nanoseconds_per(times)
}

fn insert_and_remove(timers: &mut Timers, times: usize) {
    // As a task knows its waker: not what kind it is.
    let waker = black_box(Waker::noop());
    for _ in 0..times {
        let key = timers.insert(FAR, waker);
        assert!(timers.remove(black_box(key)));
    }
}
