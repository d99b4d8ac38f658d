//! Running programs: a few in every test run, many by `cargo xtask sim`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::planted::{Planted, plant};
use crate::simulation::program::{Program, Story};
use crate::simulation::uses;

/// Steps of a program.
const STEPS: u64 = 1000;
/// Programs without a reactor, one after another, until something is wrong; one in twenty is.
const MOST_REFUSED: u64 = 20;
/// Between the seed of such a program and that of the next try: more than anybody runs.
const OTHERS: u64 = 1 << 32;
/// Programs that may fail until the others are not run.
const MOST_FAILURES: usize = 100;
/// Lines of the story that are printed.
const STORY: usize = 100000;
/// Programs, and the seed of the first, when `cargo xtask sim` runs this.
const SEEDS_VARIABLE: &str = "URING_SIM_SEEDS";
const FROM_VARIABLE: &str = "URING_SIM_FROM";
/// Programs in an ordinary test run.
const FEW: u64 = 60;

/// A program takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a program failed.
#[derive(Debug)]
struct Failed {
    seed: u64,
    reason: String,
}

/// Runs one program. `Ok`: what two runs of it agree on.
fn run(seed: u64, story: Option<Story>) -> Result<u64, Failed> {
    let ended = catch_unwind(AssertUnwindSafe(|| run_steps(seed, story)));
    let reason = match ended {
        Ok(Ok(digest)) => return Ok(digest),
        Ok(Err(reason)) => reason,
        Err(payload) => match payload.downcast_ref::<String>() {
            Some(text) => format!("panic: {text}"),
            None => format!("panic: {:?}", payload.downcast_ref::<&str>()),
        },
    };
    Err(Failed { seed, reason })
}

fn run_steps(seed: u64, story: Option<Story>) -> Result<u64, String> {
    uses::run(seed);
    let mut program = begin(seed, story)?;
    for step in 0..STEPS {
        if let Some(wrong) = program.step() {
            return Err(format!("step {step}: {wrong}"));
        }
    }
    program.finish().map_err(|wrong| format!("end: {wrong}"))
}

/// The program of a seed. Where a demanded ring is refused, rightly, there is none, and another takes its place: each
/// seed is one program.
fn begin(seed: u64, story: Option<Story>) -> Result<Program, String> {
    for attempt in 0..MOST_REFUSED {
        if let Some(program) = Program::new(seed + attempt * OTHERS, story.clone())? {
            return Ok(program);
        }
        if let Some(story) = &story {
            story.lock().clear();
        }
    }
    Err(format!("no reactor {MOST_REFUSED} times in a row"))
}

/// Runs the programs of these seeds on all cores. `Ok`: how many have run all their steps.
#[expect(clippy::print_stdout, reason = "a program that does not end is named")]
fn run_all(from: u64, seeds: u64) -> Result<u64, Failed> {
    let next = AtomicU64::new(from);
    let programs = AtomicU64::new(0);
    let failed = Mutex::new(Vec::new());
    let (done, ended) = mpsc::channel();
    let work = |current: &AtomicU64, done: mpsc::Sender<()>| {
        while failed.lock().len() < MOST_FAILURES {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= from + seeds {
                break;
            }
            current.store(seed, Ordering::Relaxed);
            match run(seed, None) {
                Ok(_) => {
                    programs.fetch_add(1, Ordering::Relaxed);
                }
                Err(failure) => {
                    println!("seed {}: {}", failure.seed, failure.reason);
                    failed.lock().push(failure);
                }
            }
        }
        drop(done);
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let current: Vec<AtomicU64> = (0..threads).map(|_| AtomicU64::new(0)).collect();
    std::thread::scope(|scope| {
        let start = |current| {
            let done = done.clone();
            let work = &work;
            scope.spawn(move || work(current, done))
        };
        let threads: Vec<_> = current.iter().map(start).collect();
        drop(done);
        let mut before = Vec::new();
        while ended.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
            let now: Vec<u64> = current
                .iter()
                .map(|seed| seed.load(Ordering::Relaxed))
                .collect();
            for stuck in now.iter().filter(|seed| before.contains(*seed)) {
                println!("seed {stuck} has been running for {} s", PATIENCE.as_secs());
            }
            before = now;
        }
        // The scope waits for the work alone, and not for what a thread still has of it.
        for thread in threads {
            thread.join().expect("each program's panic is caught");
        }
    });
    match failed
        .into_inner()
        .into_iter()
        .min_by_key(|failure| failure.seed)
    {
        Some(failure) => Err(failure),
        None => Ok(programs.into_inner()),
    }
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |value| value.parse().expect("a number"))
}

/// Tells what led to the failure, and how to see it again.
#[expect(
    clippy::print_stdout,
    reason = "a failure is told to whoever runs the tests"
)]
fn report(failure: &Failed) {
    let story = Story::default();
    drop(run(failure.seed, Some(Arc::clone(&story))));
    let story = story.lock();
    // The plan, and how it ended.
    let skipped = story.len().saturating_sub(STORY).max(1);
    for line in story.iter().take(1).chain(story.iter().skip(skipped)) {
        println!("  {line}");
    }
    println!("seed {}: {}", failure.seed, failure.reason);
    println!(
        "to see it again:\n    cargo xtask sim --seeds 1 --from {}",
        failure.seed
    );
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "how much was run is what one wants to know"
)]
fn random_programs_keep_every_promise() {
    let (from, seeds) = (number(FROM_VARIABLE, 0), number(SEEDS_VARIABLE, FEW));
    let began = std::time::Instant::now();
    match run_all(from, seeds) {
        Ok(programs) => println!(
            "simulation: seeds {from} to {}: {programs} programs, {} steps, {:.1} s",
            from + seeds - 1,
            programs * STEPS,
            began.elapsed().as_secs_f64()
        ),
        Err(failure) => {
            report(&failure);
            panic!("seed {}: {}", failure.seed, failure.reason);
        }
    }
}

#[test]
fn a_seed_gives_the_same_run_each_time() {
    for seed in 0..5 {
        let (first, second) = (run(seed, None), run(seed, Some(Story::default())));
        assert_eq!(first.unwrap(), second.unwrap(), "seed {seed}");
    }
}

/// The check of the checker: each of these bugs must be found, and soon.
fn is_found(bug: Planted) {
    const SEEDS: u64 = 1000;
    plant(Some(bug));
    let found = (0..SEEDS).find_map(|seed| run(seed, None).err());
    plant(None);
    let found = found.unwrap_or_else(|| panic!("{bug:?} passes {SEEDS} programs"));
    // Without the bug, the same program is right.
    assert!(
        run(found.seed, None).is_ok(),
        "seed {}: {}",
        found.seed,
        found.reason
    );
}

#[test]
fn a_completion_without_its_generation_check_is_found() {
    is_found(Planted::GenerationUnchecked);
}

#[test]
fn a_removal_that_is_dropped_on_a_full_queue_is_found() {
    is_found(Planted::RemovalDropped);
}

#[test]
fn readiness_that_is_not_cleared_is_found() {
    is_found(Planted::ReadyKept);
}
