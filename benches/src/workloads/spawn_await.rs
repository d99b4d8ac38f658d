use std::hint::black_box;

use crate::measure::Stopwatch;
use crate::raw::queue::{self, Queue};
use crate::runtime::{Runtime, run};
use crate::runtimes;
use crate::workload::{NANOSECONDS, Program, Round, Sample, Workload, ours_at_most};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "spawn-await",
    group: "tasks",
    title: "spawn one task and await it",
    metrics: NANOSECONDS,
    targets: &[ours_at_most(30.0)],
    runtimes: &PLAYERS,
    without: |_| None,
    run: |round| match round.runtime.as_str() {
        queue::NAME => Ok(run_raw(round)),
        _ => runtimes::run(round, &SpawnAwait),
    },
};

/// All runtimes, and what they could come close to.
const PLAYERS: [&str; 8] = runtimes::and(&[queue::NAME]);

const TASKS: usize = 300_000;

struct SpawnAwait;

impl Program for SpawnAwait {
    fn run<R: Runtime>(&self, round: &Round) -> Result<Sample, String> {
        let tasks = round.times(TASKS);
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

/// The same without a runtime.
fn run_raw(round: &Round) -> Sample {
    let tasks = round.times(TASKS);
    let mut queue = Queue::default();
    spawn_and_take(&mut queue, tasks / 10);
    let watch = Stopwatch::start();
    spawn_and_take(&mut queue, tasks);
    watch.nanoseconds_per(tasks)
}

fn spawn_and_take(queue: &mut Queue, tasks: usize) {
    for number in 0..tasks {
        let output = queue.spawn(async move { black_box(number) });
        queue.run();
        assert_eq!(output.take(), number);
    }
}
