//! The same workloads on this runtime and its peers, side by side, and the pages that say how it went.
//!
//! What is measured, and on what, is in the package `benches`, which is a workspace of its own. Each round of each
//! workload on each runtime is a process of its own, and the rounds are interleaved: what disturbs the machine for a
//! while disturbs all of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use crate::command::{Command, Failure, without_settings};

mod catalog;
mod cold_build;
mod machine;
mod picture;
mod report;
mod results;
mod statistics;

use catalog::{Catalog, Workload};
use machine::Machine;
use results::{Results, Round};

/// How much of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    /// Few and short rounds: to see whether it works, not to compare.
    pub(crate) quick: bool,
    /// Also what takes long: builds from nothing.
    pub(crate) full: bool,
    /// Only the group, or the workload, of this name.
    pub(crate) only: Option<String>,
}

impl Selection {
    fn rounds(&self) -> usize {
        if self.quick { 3 } else { 9 }
    }

    /// How long a round is. Twice as long ones took 21 minutes together, and had the same quartiles.
    fn scale(&self) -> &'static str {
        if self.quick { "0.2" } else { "0.5" }
    }

    fn takes(&self, workload: &Workload) -> bool {
        let only = self.only.as_deref();
        only.is_none_or(|only| only == workload.name || only == workload.group)
    }

    /// As one types it.
    fn command(&self) -> String {
        let quick = if self.quick { " --quick" } else { "" };
        let full = if self.full { " --full" } else { "" };
        let only = self.only.as_deref();
        let only = only.map_or_else(String::new, |only| format!(" --only {only}"));
        format!("cargo xtask bench{quick}{full}{only}")
    }
}

const MANIFEST: &str = "benches/Cargo.toml";
/// Beside what the workspace makes, which has other features and another lock file.
const TARGET: &str = "target/benches";
const PROGRAM: &str = "target/benches/release/uring-rt-benches";
/// Where the pages go that are worth keeping.
const PAGES: &str = "docs/bench/speed";
/// Where the others go: quick ones, and parts of a group.
const SCRATCH: &str = "target/benches/pages";

pub(crate) fn run(root: &Path, selection: &Selection) -> Result<(), Failure> {
    cargo("fmt --check --package uring-rt-benches --package timer-structures").run(root)?;
    // All of it, so that what is run by hand builds too.
    cargo("build --release --workspace")
        .arg(format!("--target-dir={TARGET}"))
        .run(root)?;
    measure_and_report(root, selection).map_err(|reason| Failure {
        reason,
        rerun: selection.command(),
    })
}

fn cargo(task: &str) -> Command {
    Command::cargo(task).arg(format!("--manifest-path={MANIFEST}"))
}

fn measure_and_report(root: &Path, selection: &Selection) -> Result<(), String> {
    let program = root.join(PROGRAM);
    let mut catalog = Catalog::parse(&output(&program, &["list"])?)?;
    if selection.full {
        catalog.workloads.push(cold_build::workload());
    }
    let chosen: Vec<&Workload> = catalog
        .workloads
        .iter()
        .filter(|workload| selection.takes(workload))
        .collect();
    if chosen.is_empty() {
        return Err("no workload and no group has this name".to_owned());
    }
    let peers: Vec<String> = chosen
        .iter()
        .flat_map(|workload| workload.runtimes.clone())
        .collect();
    // Before the pages are written, which makes the tree dirty.
    let machine = Machine::look(root, &peers);
    let results = measure(root, &chosen, selection);
    let failed: Vec<&str> = chosen
        .iter()
        .filter(|workload| !results.failures(&workload.name, report::OURS).is_empty())
        .map(|workload| &*workload.name)
        .collect();
    for group in catalog.groups() {
        let all: Vec<&Workload> = catalog.of_group(group).collect();
        let part: Vec<&Workload> = all
            .iter()
            .copied()
            .filter(|workload| selection.takes(workload))
            .collect();
        if part.is_empty() {
            continue;
        }
        let page = report::page(group, &part, &results, &machine, &selection.command());
        let is_kept = !selection.quick && part.len() == all.len() && failed.is_empty();
        let folder = if is_kept { PAGES } else { SCRATCH };
        let path = write(root, folder, &format!("{group}.md"), &page)?;
        let picture = picture::picture(group, &part, &results);
        write(root, folder, &format!("{group}.svg"), &picture)?;
        println!("\n{}", report::medians(&part, &results));
        println!("{}", report::targets(&part, &results));
        println!("written: {}", path.display());
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(format!("a round of ours failed: {}", failed.join(", ")))
}

/// Runs every round of every workload on every runtime.
fn measure(root: &Path, workloads: &[&Workload], selection: &Selection) -> Results {
    let (core, load_core) = machine::cores();
    let cores = [core.to_string(), load_core.to_string()];
    let mut results = Results::default();
    for number in 0..selection.rounds() {
        println!("round {} of {}", number + 1, selection.rounds());
        for workload in workloads {
            // Each is the first of a round once in a while.
            let count = workload.runtimes.len();
            for at in 0..count {
                let runtime = &workload.runtimes[(at + number) % count];
                let round = one_round(root, workload, runtime, selection.scale(), &cores);
                if let Err(reason) = &round {
                    println!("{} on {runtime}: {reason}", workload.name);
                }
                results.add(&workload.name, runtime, round);
            }
        }
    }
    results
}

fn one_round(
    root: &Path,
    workload: &Workload,
    runtime: &str,
    scale: &str,
    cores: &[String; 2],
) -> Round {
    if workload.name == cold_build::NAME {
        return cold_build::round(root, runtime);
    }
    let [core, load_core] = cores;
    let args = ["run", &workload.name, runtime, scale, core, load_core];
    results::parse_round(&output(&root.join(PROGRAM), &args)?)
}

/// What the program prints. It ends itself when it takes too long.
fn output(program: &Path, args: &[&str]) -> Result<String, String> {
    let output = without_settings(&mut Process::new(program))
        .args(args)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{} could not be started: {error}", program.display()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    Err(format!("it ended with {}: {said}", output.status))
}

fn write(root: &Path, folder: &str, name: &str, text: &str) -> Result<PathBuf, String> {
    let path = Path::new(folder).join(name);
    let written = fs::create_dir_all(root.join(folder))
        .and_then(|()| fs::write(root.join(&path), text))
        .map_err(|error| format!("{}: {error}", path.display()));
    written.map(|()| path)
}

#[cfg(test)]
mod tests {
    use super::Selection;
    use super::catalog::Workload;

    #[test]
    fn a_selection_is_by_group_or_by_workload() {
        let workload = Workload {
            name: "spawn".to_owned(),
            group: "tasks".to_owned(),
            ..Workload::default()
        };
        let takes = |only: Option<&str>| {
            let only = only.map(str::to_owned);
            Selection {
                only,
                ..Selection::default()
            }
            .takes(&workload)
        };
        assert!(takes(None) && takes(Some("tasks")) && takes(Some("spawn")));
        assert!(!takes(Some("task")));
    }

    #[test]
    fn a_command_can_be_repeated() {
        let selection = Selection {
            quick: true,
            full: true,
            only: Some("tasks".to_owned()),
        };
        assert_eq!(
            selection.command(),
            "cargo xtask bench --quick --full --only tasks"
        );
        assert_eq!(Selection::default().command(), "cargo xtask bench");
    }
}
