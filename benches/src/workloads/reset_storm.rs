use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use crate::measure::Stopwatch;
use crate::runtime::{IdleTimeout, Runtime, run};
use crate::runtimes;
use crate::workload::{NANOSECONDS, Program, Round, Sample, Workload};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "reset-storm",
    group: "timers",
    title: "push one of 500 sleeps back, as each message does with an idle timeout, and poll it once",
    metrics: NANOSECONDS,
    targets: &[],
    runtimes: &runtimes::NAMES,
    without: |_| None,
    run: |round| runtimes::run(round, &ResetStorm),
};

const SLEEPS: usize = 500;
const FAR: Duration = Duration::from_secs(60);
/// From one sleep to the next: they end at 500 different times.
const APART: Duration = Duration::from_millis(97);
/// What is pushed back between two looks of the runtime at the system.
const AT_A_TIME: usize = 100;

struct ResetStorm;

impl Program for ResetStorm {
    fn run<R: Runtime>(&self, round: &Round) -> Result<Sample, String> {
        let rounds = round.times(1000);
        Ok(run::<R, _>(async move {
            let mut sleeps: Vec<_> = (0..SLEEPS)
                .map(|index| Box::pin(R::idle_timeout(FAR + APART * index as u32)))
                .collect();
            push_back::<R, _>(&mut sleeps, rounds / 10).await;
            let watch = Stopwatch::start();
            push_back::<R, _>(&mut sleeps, rounds).await;
            watch.nanoseconds_per(rounds * SLEEPS)
        }))
    }
}

/// Each of them so many times, each time by a millisecond more, as if that had passed.
async fn push_back<R: Runtime, S: IdleTimeout>(sleeps: &mut [Pin<Box<S>>], rounds: usize) {
    for round in 0..rounds {
        let mut duration = FAR + Duration::from_millis(round as u64);
        for some in sleeps.chunks_mut(AT_A_TIME) {
            poll_fn(|context| {
                for sleep in &mut *some {
                    sleep.as_mut().reset(duration);
                    assert!(sleep.as_mut().poll(context).is_pending(), "it ended early");
                    duration += APART;
                }
                Poll::Ready(())
            })
            .await;
            R::yield_now().await;
        }
    }
}
