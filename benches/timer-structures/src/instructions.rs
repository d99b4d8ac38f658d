//! Instructions of an operation, counted by valgrind: so many operations, and once more twice as many; what both need
//! for start and end is not counted.

use std::process::Command;

use crate::workloads::Workload;

pub(crate) fn count(workload: &Workload, structure: &str) -> Result<f64, String> {
    let once = total(workload.name, structure, workload.counted)?;
    let twice = total(workload.name, structure, 2 * workload.counted)?;
    Ok(twice.saturating_sub(once) as f64 / workload.counted as f64)
}

fn total(workload: &str, structure: &str, count: usize) -> Result<u64, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["once", workload, structure, &count.to_string()])
        .output()
        .map_err(|error| format!("valgrind could not be started: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.split_once("Collected : ");
    let number = collected.and_then(|(_, rest)| rest.split_whitespace().next()?.parse().ok());
    number
        .filter(|_| output.status.success())
        .ok_or_else(|| format!("valgrind counted nothing: {said}"))
}
