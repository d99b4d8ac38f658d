//! Everything comes and goes for minutes, in rounds; after each, the process must be as it was: fds, tasks, timers,
//! memory. Built with debug assertions (`cargo xtask soak`), the reactor checks itself in each turn as well.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program's output"
)]

mod churn;
mod random;
mod state;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use uring_rt::runtime::Runtime;

use churn::Counts;
use random::Random;
use state::{State, growth};

/// Rounds at least, so that there is something to compare.
const ROUNDS_MIN: u32 = 10;
/// A round is not longer than this.
const ROUND_MAX: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    match run() {
        Ok(row) => {
            println!("{row}");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("soak: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<String, String> {
    let length = parse(std::env::args().skip(1))?;
    let runtime = Runtime::new().map_err(|error| error.to_string())?;
    eprintln!("{}", runtime.driver());
    let round = ROUND_MAX.min(length / ROUNDS_MIN);
    let mut random = Random::new(1);
    let mut total = Counts::default();
    // What is made once and kept: the pool's threads, the allocator's first memory.
    total += runtime.block_on(churn::round(round, &mut random));
    let first = State::of(&runtime)?;
    let mut resident_kib = Vec::new();
    let start = Instant::now();
    while start.elapsed() < length {
        total += runtime.block_on(churn::round(round, &mut random));
        let state = State::of(&runtime)?;
        eprintln!("{:6.0} s  {state}  {total}", start.elapsed().as_secs_f64());
        if !state.is_as(&first) {
            return Err(format!("it was {first}, and is {state}"));
        }
        resident_kib.push(state.resident_kib);
    }
    let (early, late) = growth(&resident_kib)?;
    let driver = runtime.driver();
    let rung = driver.rung.map(|rung| format!(", rung {}", rung.name()));
    Ok(format!(
        "| {}{} | {:.1} | {} | {} | {} | {early} | {late} | {} |",
        driver.backend(),
        rung.unwrap_or_default(),
        start.elapsed().as_secs_f64() / 60.0,
        resident_kib.len(),
        total,
        first.fds,
        runtime.metrics().snapshot().reactor.turns,
    ))
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Duration, String> {
    const USAGE: &str = "usage: soak --minutes N";
    match (args.next().as_deref(), args.next(), args.next()) {
        (Some("--minutes"), Some(minutes), None) => minutes
            .parse()
            .ok()
            .filter(|minutes| (0.01..=100_000.0).contains(minutes))
            .map(|minutes: f64| Duration::from_secs_f64(minutes * 60.0))
            .ok_or_else(|| format!("no number of minutes: {minutes:?}")),
        _ => Err(USAGE.to_owned()),
    }
}
