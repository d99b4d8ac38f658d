//! Which lines of the reactor the simulation reaches. LLVM counts them; what is
//! test code is left out here, line by line, because it stands in the same files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;

use crate::command::{Command, Failure};
use crate::sim;

/// The least that is to be reached, in percent of the lines.
const FLOOR: f64 = 95.0;

const SOURCE: &str = "crates/reactor/src";
/// Below this only the running kernel's arms are left, which a simulated one cannot take.
const SEAM: &str = "backend/kernel";
/// The simulation itself, tests that fill a file, bugs that tests put in.
const TEST_FILES: [&str; 6] = [
    "simulation",
    "backend/sim",
    "tests.rs",
    "timers/tests",
    "fuzzing.rs",
    "planted.rs",
];

/// The lines of one file that have code: how often each ran.
type Lines = BTreeMap<usize, u64>;

/// Runs the programs of these seeds and the regressions, and prints the table.
pub(crate) fn run(root: &Path, seeds: u64, from: u64) -> Result<(), Failure> {
    let rerun = format!("cargo xtask sim --coverage --seeds {seeds} --from {from}");
    let fail = |reason: String| Failure {
        reason,
        rerun: rerun.clone(),
    };
    let tool = |name: &str| {
        find(name).ok_or_else(|| {
            fail(format!(
                "there is no {name}: `apt-get install llvm-19`, or any newer one, has it"
            ))
        })
    };
    let (profdata, cov) = (tool("llvm-profdata")?, tool("llvm-cov")?);
    let folder = root.join("target/coverage");
    let build = build(&folder);
    let program = executable(&build.output(root)?)
        .ok_or_else(|| fail("cargo names no test program".to_owned()))?;
    let (raw, merged) = (folder.join("sim.profraw"), folder.join("sim.profdata"));
    let mut tests = process::Command::new(&program);
    tests
        .args(["simulation::", "--skip", "is_found", "--nocapture"])
        .env("LLVM_PROFILE_FILE", &raw)
        .envs(sim::range(seeds, from))
        .current_dir(root.join("crates/reactor"));
    let mut merge = process::Command::new(profdata);
    merge.args(["merge", "-sparse"]).arg(&raw);
    merge.arg("-o").arg(&merged);
    let mut export = process::Command::new(cov);
    export.args(["export", "-format=lcov"]).arg(&program);
    export.arg("-instr-profile").arg(&merged);
    output(tests.stdout(process::Stdio::inherit())).map_err(fail)?;
    output(&mut merge).map_err(fail)?;
    let lcov = output(&mut export).map_err(fail)?;
    let percent = report(root, &read(&lcov)).map_err(fail)?;
    if percent < FLOOR {
        return Err(fail(format!("{percent:.1} % is less than {FLOOR} %")));
    }
    Ok(())
}

fn build(folder: &Path) -> Command {
    let folder = folder.display().to_string();
    Command::cargo("test --profile sim --package uring-reactor --lib --no-run")
        .arg("--message-format=json-render-diagnostics")
        .env("RUSTFLAGS", "-Cinstrument-coverage")
        // Build scripts are instrumented, too, and write theirs.
        .env("LLVM_PROFILE_FILE", format!("{folder}/build.profraw"))
        .env("CARGO_TARGET_DIR", folder)
}

/// The program that cargo's messages name.
fn executable(messages: &str) -> Option<PathBuf> {
    let mut named = messages.lines().filter_map(|line| {
        let (_, rest) = line.split_once("\"executable\":\"")?;
        Some(PathBuf::from(rest.split_once('"')?.0))
    });
    named.next_back()
}

/// The tool, by its own name or with the version that Debian adds.
fn find(name: &str) -> Option<String> {
    let versions = (19..=30).map(|version| format!("{name}-{version}"));
    let mut names = versions.chain([name.to_owned()]);
    names.find(|name| {
        let mut question = process::Command::new(name);
        let answer = question.arg("--version").output();
        answer.is_ok_and(|answer| answer.status.success())
    })
}

/// What it prints. An error says which command failed.
fn output(command: &mut process::Command) -> Result<String, String> {
    let ended = command
        .stdin(process::Stdio::null())
        .stderr(process::Stdio::inherit())
        .output();
    let reason = match ended {
        Ok(output) if output.status.success() => {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Ok(output) => output.status.to_string(),
        Err(error) => error.to_string(),
    };
    Err(format!("{}: {reason}", command.get_program().display()))
}

/// The lines of the reactor's files, by their names below [`SOURCE`].
fn read(lcov: &str) -> BTreeMap<String, Lines> {
    let mut files = BTreeMap::new();
    let mut current: Option<&mut Lines> = None;
    for line in lcov.lines() {
        if let Some(path) = line.strip_prefix("SF:") {
            let name = path.split_once(&format!("{SOURCE}/")).map(|(_, name)| name);
            let name = name.filter(|name| !TEST_FILES.iter().any(|test| name.contains(test)));
            current = name.map(|name| files.entry(name.to_owned()).or_default());
        } else if let (Some(lines), Some(data)) = (&mut current, line.strip_prefix("DA:")) {
            let mut numbers = data.split(',').map(str::parse::<u64>);
            if let (Some(Ok(line)), Some(Ok(count))) = (numbers.next(), numbers.next()) {
                let line = usize::try_from(line).unwrap_or(0);
                *lines.entry(line).or_insert(0) += count;
            }
        }
    }
    files
}

/// The numbers of the lines that only a test build has: each item after a `cfg` of tests, to its end.
fn of_tests(source: &str) -> Vec<usize> {
    let mut skipped = Vec::new();
    let mut depth = None;
    for (at, line) in source.lines().enumerate() {
        let text = line.trim();
        if let Some(open) = &mut depth {
            skipped.push(at + 1);
            let count = |brackets: [char; 2]| text.matches(brackets).count().cast_signed();
            *open += count(['{', '(']) - count(['}', ')']);
            if *open <= 0 && text.ends_with([';', ',', '}']) {
                depth = None;
            }
        } else if text == "#[cfg(test)]" || text.starts_with("#[cfg(all(test") {
            depth = Some(0_isize);
        }
    }
    skipped
}

/// Prints how much of each file is reached. Returns the percentage of all.
fn report(root: &Path, files: &BTreeMap<String, Lines>) -> Result<f64, String> {
    let (mut all, mut seam) = (Share::default(), Share::default());
    let mut rows = Vec::new();
    for (name, lines) in files {
        let path = root.join(SOURCE).join(name);
        let source = fs::read_to_string(&path);
        let source = source.map_err(|error| format!("{}: {error}", path.display()))?;
        let tests = of_tests(&source);
        let counted = lines.iter().filter(|(line, _)| !tests.contains(line));
        let missed: Vec<usize> = counted
            .clone()
            .filter_map(|(line, count)| (*count == 0).then_some(*line))
            .collect();
        let share = Share {
            lines: counted.count(),
            missed: missed.len(),
        };
        all.add(&share);
        if name.starts_with(SEAM) {
            seam.add(&share);
        }
        rows.push((share, name, missed));
    }
    rows.sort_by_key(|(share, name, _)| (std::cmp::Reverse(share.missed), *name));
    println!("missed  lines  file: the lines that no program reaches");
    for (share, name, missed) in rows {
        let missed: Vec<String> = missed.iter().map(ToString::to_string).collect();
        println!(
            "{:6} {:6}  {name}: {}",
            share.missed,
            share.lines,
            missed.join(" ")
        );
    }
    let others = Share {
        lines: all.lines - seam.lines,
        missed: all.missed - seam.missed,
    };
    println!("{SOURCE}: {all}");
    println!("without {SEAM}*: {others}");
    Ok(all.percent())
}

#[derive(Default)]
struct Share {
    lines: usize,
    missed: usize,
}

impl Share {
    fn add(&mut self, other: &Share) {
        self.lines += other.lines;
        self.missed += other.missed;
    }

    #[expect(clippy::cast_precision_loss, reason = "files have fewer lines")]
    fn percent(&self) -> f64 {
        let reached = self.lines - self.missed;
        100.0 * reached as f64 / self.lines.max(1) as f64
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (lines, reached) = (self.lines, self.lines - self.missed);
        write!(f, "{reached} of {lines} lines, {:.1} %", self.percent())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_items_are_left_out_to_their_end() {
        let source = "fn a() {}\n#[cfg(test)]\nuse b;\nfn c() {}\n    #[cfg(test)]\n    D(e) => f(\n        g,\n    ),\nfn h() {}\n#[cfg(all(test, not(loom)))]\nmod tests {\n    fn i() {}\n}\nfn j() {}\n";
        assert_eq!(of_tests(source), [3, 6, 7, 8, 11, 12, 13]);
    }

    #[test]
    fn only_the_reactor_s_own_lines_are_counted() {
        let lcov = "SF:/w/crates/reactor/src/clock.rs\nDA:7,0\nDA:8,3\nend_of_record\n\
                    SF:/w/crates/reactor/src/backend/sim/ring.rs\nDA:1,1\nend_of_record\n\
                    SF:/w/crates/uring-sys/src/lib.rs\nDA:1,1\nend_of_record\n";
        let files = read(lcov);
        let expected = Lines::from([(7, 0), (8, 3)]);
        assert_eq!(files, BTreeMap::from([("clock.rs".to_owned(), expected)]));
    }

    #[test]
    fn the_program_is_the_last_that_cargo_names() {
        let messages = "{\"reason\":\"compiler-artifact\",\"executable\":null}\n\
                        {\"executable\":\"/t/deps/a-1\",\"fresh\":true}\n{\"reason\":\"build-finished\"}\n";
        assert_eq!(executable(messages), Some(PathBuf::from("/t/deps/a-1")));
    }

    #[test]
    fn a_share_is_told_in_lines_and_percent() {
        let share = Share {
            lines: 200,
            missed: 9,
        };
        assert_eq!(share.to_string(), "191 of 200 lines, 95.5 %");
    }
}
