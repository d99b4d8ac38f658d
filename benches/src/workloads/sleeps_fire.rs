use std::time::{Duration, Instant};

use crate::measure::cpu_time;
use crate::runtime::{Runtime, run};
use crate::runtimes;
use crate::workload::{Metric, Program, Round, Sample, Workload, ours_at_most};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "sleeps-fire",
    group: "timers",
    title: "100 000 tasks sleep, their deadlines spread over 100 ms: from the last deadline until all have ended",
    metrics: &[
        Metric {
            name: "late",
            unit: "ms",
        },
        Metric {
            name: "cpu",
            unit: "ns",
        },
    ],
    targets: &[ours_at_most(30.0)],
    runtimes: &runtimes::NAMES,
    without: |_| None,
    run: |round| runtimes::run(round, &SleepsFire),
};

const SLEEPS: usize = 100_000;
const SPREAD: Duration = Duration::from_millis(100);

struct SleepsFire;

impl Program for SleepsFire {
    /// Of the same size at every scale: half as many sleeps are not half as late.
    fn run<R: Runtime>(&self, _round: &Round) -> Result<Sample, String> {
        run::<R, _>(async {
            let cpu = cpu_time();
            let start = Instant::now();
            let mut tasks = Vec::with_capacity(SLEEPS);
            for number in 1..=SLEEPS {
                let deadline = start + SPREAD.mul_f64(number as f64 / SLEEPS as f64);
                tasks.push(R::spawn(async move {
                    R::sleep(deadline.saturating_duration_since(Instant::now())).await;
                    Instant::now() >= deadline
                }));
            }
            let mut early = 0;
            for task in tasks {
                early += usize::from(!task.await);
            }
            let late = start.elapsed().saturating_sub(SPREAD);
            let cpu = cpu_time() - cpu;
            if early > 0 {
                return Err(format!(
                    "{early} of {SLEEPS} sleeps ended before their deadlines"
                ));
            }
            Ok(Sample::new([
                ("late", late.as_secs_f64() * 1e3),
                ("cpu", cpu.as_nanos() as f64 / SLEEPS as f64),
            ]))
        })
    }
}
