use std::hint::black_box;

use crate::measure::Stopwatch;
use crate::runtime::{Runtime, run};
use crate::runtimes;
use crate::workload::{NANOSECONDS, Program, Round, Sample, Workload, ours_at_most};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "spawn-await",
    group: "tasks",
    title: "spawn one task and await it",
    metrics: NANOSECONDS,
    targets: &[ours_at_most(30.0)],
    runtimes: &runtimes::NAMES,
    without: |_| None,
    run: |round| runtimes::run(round, &SpawnAwait),
};

struct SpawnAwait;

impl Program for SpawnAwait {
    fn run<R: Runtime>(&self, round: &Round) -> Result<Sample, String> {
        let tasks = round.times(300_000);
        Ok(run::<R, _>(async move {
            spawn_and_await::<R>(tasks / 10).await;
            let watch = Stopwatch::start();
            spawn_and_await::<R>(tasks).await;
            watch.nanoseconds_per(tasks)
        }))
    }
}

async fn spawn_and_await<R: Runtime>(tasks: usize) {
    for number in 0..tasks {
        let answer = R::spawn(async move { black_box(number) }).await;
        assert_eq!(answer, number);
    }
}
