use std::hint::black_box;

use crate::measure::Stopwatch;
use crate::runtime::{Runtime, run};
use crate::runtimes;
use crate::workload::{NANOSECONDS, Program, Round, Sample, Workload, ours_at_most};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "spawn-batch",
    group: "tasks",
    title: "spawn 1000 tasks and await them all, for each task",
    metrics: NANOSECONDS,
    targets: &[ours_at_most(33.0)],
    runtimes: &runtimes::NAMES,
    without: |_| None,
    run: |round| runtimes::run(round, &SpawnBatch),
};

const BATCH: usize = 1000;

struct SpawnBatch;

impl Program for SpawnBatch {
    fn run<R: Runtime>(&self, round: &Round) -> Result<Sample, String> {
        let batches = round.times(3000);
        Ok(run::<R, _>(async move {
            spawn_batches::<R>(batches / 10).await;
            let watch = Stopwatch::start();
            spawn_batches::<R>(batches).await;
            watch.nanoseconds_per(batches * BATCH)
        }))
    }
}

async fn spawn_batches<R: Runtime>(batches: usize) {
    for _ in 0..batches {
        let mut tasks = Vec::with_capacity(BATCH);
        for number in 0..BATCH {
            tasks.push(R::spawn(async move { black_box(number) }));
        }
        let mut sum = 0;
        for task in tasks {
            sum += task.await;
        }
        assert_eq!(sum, BATCH * (BATCH - 1) / 2);
    }
}
