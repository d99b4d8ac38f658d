use crate::measure::Stopwatch;
use crate::runtime::Runtime;
use crate::runtimes;
use crate::workload::{MICROSECONDS, Program, Round, Sample, Workload};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "start",
    group: "tasks",
    title: "build a runtime, run a future that is ready, drop the runtime",
    metrics: MICROSECONDS,
    targets: &[],
    runtimes: &runtimes::NAMES,
    without: |_| None,
    run: |round| runtimes::run(round, &Start),
};

struct Start;

impl Program for Start {
    fn run<R: Runtime>(&self, round: &Round) -> Result<Sample, String> {
        let times = round.times(50);
        // What a process pays once: the first touch of the code, and threads that stay.
        R::block_on(async {});
        let watch = Stopwatch::start();
        for _ in 0..times {
            R::block_on(async {});
        }
        Ok(watch.microseconds_per(times))
    }
}
