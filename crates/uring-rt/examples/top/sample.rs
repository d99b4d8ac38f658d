//! What is shown of a runtime: the difference of two looks at its counters.

use std::fs;
use std::time::{Duration, Instant};

use uring_rt::runtime::{Driver, Metrics, RuntimeMetrics};

use crate::load::Running;

/// A runtime that is looked at again and again.
pub(crate) struct Watched {
    name: String,
    running: Running,
    metrics: RuntimeMetrics,
    last: Reading,
}

/// One look.
#[derive(Clone, Copy)]
struct Reading {
    at: Instant,
    metrics: Metrics,
    /// What the thread has had of the processor; `None` where the kernel does not tell.
    cpu: Option<Duration>,
}

/// What happened between two looks, as text: a name and a value for each line of the picture.
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) cells: Vec<(&'static str, String)>,
}

impl Watched {
    pub(crate) fn new(running: Running) -> Watched {
        let handle = &running.handle;
        let name = handle
            .name()
            .map_or_else(|| handle.id().to_string(), str::to_owned);
        let metrics = handle.metrics();
        let last = Reading::take(&metrics, running.thread);
        Watched {
            name,
            running,
            metrics,
            last,
        }
    }

    pub(crate) fn sample(&mut self) -> Column {
        let now = Reading::take(&self.metrics, self.running.thread);
        let mut cells = vec![("backend", backend(&self.running.handle.driver()))];
        cells.push(("cpu", cpu(&self.last, &now)));
        cells.extend(counters(&self.last, &now));
        cells.push((
            "waiting in the inbox",
            self.metrics.global_queue_depth().to_string(),
        ));
        self.last = now;
        Column {
            name: self.name.clone(),
            cells,
        }
    }
}

impl Reading {
    fn take(metrics: &RuntimeMetrics, thread: i32) -> Reading {
        Reading {
            at: Instant::now(),
            metrics: metrics.snapshot(),
            cpu: cpu_time(thread),
        }
    }
}

/// How a counter is read.
#[derive(Clone, Copy)]
enum Kind {
    /// What happens often: so many a second.
    Rate,
    /// What should be seldom: so many since the beginning.
    Total,
    /// What comes and goes: so many now.
    Level,
}

type Counter = (&'static str, Kind, fn(&Metrics) -> u64);

/// Everything that a runtime counts.
const COUNTERS: [Counter; 22] = [
    ("turns/s", Kind::Rate, |m| m.reactor.turns),
    ("enters/s", Kind::Rate, |m| m.reactor.enters),
    ("zero-timeout turns/s", Kind::Rate, |m| {
        m.reactor.zero_timeout_turns
    }),
    ("idle turns/s", Kind::Rate, |m| m.reactor.idle_turns),
    ("completions/s", Kind::Rate, |m| m.reactor.completions),
    ("stale completions/s", Kind::Rate, |m| {
        m.reactor.stale_completions
    }),
    ("arms/s", Kind::Rate, |m| m.reactor.arms),
    ("cancels/s", Kind::Rate, |m| m.reactor.cancels),
    ("polls/s", Kind::Rate, |m| m.executor.polls),
    ("local wakes/s", Kind::Rate, |m| m.executor.wakes_local),
    ("remote wakes/s", Kind::Rate, |m| m.executor.wakes_remote),
    ("remote wake calls/s", Kind::Rate, |m| {
        m.reactor.remote_wakes
    }),
    ("budget yields/s", Kind::Rate, |m| m.executor.budget_yields),
    ("tasks", Kind::Level, |m| m.executor.tasks_alive),
    ("sources", Kind::Level, |m| m.reactor.sources as u64),
    ("timers", Kind::Level, |m| m.reactor.timers as u64),
    ("stalls", Kind::Total, |m| m.executor.stalls),
    ("fallback fds", Kind::Total, |m| m.reactor.fallback_fds),
    ("overflows", Kind::Total, |m| m.reactor.overflows),
    ("ring growths", Kind::Total, |m| m.reactor.ring_growths),
    ("backend switches", Kind::Total, |m| {
        m.reactor.backend_switches
    }),
    ("rebuilds", Kind::Total, |m| m.reactor.rebuilds),
];

fn counters(last: &Reading, now: &Reading) -> impl Iterator<Item = (&'static str, String)> {
    let seconds = now.at.duration_since(last.at).as_secs_f64();
    COUNTERS.into_iter().map(move |(name, kind, read)| {
        let (before, after) = (read(&last.metrics), read(&now.metrics));
        let text = match kind {
            Kind::Rate => format!("{:.0}", per_second(after.wrapping_sub(before), seconds)),
            Kind::Total | Kind::Level => after.to_string(),
        };
        (name, text)
    })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a count within a second, and shown without decimals"
)]
fn per_second(count: u64, seconds: f64) -> f64 {
    if seconds > 0.0 {
        count as f64 / seconds
    } else {
        0.0
    }
}

fn backend(driver: &Driver) -> String {
    match driver.rung {
        Some(rung) => format!("{} {}", driver.backend(), rung.name()),
        None => driver.backend().to_owned(),
    }
}

fn cpu(last: &Reading, now: &Reading) -> String {
    let (Some(before), Some(after)) = (last.cpu, now.cpu) else {
        return "-".to_owned();
    };
    let elapsed = now.at.duration_since(last.at).as_secs_f64();
    let spent = after.saturating_sub(before).as_secs_f64();
    format!("{:.1} %", 100.0 * spent / elapsed.max(f64::MIN_POSITIVE))
}

/// The first number of a thread's schedstat: nanoseconds on a processor.
fn cpu_time(thread: i32) -> Option<Duration> {
    let schedstat = fs::read_to_string(format!("/proc/self/task/{thread}/schedstat")).ok()?;
    let nanoseconds = schedstat.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uring_rt::runtime::Handle;

    #[test]
    fn a_rate_is_a_difference_over_time() {
        assert_eq!(per_second(30, 0.5), 60.0);
        assert_eq!(per_second(30, 0.0), 0.0);
    }

    #[uring_rt::test]
    async fn what_the_runtime_did_between_two_looks_is_shown() {
        let mut watched = Watched::new(Running::here(Handle::current()));
        let tasks: Vec<_> = (0..100)
            .map(|_| uring_rt::spawn(std::future::pending::<()>()))
            .collect();
        uring_rt::task::yield_now().await;
        let column = watched.sample();
        let cell = |name| {
            let cell = column.cells.iter().find(|(title, _)| *title == name);
            cell.unwrap().1.clone()
        };
        assert_eq!(cell("tasks"), "100");
        assert!(cell("polls/s").parse::<u64>().unwrap() >= 100);
        assert_eq!(column.cells.len(), COUNTERS.len() + 3);
        drop(tasks);
        // The second difference begins where the first has ended.
        let again = watched.sample();
        assert!(again.cells.contains(&("stalls", "0".to_owned())));
    }
}
