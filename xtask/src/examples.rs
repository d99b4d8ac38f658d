//! Examples are whole programs: they are built as their users would build
//! them, and run.

use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::command::{Command, Failure};
use crate::step::Step;

/// What is run, as in a shell: the example's name and arguments that make it
/// short. An example that is listed here and does not exist is a failure.
///
/// The list fills with the examples of the facade, each on both backends, as
/// in `"echo --secs 1 --clients 8 --backend io_uring"`.
const RUNS: [&str; 0] = [];

/// Longer than any of them takes on a slow machine. What hangs must end.
const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) fn build() -> Command {
    Command::cargo("build --release --workspace --all-features --examples")
}

pub(crate) fn step() -> Step {
    let name = "example runs";
    if RUNS.is_empty() {
        return Step::nothing(name, "no run is listed in xtask/src/examples.rs");
    }
    Step::check(name, run)
}

pub(crate) fn build_one(name: &str) -> Command {
    Command::cargo("build --release --package uring-rt --all-features --example").arg(name)
}

fn run(root: &Path) -> Result<(), Failure> {
    RUNS.iter().try_for_each(|line| {
        println!("$ {line}");
        run_one(root, line).map_err(|reason| {
            let (name, args) = line.split_once(' ').unwrap_or((line, ""));
            let rerun = format!(
                "cargo run --release --package uring-rt --all-features --example {name} -- {args}"
            );
            Failure {
                reason: format!("`{line}` {reason}"),
                rerun,
            }
        })
    })
}

/// Runs the built program itself: were it cargo that is stopped at the
/// deadline, the program would live on.
fn run_one(root: &Path, line: &str) -> Result<(), String> {
    let mut words = line.split_whitespace();
    let program = program(root, words.next().unwrap_or_default());
    let mut child = Process::new(program)
        .args(words)
        .current_dir(root)
        .stdin(Stdio::null())
        .spawn()
        .map_err(|error| format!("could not be started: {error}"))?;
    match wait(&mut child, DEADLINE) {
        Ok(Some(status)) if status.success() => Ok(()),
        Ok(Some(status)) => Err(format!("ended with {status}")),
        Ok(None) => Err(format!("was still running after {} s", DEADLINE.as_secs())),
        Err(error) => Err(format!("could not be waited for: {error}")),
    }
}

/// The status, or `None` when the time was over and the child was killed.
fn wait(child: &mut Child, limit: Duration) -> std::io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(Duration::from_millis(20));
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

/// The built program of an example.
pub(crate) fn program(root: &Path, name: &str) -> PathBuf {
    target_dir(root).join("release/examples").join(name)
}

pub(crate) fn target_dir(root: &Path) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    root.join(target)
}

#[cfg(test)]
mod tests {
    use super::wait;
    use std::process::Command;
    use std::time::Duration;

    #[test]
    fn a_program_that_ends_gives_its_status() {
        let mut child = Command::new("sh")
            .args(["-c", "exit 3"])
            .spawn()
            .expect("sh");
        let status = wait(&mut child, Duration::from_secs(60)).expect("wait");
        assert_eq!(status.and_then(|status| status.code()), Some(3));
    }

    #[test]
    fn a_program_that_hangs_is_killed_at_the_deadline() {
        let mut child = Command::new("sleep").arg("1000").spawn().expect("sleep");
        assert_eq!(wait(&mut child, Duration::ZERO).expect("wait"), None);
        assert!(child.try_wait().expect("reaped").is_some());
    }
}
