//! The structure of the reactor's timers beside others that it could be: docs/decisions/0034.
//!
//! - `timer-structures compare [ROUNDS]` measures processor time, in rounds that are interleaved.
//! - `timer-structures instructions` counts instructions, by valgrind.
//! - `timer-structures check [SEEDS]` only checks that all of them are right, which the others do first.
//! - `timer-structures once WORKLOAD STRUCTURE COUNT` is what valgrind runs.

mod check;
mod indexed;
mod instructions;
mod random;
mod structure;
mod table;
mod tree;
mod wheel;
mod workloads;

/// The reactor's own. Formatted and tested there.
#[rustfmt::skip]
#[expect(dead_code, reason = "not all of it is measured")]
#[path = "../../../crates/reactor/src/timers.rs"]
mod timers;

#[rustfmt::skip]
#[expect(dead_code, reason = "not all of it is needed")]
#[path = "../../../crates/reactor/src/wake_batch.rs"]
mod wake_batch;

use std::process::ExitCode;
use std::time::Duration;

use indexed::Indexed;
use timers::{Tick, Timers};
use tree::Tree;
use wheel::Wheel;
use workloads::{WORKLOADS, Workload, run, sleeps_until};

/// One that is compared. The first is the reactor's. `heap-4` is the same algorithm in the words of `heap-2` and
/// `heap-8`: where it differs from the first, it is not for the structure.
struct Candidate {
    name: &'static str,
    run: fn(&Workload, usize) -> Duration,
    check: fn(u64),
    sleeps_until: fn(Tick) -> usize,
}

const CANDIDATES: [Candidate; 6] = [
    candidate::<Timers>("reactor"),
    candidate::<Indexed<2>>("heap-2"),
    candidate::<Indexed<4>>("heap-4"),
    candidate::<Indexed<8>>("heap-8"),
    candidate::<Tree>("btree"),
    candidate::<Wheel>("wheel"),
];

const fn candidate<S: structure::Structure>(name: &'static str) -> Candidate {
    Candidate {
        name,
        run: run::<S>,
        check: check::check::<S>,
        sleeps_until: sleeps_until::<S>,
    }
}

const ROUNDS: usize = 15;
const SEEDS: u64 = 100;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        ["check"] => {
            check_all(SEEDS);
            Ok(())
        }
        ["check", seeds] => number(seeds).map(check_all),
        ["compare"] => {
            compare(ROUNDS);
            Ok(())
        }
        ["compare", rounds] => number(rounds).map(compare),
        ["instructions"] => count_instructions(),
        ["once", workload, structure, count] => once(workload, structure, count),
        _ => Err("compare [ROUNDS] | instructions | check [SEEDS]".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}

fn check_all(seeds: u64) {
    for candidate in &CANDIDATES {
        (0..seeds).for_each(candidate.check);
    }
}

fn compare(rounds: usize) {
    check_all(SEEDS);
    println!("{}", table::header(&names()));
    for workload in &WORKLOADS {
        let mut times = vec![Vec::new(); CANDIDATES.len()];
        for round in 0..rounds {
            // Each is the first once in a while.
            for at in 0..CANDIDATES.len() {
                let chosen = (at + round) % CANDIDATES.len();
                let spent = (CANDIDATES[chosen].run)(workload, workload.count);
                times[chosen].push(spent.as_secs_f64() * 1e9 / workload.count as f64);
            }
        }
        println!("{}", table::times(workload, &times));
    }
    println!("\nSleeps of a loop that does nothing else until a timer has fired:\n");
    println!("{}", table::header(&names()));
    for (title, deadline) in [
        ("due in 1 ms", workloads::MILLISECOND),
        ("due in 30 s", 30 * workloads::SECOND),
    ] {
        let counts = CANDIDATES.map(|candidate| (candidate.sleeps_until)(deadline).to_string());
        println!("{}", table::row(title, &counts));
    }
}

fn count_instructions() -> Result<(), String> {
    check_all(SEEDS);
    println!("{}", table::header(&names()));
    for workload in &WORKLOADS {
        let counts = CANDIDATES.map(|candidate| instructions::count(workload, candidate.name));
        let counts: Vec<f64> = counts.into_iter().collect::<Result<_, _>>()?;
        println!("{}", table::counts(workload, &counts));
    }
    Ok(())
}

fn names() -> [&'static str; CANDIDATES.len()] {
    CANDIDATES.map(|candidate| candidate.name)
}

fn once(workload: &str, structure: &str, count: &str) -> Result<(), String> {
    let known = WORKLOADS.iter().find(|known| known.name == workload);
    let workload = known.ok_or_else(|| format!("there is no workload `{workload}`"))?;
    let known = CANDIDATES.iter().find(|known| known.name == structure);
    let candidate = known.ok_or_else(|| format!("there is no structure `{structure}`"))?;
    (candidate.run)(workload, number(count)?);
    Ok(())
}
