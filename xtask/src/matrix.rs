//! The tests on other kernels: each is booted in a virtual machine, with
//! static test programs in an initial file system of a few files.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::command::{Failure, commit};
use crate::examples::target_dir;

mod boot;
mod initramfs;
mod kernels;
mod log;
mod mirror;
mod programs;
mod report;
mod tools;

use kernels::Kernel;
use report::Row;

const RERUN: &str = "cargo xtask matrix";
/// Where the report goes, below the workspace.
const REPORT: &str = "docs/bench/kernels.md";

/// What to leave out. With all programs and tests of a kernel, its rows of the
/// report are written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Only kernels of this series or version, such as `6.1`.
    pub(crate) kernel: Option<String>,
    /// Only programs with this in their name, such as `uring-rt/it/epoll`.
    pub(crate) program: Option<String>,
    /// Only tests with this in their name.
    pub(crate) test: Option<String>,
}

pub(crate) fn run(root: &Path, filter: &Filter) -> Result<(), Failure> {
    let result = run_all(root, filter);
    result.map_err(|reason| Failure {
        reason,
        rerun: RERUN.to_owned(),
    })
}

fn run_all(root: &Path, filter: &Filter) -> Result<(), String> {
    boot::check_emulator()?;
    let folder = target_dir(root).join("matrix");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let all = kernels::fetch(&folder)?;
    let programs = programs::build(root, &folder)?;
    let initramfs = initramfs::write(&folder, &programs, filter)?;

    let is_whole = filter.program.is_none() && filter.test.is_none();
    let ending = if is_whole { "log" } else { "part.log" };
    let log_of = |kernel: &Kernel| folder.join(format!("{}.{ending}", kernel.version));
    let matches = |kernel: &&Kernel| {
        let series = filter.kernel.as_deref().unwrap_or_default();
        kernels::is_of(&kernel.version, series)
    };
    let commit = commit();
    let mut rows = Vec::new();
    for kernel in all.iter().filter(matches) {
        rows.push(run_one(kernel, &initramfs, &commit, log_of(kernel))?);
    }
    if rows.is_empty() {
        return Err("no kernel has such a version".to_owned());
    }
    if is_whole {
        // What was not run now was run before.
        let known = all
            .iter()
            .filter_map(|kernel| Row::read(kernel, log_of(kernel)).ok());
        report::write(&root.join(REPORT), &known.collect::<Vec<_>>())?;
        println!("written: {REPORT}");
    }
    let failures: Vec<String> = rows.iter().flat_map(Row::failures).collect();
    if failures.is_empty() {
        return Ok(());
    }
    Err(failures.join("\n"))
}

fn run_one(kernel: &Kernel, initramfs: &Path, commit: &str, log: PathBuf) -> Result<Row, String> {
    let start = Instant::now();
    println!("booting {}", kernel.version);
    boot::run(&kernel.image, initramfs, commit, &log)?;
    let row = Row::read(kernel, log)?;
    let seconds = start.elapsed().as_secs();
    println!("{}, {seconds} s", row.summary());
    for failure in row.failures() {
        println!("    {failure}");
    }
    Ok(row)
}
