//! Random programs on a simulated kernel. They are a test of the reactor's own,
//! since the simulation replaces what is below its public API; here it is run
//! optimized, with every assertion, on as many seeds as one likes.

use std::path::Path;

use crate::command::{Command, Failure};

pub(crate) fn run(root: &Path, seeds: u64, from: u64) -> Result<(), Failure> {
    programs(seeds, from).run(root)
}

/// The programs of these seeds. Those of a failure are named in its output, with
/// the command that runs them again.
pub(crate) fn programs(seeds: u64, from: u64) -> Command {
    let range = range(seeds, from).into_iter();
    range.fold(tests("random_programs"), |tests, (name, value)| {
        tests.env(name, value)
    })
}

/// How the test program is told which seeds.
pub(crate) fn range(seeds: u64, from: u64) -> [(&'static str, String); 2] {
    [
        ("URING_SIM_SEEDS", seeds.to_string()),
        ("URING_SIM_FROM", from.to_string()),
    ]
}

/// Whether bugs that are put in on purpose are found.
pub(crate) fn planted() -> Command {
    tests("is_found")
}

fn tests(name: &str) -> Command {
    Command::cargo("test --profile sim --package uring-reactor --lib")
        .arg(name)
        .arg("--")
        .arg("--nocapture")
}
