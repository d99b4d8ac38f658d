//! What must hold before a change goes in. Cheap checks come first.

use std::path::Path;

use crate::command::{Command, Failure};
use crate::step::{Step, run_all};
use crate::{
    cli, examples, fmt, fuzz, instructions, lint, loom, manifest, matrix, package, sanitize, sim,
    soak, syscalls, tests, tidy,
};

/// Packages whose integration tests touch the kernel. Those are one target, `it`.
const ON_EVERY_BACKEND: [&str; 2] = ["uring-reactor", "uring-rt"];

/// Seconds that a full run gives to each fuzz target.
const FUZZ_SECONDS: u32 = 60;
/// Minutes that a full run gives to the soak.
const SOAK_MINUTES: f64 = 10.0;

pub(crate) fn run(root: &Path, full: bool) -> Result<(), Failure> {
    let mut steps = steps(root)?;
    if full {
        steps.extend(long_steps());
    }
    run_all(root, &steps)
}

/// What takes too long for each change. The faults on the real kernel and the
/// page guard are tests, and have run before.
fn long_steps() -> [Step; 4] {
    [
        Step::check("fuzz", |root| fuzz::run(root, FUZZ_SECONDS)),
        Step::check("sanitizers", |root| sanitize::run(root, None)),
        Step::check("soak", |root| soak::run(root, SOAK_MINUTES, false)),
        Step::check("matrix", |root| {
            matrix::run(root, &matrix::Filter::default())
        }),
    ]
}

fn steps(root: &Path) -> Result<Vec<Step>, Failure> {
    let docs = Command::cargo("doc --workspace --no-deps --all-features")
        .env("RUSTDOCFLAGS", "-Dwarnings");
    Ok(vec![
        Step::command("fmt", fmt(true)),
        Step::check("tidy", tidy::run),
        Step::command("clippy", lint()),
        Step::command("tests", tests(false)),
        tests_elsewhere("tests on epoll", "URING_RT_BACKEND", "epoll"),
        tests_elsewhere("tests on a plain ring", "URING_RT_RUNG", "D"),
        Step::command("loom", loom()),
        Step::commands(
            "simulation",
            vec![sim::programs(cli::SEEDS, 0), sim::planted()],
        ),
        Step::command("docs", docs),
        Step::commands("features", feature_combinations(root)?),
        Step::check("package", package::run),
        Step::command("examples", examples::build()),
        examples::step(),
        Step::check("syscalls", syscalls::run),
        Step::check("instructions", |root| instructions::run(root, false)),
    ])
}

/// The tests step ran on what the kernel gives, which is io_uring with deferred
/// task work wherever it can be had; here is another backend or rung.
fn tests_elsewhere(name: &'static str, variable: &'static str, value: &'static str) -> Step {
    let tests = ON_EVERY_BACKEND
        .map(|package| Command::cargo("test --all-features --test it --package").arg(package));
    let parity = Command::cargo("test --package parity --test on_uring");
    let commands = tests
        .into_iter()
        .chain([parity])
        .map(|command| command.env(variable, value));
    Step::commands(name, commands.collect())
}

fn as_fuzzed() -> Command {
    Command::cargo("check --package uring-reactor")
        .arg("--target-dir=target/fuzz-check")
        .env("RUSTFLAGS", "--cfg fuzzing")
}

/// The facade with no feature, with each alone, and with all; and the reactor as the fuzz targets see it, which are run
/// only now and then.
fn feature_combinations(root: &Path) -> Result<Vec<Command>, Failure> {
    let path = root.join("crates/uring-rt/Cargo.toml");
    let text = std::fs::read_to_string(&path).map_err(|error| Failure {
        reason: format!("{}: {error}", path.display()),
        rerun: "cargo xtask ci".to_owned(),
    })?;
    let check = || Command::cargo("check --package uring-rt");
    let none = check().arg("--no-default-features");
    let each = manifest::features(&text).into_iter().map(|feature| {
        check()
            .arg("--no-default-features")
            .arg("--features")
            .arg(feature)
    });
    Ok(std::iter::once(none)
        .chain(each)
        .chain([check().arg("--all-features"), as_fuzzed()])
        .collect())
}
