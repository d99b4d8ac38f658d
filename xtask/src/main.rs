//! The project's own tasks: `cargo xtask help` lists them.
//!
//! Nothing but std, so that the first command in a fresh clone does not begin
//! with building an argument parser.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "talking to a terminal is its job"
)]

mod bench;
mod ci;
mod cli;
mod command;
mod coverage;
mod examples;
mod fuzz;
mod instructions;
mod manifest;
mod matrix;
mod package;
mod sanitize;
mod sim;
mod soak;
mod step;
mod syscalls;
mod tidy;

use cli::Task;
use command::Command;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect();
    let task = match cli::parse(&args) {
        Ok(task) => task,
        Err(mistake) => {
            eprintln!("xtask: {mistake}\n\n{}", cli::USAGE);
            return ExitCode::from(2);
        }
    };

    let root = root();
    let done = match task {
        Task::Help => {
            println!("{}", cli::USAGE);
            Ok(())
        }
        Task::Ci { full } => ci::run(&root, full),
        Task::Examples => examples::build_and_run(&root),
        Task::Syscalls => syscalls::run(&root),
        Task::Instructions { record } => instructions::run(&root, record),
        Task::Matrix(filter) => matrix::run(&root, &filter),
        Task::Sanitize(only) => sanitize::run(&root, only),
        Task::Fuzz { seconds } => fuzz::run(&root, seconds),
        Task::Loom => loom().run(&root),
        Task::Sim {
            seeds,
            from,
            coverage: true,
        } => coverage::run(&root, seeds, from),
        Task::Sim { seeds, from, .. } => sim::run(&root, seeds, from),
        Task::Bench(selection) => bench::run(&root, &selection),
        Task::Soak { minutes, record } => soak::run(&root, minutes, record),
        Task::Tidy => tidy::run(&root),
        Task::Package => package::run(&root),
        Task::Test { release } => tests(release).run(&root),
        Task::Lint => lint().run(&root),
        Task::Fmt { check } => fmt(check).run(&root),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// The workspace: this package is a folder of it.
fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_owned()
}

fn tests(release: bool) -> Command {
    let command = Command::cargo("test --workspace --all-features");
    if release {
        command.arg("--release")
    } else {
        command
    }
}

/// The models are unit tests whose names begin with `loom_`; everything else
/// would meet loom's atomics outside of a model. More than three preemptions
/// are possible, and take hours.
fn loom() -> Command {
    Command::cargo("test --package uring-executor --package uring-reactor --lib")
        .arg("--target-dir=target/loom")
        .arg("loom_")
        .env("RUSTFLAGS", "--cfg loom")
        .env("LOOM_MAX_PREEMPTIONS", "3")
}

fn lint() -> Command {
    Command::cargo("clippy --workspace --all-targets --all-features -- -D warnings")
}

fn fmt(check: bool) -> Command {
    let command = Command::cargo("fmt --all");
    if check {
        command.arg("--check")
    } else {
        command
    }
}
