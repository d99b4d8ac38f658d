//! The first process of the virtual machines of `cargo xtask matrix`: it makes
//! the system that tests expect, runs the programs of `/tests/plan`, and turns
//! the machine off.
//!
//! What it says about a program stands on lines that begin with `@@`, which
//! `xtask/src/matrix/log.rs` reads.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    reason = "the serial line is the only way out of the machine"
)]

mod network;
mod plan;

use std::fs;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use plan::Program;
use rustix::mount::{MountFlags, mount};
use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::system::{RebootCommand, reboot};

const PLAN: &str = "/tests/plan";
const OPEN_FILES: u64 = 20_000;

fn main() -> io::Result<()> {
    // The first process started this program a second time.
    if std::env::args().nth(1).as_deref() == Some("driver") {
        println!("{}", uring_rt::probe()?);
        return Ok(());
    }
    if std::process::id() != 1 {
        return Err(io::Error::other("to be started by a kernel, as init"));
    }
    // The kernel panics when its first process ends, so a failure is told and
    // the machine turned off.
    match prepare().and_then(|()| run_plan()) {
        Ok(()) => println!("\n@@ done"),
        Err(error) => println!("\n@@ broken: {error}"),
    }
    rustix::fs::sync();
    Ok(reboot(RebootCommand::PowerOff)?)
}

/// File systems, the loopback interface, and a limit.
fn prepare() -> io::Result<()> {
    for (kind, target) in [
        ("proc", "/proc"),
        ("sysfs", "/sys"),
        ("devtmpfs", "/dev"),
        ("devpts", "/dev/pts"),
        ("tmpfs", "/dev/shm"),
        ("tmpfs", "/tmp"),
    ] {
        fs::create_dir_all(target)?;
        mount(kind, target, kind, MountFlags::empty(), None)
            .map_err(|error| io::Error::other(format!("mounting {target}: {error}")))?;
    }
    network::loopback_up()?;
    // As on a server: without a manager of services it is a thousand.
    let files = Rlimit {
        current: Some(OPEN_FILES),
        maximum: Some(OPEN_FILES),
    };
    setrlimit(Resource::Nofile, files)?;
    Ok(())
}

fn run_plan() -> io::Result<()> {
    let text = fs::read_to_string(PLAN)?;
    for line in text.lines() {
        let program = Program::parse(line)
            .ok_or_else(|| io::Error::other(format!("{PLAN} has a line `{line}`")))?;
        run(&program);
    }
    Ok(())
}

/// Runs one program between two marks. That it fails is for the log's reader.
fn run(program: &Program<'_>) {
    let name = program.name;
    println!("\n@@ begin {name}");
    let start = Instant::now();
    let child = Command::new(program.path)
        .args(&program.args)
        .env_clear()
        .envs([
            ("HOME", "/tmp"),
            ("PATH", "/bin"),
            ("RUST_BACKTRACE", "1"),
            ("TMPDIR", "/tmp"),
        ])
        .envs(program.env.iter().copied())
        .current_dir("/tmp")
        .stdin(Stdio::null())
        .spawn();
    let ended = match child.and_then(|child| wait(child, program.limit)) {
        Ok(Some(status)) => describe(status),
        Ok(None) => format!("stopped after {} s", program.limit.as_secs()),
        Err(error) => format!("not started: {error}"),
    };
    let seconds = start.elapsed().as_secs_f64();
    println!("\n@@ end {name} after {seconds:.1} s: {ended}");
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(0), _) => "ok".to_owned(),
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    }
}

/// The status, or `None` when the time was over and the child was killed.
fn wait(mut child: Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
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
