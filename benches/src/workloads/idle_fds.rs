use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use crate::echo::{echo, ping};
use crate::measure::{anonymous_memory, cpu_time};
use crate::runtime::{Runtime, Stream, run};
use crate::runtimes;
use crate::workload::{Metric, Program, Round, Sample, Workload, ours_at_most};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "idle-fds",
    group: "scale",
    title: "a round trip over a Unix stream beside 8000 that idle, each with a task that reads, as a multiple of one beside 10",
    metrics: &[
        Metric {
            name: "growth",
            unit: "",
        },
        Metric {
            name: "cpu",
            unit: "us",
        },
        Metric {
            name: "memory",
            unit: "B for an idle stream with its task",
        },
    ],
    targets: &[ours_at_most(1.10)],
    runtimes: &runtimes::NAMES,
    without: |_| None,
    run: |round| runtimes::run(round, &IdleFds),
};

/// Descriptors are limited to 20 000 on some machines, and each stream has two.
const MANY: usize = 8000;
const FEW: usize = 10;
const SIZE: usize = 64;

struct IdleFds;

impl Program for IdleFds {
    fn run<R: Runtime>(&self, round: &Round) -> Result<Sample, String> {
        let round_trips = round.times(20_000);
        run::<R, _>(async move {
            let text = |error: std::io::Error| error.to_string();
            let (mut here, there) = R::unix_pair().map_err(text)?;
            R::detach(async move {
                // It ends with the process.
                let _ = echo(there, SIZE).await;
            });
            let mut idle = Vec::new();
            add_idle::<R>(&mut idle, FEW).await.map_err(text)?;
            ping(&mut here, SIZE, round_trips / 10).await?;
            let few = cpu_for(&mut here, round_trips).await?;
            let before = anonymous_memory()?;
            add_idle::<R>(&mut idle, MANY).await.map_err(text)?;
            let memory = anonymous_memory()?.saturating_sub(before);
            ping(&mut here, SIZE, round_trips / 10).await?;
            let many = cpu_for(&mut here, round_trips).await?;
            Ok(Sample::new([
                ("growth", many / few),
                ("cpu", many),
                ("memory", memory as f64 / MANY as f64),
            ]))
        })
    }
}

/// In microseconds for each round trip.
async fn cpu_for<S: Stream>(stream: &mut S, round_trips: usize) -> Result<f64, String> {
    let before = cpu_time();
    ping(stream, SIZE, round_trips).await?;
    Ok((cpu_time() - before).as_secs_f64() * 1e6 / round_trips as f64)
}

/// Streams whose other ends are kept, each read by a task. Returns when all tasks have begun.
async fn add_idle<R: Runtime>(kept: &mut Vec<R::Unix>, count: usize) -> std::io::Result<()> {
    let begun = Rc::new(Cell::new(0));
    for _ in 0..count {
        let (here, mut there) = R::unix_pair()?;
        kept.push(here);
        let begun = Rc::clone(&begun);
        R::detach(async move {
            begun.set(begun.get() + 1);
            let _ = there.read(vec![0; 1]).await;
        });
    }
    while begun.get() < count {
        // Not a yield: on monoio, that one runs again before all others.
        R::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}
