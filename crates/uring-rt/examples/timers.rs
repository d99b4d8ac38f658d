//! Measures how late timers are, and shows limits, periods with missed ticks, and deadlines that keep moving.
//!
//! ```text
//! timers [COUNT]      COUNT: sleeps of each length to measure (default 100)
//! ```

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::future::pending;
use std::io::{self, Write};
use std::process::ExitCode;

use futures_util::poll;
use uring_rt::runtime::Handle;
use uring_rt::time::{
    Duration, Instant, MissedTickBehavior, Sleep, interval, sleep, sleep_until, timeout,
};

const USAGE: &str = "usage: timers [COUNT]";

/// Each call writes one line or more, and tells when nobody reads them any more.
type Outcome = Result<(), Box<dyn Error>>;

#[uring_rt::main]
#[expect(clippy::print_stderr, reason = "a program reports its errors")]
async fn main() -> ExitCode {
    let args: Vec<OsString> = env::args_os().skip(1).collect();
    let count = match args.as_slice() {
        [] => Some(100),
        [count] => count.to_str().and_then(|count| count.parse().ok()),
        _ => None,
    };
    let Some(count) = count.filter(|count| *count > 0) else {
        eprintln!("timers: COUNT is a number above 0; {USAGE}");
        return ExitCode::from(2);
    };
    match run(count).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("timers: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(count: usize) -> Outcome {
    lateness(count).await?;
    limits().await?;
    missed_ticks().await?;
    reset_storm().await
}

/// A sleep never ends early. How late it ends is up to the kernel and to what else runs; nothing is rounded up
/// to a millisecond.
async fn lateness(count: usize) -> Outcome {
    let mut out = io::stdout();
    writeln!(out, "How late {count} sleeps of each length were, in us:")?;
    writeln!(
        out,
        "  {:>8} {:>8} {:>8} {:>8} {:>8}",
        "sleep", "min", "median", "p99", "max"
    )?;
    for length_us in [50, 200, 500, 1_000, 5_000] {
        let length = Duration::from_micros(length_us);
        let mut late = Vec::with_capacity(count);
        for _ in 0..count {
            let start = Instant::now();
            sleep(length).await;
            late.push((start.elapsed() - length).as_micros());
        }
        late.sort_unstable();
        let at = |percent: usize| late[(count - 1) * percent / 100];
        writeln!(
            out,
            "  {length_us:>8} {:>8} {:>8} {:>8} {:>8}",
            at(0),
            at(50),
            at(99),
            at(100)
        )?;
    }
    Ok(())
}

/// A limit drops the future that exceeds it. Here that is what `pending` waits for: nothing.
async fn limits() -> Outcome {
    let mut out = io::stdout();
    let limit = Duration::from_millis(20);
    writeln!(out, "\nWith a limit of {limit:?}:")?;

    let start = Instant::now();
    let quick = async {
        sleep(limit / 4).await;
        "done"
    };
    match timeout(limit, quick).await {
        Ok(answer) => writeln!(out, "  quick: {answer} after {:.1?}", start.elapsed())?,
        Err(elapsed) => writeln!(out, "  quick: {elapsed}; the machine is busy")?,
    }

    let start = Instant::now();
    if let Err(elapsed) = timeout(limit, pending::<()>()).await {
        writeln!(out, "  stuck: {elapsed} after {:.1?}", start.elapsed())?;
    }
    Ok(())
}

/// The same late task, under each of the three policies for the ticks that it missed.
async fn missed_ticks() -> Outcome {
    let mut out = io::stdout();
    writeln!(
        out,
        "\nTicks every 10 ms, seen (in ms) by a task that is away for 35 ms after the second:"
    )?;
    for policy in [
        MissedTickBehavior::Burst,
        MissedTickBehavior::Delay,
        MissedTickBehavior::Skip,
    ] {
        let start = Instant::now();
        let mut ticks = interval(Duration::from_millis(10));
        ticks.set_missed_tick_behavior(policy);
        write!(out, "  {:<6}", format!("{policy:?}"))?;
        for tick in 1..=8 {
            ticks.tick().await;
            write!(out, " {:>3}", start.elapsed().as_millis())?;
            if tick == 2 {
                sleep(Duration::from_millis(35)).await;
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

/// What a server with an idle limit on each connection does: the deadline moves with every request and
/// is hardly ever reached.
async fn reset_storm() -> Outcome {
    const TIMERS: u32 = 10_000;
    const ROUNDS: u32 = 20;
    let mut out = io::stdout();

    let mut timers: Vec<Sleep> = (0..TIMERS).map(|_| sleep(Duration::MAX)).collect();
    for timer in &mut timers {
        // A timer runs from its first poll on.
        assert!(poll!(timer).is_pending(), "that deadline is far away");
    }

    let before = Handle::current().metrics().snapshot().reactor;
    let start = Instant::now();
    for round in 1..=ROUNDS {
        let deadline = start + Duration::from_secs(60) * round;
        timers.iter_mut().for_each(|timer| timer.reset(deadline));
    }
    let each = start.elapsed() / (TIMERS * ROUNDS);
    let calls = Handle::current().metrics().snapshot().reactor.enters - before.enters;
    writeln!(
        out,
        "\n{TIMERS} timers, reset {ROUNDS} times: {each:?} each, {calls} system calls"
    )?;

    let deadline = Instant::now() + Duration::from_millis(50);
    timers.iter_mut().for_each(|timer| timer.reset(deadline));
    sleep_until(deadline).await;
    for timer in timers {
        timer.await;
    }
    writeln!(
        out,
        "and all due at one instant: the last was seen {:.1?} after it",
        deadline.elapsed()
    )?;
    Ok(())
}
