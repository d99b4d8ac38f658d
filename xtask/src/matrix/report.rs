//! `docs/bench/kernels.md`: what ran on which kernel, and what could not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use super::kernels::Kernel;
use super::log::{self, Log, Program};
use super::programs::LEFT_OUT;

/// One kernel's run.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) version: String,
    pub(super) log: Log,
    /// Where the whole log is.
    pub(super) path: PathBuf,
}

/// The columns of the main table: which programs are counted there.
const COLUMNS: [(&str, &str, &str); 5] = [
    ("uring-sys", "uring-sys/", ""),
    ("uring-reactor", "uring-reactor/", ""),
    ("uring-executor", "uring-executor/", ""),
    ("uring-rt on io_uring", "uring-rt/", "/io_uring"),
    ("uring-rt on epoll", "uring-rt/", "/epoll"),
];

impl Row {
    pub(super) fn read(kernel: &Kernel, path: PathBuf) -> Result<Self, String> {
        let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        // The guest's console ends lines as a terminal does.
        let text = String::from_utf8_lossy(&bytes).replace('\r', "");
        Ok(Self {
            version: kernel.version.clone(),
            log: log::parse(&text),
            path,
        })
    }

    /// One line for the terminal.
    pub(super) fn summary(&self) -> String {
        let counts =
            COLUMNS.map(|(name, start, end)| format!("{name}: {}", self.passed(start, end)));
        format!(
            "linux {}: rung {}; passed: {}; skipped: {}",
            self.version,
            self.driver("rung"),
            counts.join(", "),
            self.skips().values().map(BTreeSet::len).sum::<usize>(),
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

    fn passed(&self, start: &str, end: &str) -> u32 {
        let counted =
            |program: &&Program| program.name.starts_with(start) && program.name.ends_with(end);
        let programs = self.log.programs.iter().filter(counted);
        programs.map(|program| program.passed).sum()
    }

    /// How many of the reactor's tests ran in this way.
    fn ran(&self, way: &str) -> u32 {
        let count = |program: &Program| program.ways.get(way).copied();
        self.log.programs.iter().filter_map(count).sum()
    }

    /// Tests that failed, and whatever else went wrong.
    fn failed(&self) -> usize {
        let in_programs = self.log.programs.iter().map(|program| {
            let is_wrong = failure(program).is_some();
            program.failed.len().max(usize::from(is_wrong))
        });
        in_programs.sum::<usize>() + self.log.warnings.len() + usize::from(!self.log.is_done)
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
         the static test programs of the crates there. The kernels are those of Debian, built for \
         a cloud.\n\n\
         ## Tests passed\n\n\
         The facade's run twice: on what the kernel gives, and with `URING_RT_BACKEND=epoll`. Each \
         of the reactor's runs on every rung that there is and on epoll; the second table counts \
         those runs.\n\n",
    );
    let names = COLUMNS.map(|(name, _, _)| name);
    head(
        &mut out,
        &[&["kernel", "rung"][..], &names, &["failed", "commit"]].concat(),
    );
    for row in rows {
        let passed = COLUMNS.map(|(_, start, end)| row.passed(start, end).to_string());
        let mut cells = vec![row.version.clone(), row.driver("rung").to_owned()];
        cells.extend(passed);
        cells.push(row.failed().to_string());
        cells.push(row.log.commit.clone());
        line(&mut out, &cells);
    }
    out.push('\n');
    let programs = rows.iter().flat_map(|row| &row.log.programs);
    let ways: BTreeSet<&str> = programs
        .flat_map(|program| program.ways.keys())
        .map(String::as_str)
        .collect();
    let ways: Vec<&str> = ways.into_iter().collect();
    head(&mut out, &[&["kernel"][..], &ways].concat());
    for row in rows {
        let mut cells = vec![row.version.clone()];
        cells.extend(ways.iter().map(|way| row.ran(way).to_string()));
        line(&mut out, &cells);
    }
    out += "\n## What the runtime found\n\n";
    head(
        &mut out,
        &["kernel", "features in use", "timers", "entries"],
    );
    for row in rows {
        let cells = ["features", "timers", "entries"].map(|name| row.driver(name));
        let cells = [row.version.as_str()].into_iter().chain(cells);
        line(&mut out, &cells.map(str::to_owned).collect::<Vec<_>>());
    }
    out += "\n## Skipped, and why\n\n\
            What is skipped on one rung has run on those that the kernel has.\n\n";
    head(&mut out, &["kernel", "reason", "tests"]);
    for row in rows {
        for (reason, tests) in row.skips() {
            line(
                &mut out,
                &[row.version.clone(), reason.to_owned(), some(&tests)],
            );
        }
    }
    out += "\nNot run in the machines at all:\n\n";
    for (name, reason) in LEFT_OUT {
        let _ = writeln!(out, "- `{name}`: {reason}.");
    }
    out
}

fn head(out: &mut String, names: &[&str]) {
    let _ = writeln!(out, "| {} |", names.join(" | "));
    let _ = writeln!(out, "|{}", "---|".repeat(names.len()));
}

/// A few by name, many by number.
fn some(tests: &BTreeSet<String>) -> String {
    if tests.len() > 4 {
        return tests.len().to_string();
    }
    let names: Vec<&str> = tests.iter().map(String::as_str).collect();
    names.join("<br>")
}

fn line(out: &mut String, cells: &[String]) {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}

#[cfg(test)]
mod tests {
    use super::{Row, log, text};

    fn row(text: &str) -> Row {
        Row {
            version: "6.1".to_owned(),
            log: log::parse(text),
            path: "6.1.log".into(),
        }
    }

    #[test]
    fn the_facade_is_counted_by_backend_and_the_reactor_by_what_it_ran_on() {
        let row = row("@@ commit abc\n\
             @@ begin driver/io_uring\nrung      B (Linux 6.1+)\n@@ end x after 1 s: ok\n\
             @@ begin uring-reactor/it\ntest a ... skipped on rung A: no\non rung B\non epoll\nok\n\
             test result: ok. 3 passed; 0 ignored\n@@ end x after 1 s: ok\n\
             @@ begin uring-rt/it/io_uring\ntest result: ok. 5 passed; 0 ignored\n\
             @@ end x after 1 s: ok\n\
             @@ begin uring-rt/it/epoll\ntest result: ok. 4 passed; 0 ignored\n\
             @@ end x after 1 s: ok\n@@ done\n");
        assert_eq!(row.failures(), [""; 0]);
        let report = text(&[row]);
        for line in [
            "| 6.1 | B (Linux 6.1+) | 0 | 3 | 0 | 5 | 4 | 0 | abc |",
            "| kernel | epoll | rung B |",
            "| 6.1 | 1 | 1 |",
            "| 6.1 | on rung A: no | uring-reactor/it: a |",
        ] {
            assert!(report.contains(line), "{line} is not in\n{report}");
        }
    }

    #[test]
    fn a_program_that_was_stopped_is_a_failure() {
        let row = row("@@ begin uring-rt/it/epoll\n@@ end x after 9 s: stopped after 9 s\n");
        assert_eq!(row.failed(), 2, "and the machine did not come to its end");
        assert_eq!(row.failures().len(), 3, "with the path of the log");
    }
}
