use crate::measure::Stopwatch;
use crate::runtime::{Runtime, run};
use crate::runtimes;
use crate::workload::{NANOSECONDS, Program, Round, Sample, Workload, ours_at_most};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "yield-round",
    group: "tasks",
    title: "1000 tasks that yield in turn, for each yield",
    metrics: NANOSECONDS,
    targets: &[ours_at_most(13.0)],
    runtimes: &runtimes::NAMES,
    without: |name| {
        (name == "monoio").then_some("a task that wakes itself runs again before all others there")
    },
    run: |round| runtimes::run(round, &YieldRound),
};

const TASKS: usize = 1000;

struct YieldRound;

impl Program for YieldRound {
    fn run<R: Runtime>(&self, round: &Round) -> Result<Sample, String> {
        let rounds = round.times(10_000);
        Ok(run::<R, _>(async move {
            yield_in_turn::<R>(rounds / 10).await;
            let watch = Stopwatch::start();
            yield_in_turn::<R>(rounds).await;
            watch.nanoseconds_per(rounds * TASKS)
        }))
    }
}

async fn yield_in_turn<R: Runtime>(rounds: usize) {
    let mut tasks = Vec::with_capacity(TASKS);
    for _ in 0..TASKS {
        tasks.push(R::spawn(async move {
            for _ in 0..rounds {
                R::yield_now().await;
            }
        }));
    }
    for task in tasks {
        task.await;
    }
}
