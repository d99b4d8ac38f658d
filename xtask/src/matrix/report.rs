//! `docs/bench/kernels.md`: what ran on which kernel, and what could not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use super::initramfs::BACKENDS;
use super::log::{Log, Program};
use super::programs::LEFT_OUT;

/// One kernel's run.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) version: String,
    pub(super) log: Log,
    /// Where the whole log is.
    pub(super) path: PathBuf,
}

impl Row {
    /// One line for the terminal.
    pub(super) fn summary(&self) -> String {
        let counts = BACKENDS.map(|(backend, _)| format!("{} on {backend}", self.passed(backend)));
        format!(
            "linux {}: rung {}, passed {}, {} tests with a skip",
            self.version,
            self.driver("rung"),
            counts.join(" and "),
            self.skips()
                .values()
                .flatten()
                .collect::<BTreeSet<_>>()
                .len(),
        )
    }

    /// What is wrong, one line each; empty when all is well.
    pub(super) fn failures(&self) -> Vec<String> {
        let place = |what: String| format!("linux {}: {what}", self.version);
        let mut all = Vec::new();
        if !self.log.is_done {
            all.push(place("the machine stopped early".to_owned()));
        }
        for program in &self.log.programs {
            all.extend(failure(program).map(place));
        }
        all.extend(self.log.warnings.iter().map(|line| place(line.clone())));
        if !all.is_empty() {
            all.push(place(format!("the log is {}", self.path.display())));
        }
        all
    }

    fn passed(&self, backend: &str) -> u32 {
        let on_backend = self
            .log
            .programs
            .iter()
            .filter(|program| program.name.ends_with(backend));
        on_backend.map(|program| program.passed).sum()
    }

    fn driver(&self, name: &str) -> &str {
        let pair = self.log.driver.iter().find(|pair| pair.0 == name);
        pair.map_or("none", |pair| &pair.1)
    }

    /// The tests that gave each reason, by the name of the program.
    fn skips(&self) -> BTreeMap<&str, BTreeSet<String>> {
        let mut all: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for program in &self.log.programs {
            for skip in &program.skips {
                let test = format!("{}: {}", program.name, skip.test);
                all.entry(&skip.reason).or_default().insert(test);
            }
        }
        all
    }
}

fn failure(program: &Program) -> Option<String> {
    let name = &program.name;
    if program.ended == "ok" && program.failed.is_empty() {
        return None;
    }
    let tests = program.failed.join(", ");
    Some(format!("{name}: {}; {tests}", program.ended))
}

pub(super) fn write(path: &Path, rows: &[Row]) -> Result<(), String> {
    let failed = |error| format!("{}: {error}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(path, text(rows)).map_err(failed)
}

fn text(rows: &[Row]) -> String {
    let mut out = String::from(
        "# The tests on other kernels\n\n\
         Written by `cargo xtask matrix`, which boots each kernel in a virtual machine and runs \
         the static test programs of all crates there, once with the backend that the kernel \
         gives and once with `URING_RT_BACKEND=epoll`. The kernels are those of Debian, built \
         for a cloud.\n\n\
         | kernel | rung | passed on io_uring | passed on epoll | failed | tests with a skip |\n\
         |---|---|---|---|---|---|\n",
    );
    for row in rows {
        let skips = row.skips();
        let tests: BTreeSet<&String> = skips.values().flatten().collect();
        line(
            &mut out,
            &[
                &row.version,
                row.driver("rung"),
                &row.passed("io_uring").to_string(),
                &row.passed("epoll").to_string(),
                &row.failures().len().to_string(),
                &tests.len().to_string(),
            ],
        );
    }
    out += "\n## What the runtime found\n\n\
            | kernel | features in use | timers | not taken |\n|---|---|---|---|\n";
    for row in rows {
        let cells = ["features", "timers", "refused"].map(|name| row.driver(name));
        line(&mut out, &[&row.version, cells[0], cells[1], cells[2]]);
    }
    out += "\n## What was skipped, and why\n\n\
            A test that is skipped on one rung has run on the others.\n\n\
            | kernel | reason | tests |\n|---|---|---|\n";
    for row in rows {
        for (reason, tests) in row.skips() {
            line(&mut out, &[&row.version, reason, &some(&tests)]);
        }
    }
    out += "\nNot run in the machines at all:\n\n";
    for (name, reason) in LEFT_OUT {
        let _ = writeln!(out, "- `{name}`: {reason}.");
    }
    out
}

/// A few by name, many by number.
fn some(tests: &BTreeSet<String>) -> String {
    if tests.len() > 4 {
        return tests.len().to_string();
    }
    let names: Vec<&str> = tests.iter().map(String::as_str).collect();
    names.join("<br>")
}

fn line(out: &mut String, cells: &[&str]) {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}
