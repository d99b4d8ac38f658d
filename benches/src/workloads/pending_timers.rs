use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use crate::measure::{anonymous_memory, cpu_time};
use crate::runtime::{Runtime, run};
use crate::runtimes;
use crate::workload::{Metric, Program, Round, Sample, Workload, ours_at_most};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "pending-timers",
    group: "scale",
    title: "make, poll and drop a sleep beside 1 000 000 that are pending, as a multiple of one beside 10",
    metrics: &[
        Metric {
            name: "growth",
            unit: "",
        },
        Metric {
            name: "cpu",
            unit: "ns",
        },
        Metric {
            name: "memory",
            unit: "B for a pending sleep beside its future",
        },
    ],
    targets: &[ours_at_most(1.10)],
    runtimes: &runtimes::NAMES,
    without: |name| {
        (name == "glommio").then_some("it panics when one task has more than 32 767 wakers")
    },
    run: |round| runtimes::run(round, &PendingTimers),
};

const MANY: usize = 1_000_000;
const FEW: usize = 10;
/// Longer than a round lasts.
const FAR: Duration = Duration::from_secs(1000);

struct PendingTimers;

impl Program for PendingTimers {
    fn run<R: Runtime>(&self, round: &Round) -> Result<Sample, String> {
        let many = round.times(MANY);
        run::<R, _>(async move {
            let few_pending = pending::<R>(FEW).await;
            cpu_for::<R>(many / 10).await;
            let few = cpu_for::<R>(many).await;
            drop(few_pending);
            let before = anonymous_memory()?;
            let many_pending = pending::<R>(many).await;
            let grown = anonymous_memory()?.saturating_sub(before) as f64;
            let beside = cpu_for::<R>(many).await;
            let futures = many_pending
                .iter()
                .map(|sleep| size_of_val(&**sleep) + size_of_val(sleep));
            let futures: usize = futures.sum();
            Ok(Sample::new([
                ("growth", beside / few),
                ("cpu", beside),
                ("memory", (grown - futures as f64) / many as f64),
            ]))
        })
    }
}

/// Sleeps that have been polled once, with deadlines in no order.
async fn pending<R: Runtime>(count: usize) -> Vec<Pin<Box<impl Future<Output = ()>>>> {
    let mut sleeps = Vec::with_capacity(count);
    let mut random = Random::default();
    for _ in 0..count {
        let mut sleep = Box::pin(R::sleep(FAR + random.up_to_a_minute()));
        poll_fn(|context| still_sleeps(sleep.as_mut(), context)).await;
        sleeps.push(sleep);
    }
    sleeps
}

/// In nanoseconds for each sleep that is made, polled and dropped.
async fn cpu_for<R: Runtime>(count: usize) -> f64 {
    let before = cpu_time();
    let mut random = Random::default();
    for _ in 0..count {
        let mut sleep = pin!(R::sleep(FAR + random.up_to_a_minute()));
        poll_fn(|context| still_sleeps(sleep.as_mut(), context)).await;
    }
    (cpu_time() - before).as_secs_f64() * 1e9 / count as f64
}

fn still_sleeps<F: Future>(sleep: Pin<&mut F>, context: &mut Context<'_>) -> Poll<()> {
    assert!(sleep.poll(context).is_pending(), "a sleep has ended early");
    Poll::Ready(())
}

/// A linear congruential generator: the same numbers for every runtime.
#[derive(Default)]
struct Random(u64);

impl Random {
    fn up_to_a_minute(&mut self) -> Duration {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        Duration::from_nanos((self.0 >> 33) % 60_000_000 * 1000)
    }
}
