//! The gate against slow changes: how many instructions the loops of
//! `tests/instructions` need, which does not depend on what else the machine
//! does. Counted by valgrind; one thread.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command as Process, Stdio};

use crate::command::{Command, Failure, is_installed, without_settings};
use crate::examples::target_dir;

const RERUN: &str = "cargo xtask instructions";
/// What was counted when it was last written down, below the workspace.
const RECORD: &str = "tests/instructions/counts.txt";
/// Of each loop, and once more twice as many: what both need for start and end
/// is not counted.
const PASSES: u64 = 10_000;
/// More than this is a change for the worse. The compiler's own moods are less.
const TOLERANCE: f64 = 0.03;
/// What the program ends with where the kernel refuses the backend.
const REFUSED: i32 = 3;

/// Instructions for one pass, by loop.
type Counts = BTreeMap<String, f64>;

pub(crate) fn run(root: &Path, record: bool) -> Result<(), Failure> {
    if !is_installed("valgrind") {
        println!("skipped: valgrind is not installed");
        return Ok(());
    }
    Command::cargo("build --release --package instructions").run(root)?;
    let result = if record { write(root) } else { compare(root) };
    result.map_err(|reason| Failure {
        reason,
        rerun: RERUN.to_owned(),
    })
}

/// Writes down what the loops of the record need now.
fn write(root: &Path) -> Result<(), String> {
    let known = read(root)?;
    let mut text = String::new();
    for (name, known) in &known {
        let count = count(root, name)?.unwrap_or(*known);
        println!("{name:>20} {known:>8.1} -> {count:.1}");
        let _ = writeln!(text, "{name} {count:.1}");
    }
    let path = root.join(RECORD);
    fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
}

fn compare(root: &Path) -> Result<(), String> {
    let mut complaints = Vec::new();
    for (name, known) in &read(root)? {
        let Some(count) = count(root, name)? else {
            println!("{name:>20} skipped: io_uring is refused");
            continue;
        };
        let change = count / known - 1.0;
        println!(
            "{name:>20} {known:>8.1} -> {count:>8.1} {:>+6.1} %",
            100.0 * change
        );
        if change > TOLERANCE {
            complaints.push(format!(
                "{name} needs {count:.1} instructions, and needed {known:.1}"
            ));
        } else if change < -TOLERANCE {
            println!("{:>20} it needs less: `{RERUN} --record`", "");
        }
    }
    if complaints.is_empty() {
        return Ok(());
    }
    Err(complaints.join("; "))
}

fn read(root: &Path) -> Result<Counts, String> {
    let path = root.join(RECORD);
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    parse(&text).ok_or_else(|| {
        format!(
            "{}: no lines of the form `NAME COUNT`, or others",
            path.display()
        )
    })
}

fn parse(text: &str) -> Option<Counts> {
    let counts = text.lines().map(|line| {
        let (name, count) = line.split_once(' ')?;
        let count: f64 = count.parse().ok()?;
        (count.is_finite() && count > 0.0).then(|| (name.to_owned(), count))
    });
    let counts: Counts = counts.collect::<Option<_>>()?;
    // Nothing to compare with is no gate.
    (!counts.is_empty()).then_some(counts)
}

/// `None`: the kernel has no such backend.
fn count(root: &Path, name: &str) -> Result<Option<f64>, String> {
    let (Some(once), Some(twice)) = (total(root, name, PASSES)?, total(root, name, 2 * PASSES)?)
    else {
        return Ok(None);
    };
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let count = (twice.saturating_sub(once)) as f64 / PASSES as f64;
    Ok(Some(count))
}

/// The instructions of a whole run.
fn total(root: &Path, name: &str, passes: u64) -> Result<Option<u64>, String> {
    let output = without_settings(&mut Process::new("valgrind"))
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(target_dir(root).join("release/instructions"))
        .arg(name)
        .arg(passes.to_string())
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("valgrind could not be started: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(REFUSED) {
        return Ok(None);
    }
    if !output.status.success() {
        return Err(format!("{name} ended with {}: {said}", output.status));
    }
    let total = collected(&said).ok_or_else(|| format!("valgrind counted nothing: {said}"))?;
    Ok(Some(total))
}

/// From the line `==42== Collected : 1234`.
fn collected(said: &str) -> Option<u64> {
    let (_, rest) = said.split_once("Collected : ")?;
    rest.split_whitespace().next()?.parse().ok()
}

#[test]
fn the_count_is_found_in_what_valgrind_says() {
    let said =
        "==4== Events    : Ir\n==4== Collected : 52013\n==4== \n==4== I   refs:      52,013\n";
    assert_eq!(collected(said), Some(52_013));
    assert_eq!(collected("==4== nothing"), None);
}

#[test]
fn a_record_is_a_name_and_a_number_in_each_line() {
    let counts = parse("spawn 80.5\nwake 3\n").unwrap();
    assert_eq!(
        counts.into_iter().collect::<Vec<_>>(),
        [("spawn".to_owned(), 80.5), ("wake".to_owned(), 3.0)]
    );
    assert_eq!(parse("spawn"), None);
    assert_eq!(parse("spawn many"), None);
    assert_eq!(parse("spawn NaN"), None);
    assert_eq!(parse("spawn 0"), None);
    assert_eq!(parse(""), None);
}
