//! Hands results from worker threads to a runtime in three ways, and counts what waking its thread costs.
//!
//! ```text
//! cross_thread [THREADS [RESULTS]]    RESULTS of each thread, in each way (default 4 and 20000)
//! ```
//!
//! Only a runtime that sleeps has to be woken by a system call, one write to an eventfd. While it is awake, what
//! other threads hand over is found before it sleeps again.

use std::cell::Cell;
use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;
use std::rc::Rc;
use std::thread;

use futures_channel::mpsc::{UnboundedSender, unbounded};
use futures_util::StreamExt;
use uring_rt::runtime::{Handle, Metrics};
use uring_rt::task::yield_now;
use uring_rt::time::{Duration, Instant};

const USAGE: &str = "usage: cross_thread [THREADS [RESULTS]]";

#[uring_rt::main]
#[expect(clippy::print_stderr, reason = "a program reports its errors")]
async fn main() -> ExitCode {
    let args: Vec<OsString> = env::args_os().skip(1).collect();
    let args: Option<Vec<u32>> = args.iter().map(|arg| arg.to_str()?.parse().ok()).collect();
    let (threads, results) = match args.as_deref() {
        Some(&[]) => (4, 20_000),
        Some(&[threads]) if threads > 0 => (threads, 20_000),
        Some(&[threads, results]) if threads > 0 && results > 0 => (threads, results),
        _ => {
            eprintln!("cross_thread: THREADS and RESULTS are numbers above 0; {USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(threads, results).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cross_thread: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(threads: u32, results: u32) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    writeln!(out, "{threads} threads, {results} results from each:")?;
    writeln!(
        out,
        "  {:<24} {:>9} {:>10} {:>13} {:>14} {:>9}",
        "way", "results", "us/result", "remote wakes", "eventfd writes", "polls"
    )?;
    let no_pause = Duration::ZERO;
    let pause = Duration::from_millis(2);
    let ways: [(&str, Way, u32, Duration); 4] = [
        ("channel", by_channel, results, no_pause),
        ("Handle::spawn", by_spawn, results, no_pause),
        ("Handle::spawn_with", by_spawn_with, results, no_pause),
        // A few, far apart: the runtime has mostly gone to sleep in between, and must be woken.
        ("channel, 2 ms apart", by_channel, results.min(100), pause),
    ];
    for (name, way, results, pause) in ways {
        measure(name, way, threads, results, pause).await?;
    }

    let tally = TALLY.with(|tally| tally.get());
    let expected = u64::from(threads) * sum_below(results);
    if tally != expected {
        return Err(format!("the tally of spawn_with is {tally}, not {expected}").into());
    }
    Ok(())
}

/// How one result gets to the runtime: called on a worker thread, and ends with a message in the channel.
type Way = fn(&Handle, &UnboundedSender<u64>, u64);

/// The channel's receiver is awaited on the runtime; that the sender is elsewhere is nothing special. This one
/// is of futures-channel: whatever wakes a `Waker` will do.
fn by_channel(_: &Handle, results: &UnboundedSender<u64>, value: u64) {
    // It fails when the receiver is gone, with nobody left who wants the value.
    let _ = results.unbounded_send(value);
}

/// A task made here and run there: its future is `Send`.
fn by_spawn(runtime: &Handle, results: &UnboundedSender<u64>, value: u64) {
    let results = results.clone();
    runtime.spawn(async move {
        let _ = results.unbounded_send(value);
    });
}

thread_local! {
    /// Only the runtime's thread touches its own, so adding to it takes neither a lock nor an atomic operation.
    static TALLY: Rc<Cell<u64>> = Rc::default();
}

/// Only the closure is `Send`. The future it makes over there is not: it keeps an `Rc` while it waits.
fn by_spawn_with(runtime: &Handle, results: &UnboundedSender<u64>, value: u64) {
    let results = results.clone();
    runtime.spawn_with(move || {
        let tally = TALLY.with(Rc::clone);
        async move {
            yield_now().await;
            tally.set(tally.get() + value);
            let _ = results.unbounded_send(value);
        }
    });
}

/// Lets the threads hand `count` results each over, takes them all, and writes what it cost.
async fn measure(
    name: &str,
    way: Way,
    threads: u32,
    count: u32,
    pause: Duration,
) -> Result<(), Box<dyn Error>> {
    let before = Handle::current().metrics().snapshot();
    let start = Instant::now();
    let (sender, mut results) = unbounded();
    for number in 0..threads {
        let (runtime, results) = (Handle::current(), sender.clone());
        let worker = move || {
            for value in 0..u64::from(count) {
                thread::sleep(pause);
                way(&runtime, &results, value);
            }
        };
        thread::Builder::new()
            .name(format!("worker-{number}"))
            .spawn(worker)
            .map_err(|error| format!("cannot start thread {number}: {error}"))?;
    }
    // The stream ends when the last sender is dropped: this one, those of the threads, those of the tasks.
    drop(sender);
    let taker = uring_rt::spawn(async move {
        let (mut taken, mut sum) = (0_u64, 0);
        while let Some(value) = results.next().await {
            taken += 1;
            sum += value;
        }
        (taken, sum)
    });
    let (taken, sum) = taker.await?;
    if sum != u64::from(threads) * sum_below(count) {
        return Err(format!("{name}: the results add up to {sum}").into());
    }
    let elapsed = start.elapsed();
    let cost = Cost::between(before, Handle::current().metrics().snapshot());
    writeln!(
        io::stdout(),
        "  {name:<24} {taken:>9} {:>10.2} {:>13} {:>14} {:>9}",
        elapsed.as_secs_f64() * 1e6 / taken as f64,
        cost.remote_wakes,
        cost.eventfd_writes,
        cost.polls
    )?;
    Ok(())
}

/// 0 + 1 + ... + (count - 1).
fn sum_below(count: u32) -> u64 {
    let count = u64::from(count);
    count * (count - 1) / 2
}

struct Cost {
    /// Wakes on another thread that have something polled again, and spawns there.
    remote_wakes: u64,
    /// Wakes and spawns on another thread that found the runtime's thread asleep.
    eventfd_writes: u64,
    polls: u64,
}

impl Cost {
    fn between(before: Metrics, after: Metrics) -> Cost {
        Cost {
            remote_wakes: after.executor.wakes_remote - before.executor.wakes_remote,
            eventfd_writes: after.reactor.remote_wakes - before.reactor.remote_wakes,
            polls: after.executor.polls - before.executor.polls,
        }
    }
}
