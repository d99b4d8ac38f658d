//! The example `soak` for minutes, on the best ring, on the code for Linux 5.1
//! and on epoll.

use std::fs;
use std::io;
use std::path::Path;

use crate::command::{Command, Failure};

/// Where the report goes, below the workspace.
const REPORT: &str = "docs/bench/soak.md";

/// The environment of each run, and its share of the time.
const RUNS: [(&str, &str, f64); 3] = [
    ("URING_RT_RUNG", "A", 0.5),
    ("URING_RT_RUNG", "F", 0.25),
    ("URING_RT_BACKEND", "epoll", 0.25),
];

pub(crate) fn run(root: &Path, minutes: f64, record: bool) -> Result<(), Failure> {
    let mut rows = String::new();
    for (name, value, share) in RUNS {
        let minutes = minutes * share;
        // Debug assertions stay on in this profile.
        let soak = Command::cargo("run --profile soak --package uring-rt --all-features")
            .arg("--example=soak")
            .arg("--")
            .arg("--minutes")
            .arg(minutes.to_string())
            .env(name, value);
        rows += &soak.output(root)?;
    }
    print!("{rows}");
    if record {
        let path = root.join(REPORT);
        write(&path, &report(&rows)).map_err(|error| Failure {
            reason: format!("{}: {error}", path.display()),
            rerun: format!("cargo xtask soak --minutes {minutes} --record"),
        })?;
        println!("written: {REPORT}");
    }
    Ok(())
}

/// The folder may not be there yet.
fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}

fn report(rows: &str) -> String {
    format!(
        "\
# Soak

Written by `cargo xtask soak --minutes N --record`. In rounds of up to five
seconds, connections, waits, timers, tasks and wakes from other threads come and
go (`crates/uring-rt/examples/soak`). After each round the process has exactly
the file descriptors, tasks, sources and timers of the first one, or the run
fails. The resident memory is the median of the first third of the rounds and of
the last; more than 2 MiB, or a twentieth, between them is a failure. The
reactor checks its invariants in each turn.

| backend | minutes | rounds | what came and went | fds | early, KiB | late, KiB | turns |
|---|---|---|---|---|---|---|---|
{rows}"
    )
}
