//! Children of a process that does nothing else: one that forks, and one to which everything is refused.
//!
//! A test program of its own: a fork copies one thread, and whatever locks the others hold.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;

use fork::{Fork, fork};
use futures_util::FutureExt;
use rustix::process::{Pid, WaitOptions, waitpid};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
use uring_rt::process::{Child, Command};
use uring_rt::runtime::{Backend, Builder, Rung, Runtime};
use uring_rt::task::{spawn_blocking, yield_now};

/// Set in the process of a test.
const ALONE: &str = "URING_RT_TEST_ALONE";

/// Whether this is the process of its own that a test runs in. If not, it has been, and all was well.
fn is_alone(name: &str) -> bool {
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    false
}

/// Runs `test` in a process that does nothing else, with a runtime of each kind.
fn alone(name: &str, test: impl AsyncFn()) {
    if !is_alone(name) {
        return;
    }
    for (backend, rung) in [
        (Backend::Auto, Rung::A),
        (Backend::Auto, Rung::D),
        (Backend::Epoll, Rung::A),
    ] {
        let mut builder = Builder::new();
        let runtime = builder.backend(backend).top_rung(rung).build().unwrap();
        runtime.block_on(test());
    }
}

/// Runs `child` in a forked process. The parent waits for it, and for its answer to be that all is well.
async fn in_child(child: impl AsyncFnOnce() -> bool) {
    match fork().unwrap() {
        Fork::Child => uring_fault_inject::leave(if child().await { 0 } else { 1 }),
        Fork::Parent(pid) => {
            let pid = Pid::from_raw(pid).unwrap();
            let (_, status) = waitpid(Some(pid), WaitOptions::empty()).unwrap().unwrap();
            assert_eq!(status.exit_status(), Some(0));
        }
    }
}

fn endless() -> Child {
    let mut command = Command::new("sleep");
    command.arg("1000").kill_on_drop(true).stdin(Stdio::null());
    command.spawn().unwrap()
}

#[test]
fn a_forked_process_ends_no_child_of_its_parent() {
    alone("a_forked_process_ends_no_child_of_its_parent", async || {
        let mut mine = Some(endless());
        // Under way when the fork comes.
        assert!(mine.as_mut().unwrap().wait().now_or_never().is_none());
        yield_now().await;
        in_child(async || {
            let is_refused = mine.as_mut().unwrap().start_kill().is_err();
            drop(mine.take());
            yield_now().await;
            is_refused
        })
        .await;
        let mut mine = mine.unwrap();
        assert!(mine.try_wait().unwrap().is_none(), "it runs on");
        mine.kill().await.unwrap();
    });
}

#[test]
fn a_forked_process_has_children_and_blocking_calls_of_its_own() {
    let name = "a_forked_process_has_children_and_blocking_calls_of_its_own";
    alone(name, async || {
        // The parent has threads in its pool, which the child has not.
        assert_eq!(spawn_blocking(|| 1).await.unwrap(), 1);
        in_child(async || {
            let output = Command::new("echo").arg("hi").output().await.unwrap();
            let mut dropped = endless();
            dropped.start_kill().unwrap();
            drop(dropped);
            // The second finds a thread of the child asleep, behind those that were asleep in the parent.
            let calls = [spawn_blocking(|| 2).await, spawn_blocking(|| 2).await];
            calls.iter().flatten().sum::<i32>() == 4 && output.stdout == b"hi\n"
        })
        .await;
        assert_eq!(spawn_blocking(|| 3).await.unwrap(), 3);
        assert!(Command::new("true").status().await.unwrap().success());
    });
}

/// From now on, neither a pidfd nor an eventfd can be had on this thread.
fn refuse_descriptors() {
    let refused = [libc::SYS_pidfd_open, libc::SYS_eventfd2];
    let filter = SeccompFilter::new(
        BTreeMap::from(refused.map(|call| (call, Vec::new()))),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EMFILE.unsigned_abs()),
        std::env::consts::ARCH.try_into().unwrap(),
    );
    let program: BpfProgram = filter.unwrap().try_into().unwrap();
    seccompiler::apply_filter(&program).unwrap();
}

#[test]
fn a_child_that_cannot_be_watched_is_an_error_and_does_not_run_on() {
    if !is_alone("a_child_that_cannot_be_watched_is_an_error_and_does_not_run_on") {
        return;
    }
    // Started before the filter, which threads inherit.
    let (orphan, is_orphaned) = mpsc::channel::<String>();
    let reaper = thread::spawn(move || {
        let id = is_orphaned.recv().unwrap();
        let process = PathBuf::from("/proc").join(id.trim());
        Runtime::new().unwrap().block_on(async {
            while process.exists() {
                yield_now().await;
            }
        });
    });
    let runtime = Runtime::new().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    let mut reader = BufReader::new(reader);
    let id = runtime.block_on(async {
        refuse_descriptors();
        let mut command = Command::new("sh");
        command
            .args(["-c", "echo $$; exec sleep 1000"])
            .stdout(writer);
        let mut id = String::new();
        let error = command
            .spawn_with(|std| {
                let child = std.spawn()?;
                reader.read_line(&mut id)?;
                Ok(child)
            })
            .unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
        id
    });
    // The end of the pipe is that of the process.
    assert_eq!(std::io::read_to_string(reader).unwrap(), "");
    // And a runtime that can watch it reaps it.
    drop(runtime);
    orphan.send(id).unwrap();
    reaper.join().unwrap();
}
