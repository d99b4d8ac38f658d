use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use crate::measure::Stopwatch;
use crate::runtime::{Runtime, run};
use crate::runtimes;
use crate::workload::{NANOSECONDS, Program, Round, Sample, Workload, ours_at_most};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "sleep-cancel",
    group: "timers",
    title: "make a sleep of 10 s, poll it once, drop it",
    metrics: NANOSECONDS,
    targets: &[ours_at_most(50.0)],
    runtimes: &runtimes::NAMES,
    without: |_| None,
    run: |round| runtimes::run(round, &SleepCancel),
};

const FAR: Duration = Duration::from_secs(10);
/// As a task does that guards each of its reads by a timeout: it does not keep the thread for longer.
const AT_A_TIME: usize = 100;

struct SleepCancel;

impl Program for SleepCancel {
    fn run<R: Runtime>(&self, round: &Round) -> Result<Sample, String> {
        let rounds = round.times(10_000);
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
