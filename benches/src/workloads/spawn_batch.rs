use std::hint::black_box;

use crate::measure::Stopwatch;
use crate::raw::queue::{self, Queue};
use crate::runtime::{Runtime, run};
use crate::runtimes;
use crate::workload::{NANOSECONDS, Program, Round, Sample, Workload, ours_at_most};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "spawn-batch",
    group: "tasks",
    title: "spawn 1000 tasks and await them all, for each task",
    metrics: NANOSECONDS,
    targets: &[ours_at_most(33.0)],
    runtimes: &PLAYERS,
    without: |_| None,
    run: |round| match round.runtime.as_str() {
        queue::NAME => Ok(run_raw(round)),
        _ => runtimes::run(round, &SpawnBatch),
    },
};

/// All runtimes, and what they could come close to.
const PLAYERS: [&str; 8] = runtimes::and(&[queue::NAME]);

const BATCH: usize = 1000;
const BATCHES: usize = 3000;

struct SpawnBatch;

impl Program for SpawnBatch {
    fn run<R: Runtime>(&self, round: &Round) -> Result<Sample, String> {
        let batches = round.times(BATCHES);
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

/// The same without a runtime.
fn run_raw(round: &Round) -> Sample {
    let batches = round.times(BATCHES);
    let mut queue = Queue::default();
    queue_batches(&mut queue, batches / 10);
    let watch = Stopwatch::start();
    queue_batches(&mut queue, batches);
    watch.nanoseconds_per(batches * BATCH)
}

fn queue_batches(queue: &mut Queue, batches: usize) {
    for _ in 0..batches {
        let mut outputs = Vec::with_capacity(BATCH);
        for number in 0..BATCH {
            outputs.push(queue.spawn(async move { black_box(number) }));
        }
        queue.run();
        let mut sum = 0;
        for output in outputs {
            sum += output.take();
        }
        assert_eq!(sum, BATCH * (BATCH - 1) / 2);
    }
}
