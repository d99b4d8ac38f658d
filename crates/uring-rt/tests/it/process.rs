//! Child processes: awaited by pidfd, and by SIGCHLD where there is none.

mod child;
mod command;
mod orphans;
mod pipes;

use std::path::PathBuf;
use std::process::Stdio;
use std::thread;

use futures_util::{AsyncRead, AsyncReadExt};
use uring_rt::process::Command;
use uring_rt::runtime::Runtime;
use uring_rt::task::yield_now;

use crate::seccomp::confine;
use crate::support::backends;

/// Runs `test` with a runtime of each backend, where a child is watched by a pidfd, and on the three that differ most
/// where the kernel refuses one, so that it is watched by SIGCHLD.
fn for_each_watch(test: impl Fn(&Runtime) + Copy + Send + 'static) {
    for_watches(&[None, Some(libc::ENOSYS)], test);
}

fn for_watches(refusals: &[Option<i32>], test: impl Fn(&Runtime) + Copy + Send + 'static) {
    if !has_programs() {
        return;
    }
    for &refusal in refusals {
        let confined = move || {
            if let Some(errno) = refusal {
                confine(libc::SYS_pidfd_open, errno);
            }
            for (name, mut builder) in backends() {
                if refusal.is_some() && !["rung A", "rung D", "epoll"].contains(&name.as_str()) {
                    continue;
                }
                let _told = Told(&name, refusal);
                test(&builder.build().unwrap());
            }
        };
        thread::spawn(confined).join().unwrap();
    }
}

/// Says where a test failed.
struct Told<'a>(&'a str, Option<i32>);

impl Drop for Told<'_> {
    #[expect(clippy::print_stderr, reason = "a failed test tells where it failed")]
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!(
                "this was on {}, pidfd_open refused with {:?}",
                self.0, self.1
            );
        }
    }
}

/// Runs `test` inside of a runtime of each backend.
fn for_each_backend(test: impl AsyncFn()) {
    if has_programs() {
        crate::support::for_each_backend(test);
    }
}

/// Runs `test` inside of a runtime.
fn in_runtime(test: impl Future<Output = ()>) {
    if has_programs() {
        crate::support::runtime().block_on(test);
    }
}

/// Whether this machine has the programs that the tests start. A bare one with a test program and nothing else has not.
#[expect(clippy::print_stderr, reason = "a skip says so")]
fn has_programs() -> bool {
    let found = ["/bin/sh", "/bin/cat", "/bin/sleep"];
    let missing = found.into_iter().find(|path| !PathBuf::from(path).exists());
    if let Some(path) = missing {
        eprintln!("skipped: child processes: there is no {path} here");
    }
    missing.is_none()
}

fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]).stdin(Stdio::null());
    command
}

/// A child that ends with its standard input.
fn cat() -> Command {
    let mut command = Command::new("cat");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// A child that does not end by itself.
fn endless() -> Command {
    let mut command = Command::new("sleep");
    command.arg("1000");
    command
}

/// Whether the kernel knows a process of that number, be it a zombie.
fn exists(pid: u32) -> bool {
    PathBuf::from(format!("/proc/{pid}")).exists()
}

/// Waits until a process that nobody waits for was reaped, so that no other runtime of these tests has to do it.
async fn gone(pid: u32) {
    while exists(pid) {
        yield_now().await;
    }
}

async fn read_all(mut reader: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).await.unwrap();
    bytes
}
