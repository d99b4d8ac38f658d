//! Children and blocking calls in a process that was forked from one with a runtime.
//!
//! A test program of its own: a fork copies one thread, and whatever locks the others hold.

use std::process::Stdio;

use fork::{Fork, fork};
use futures_util::FutureExt;
use rustix::process::{Pid, WaitOptions, waitpid};
use uring_rt::process::{Child, Command};
use uring_rt::runtime::{Backend, Builder, Rung};
use uring_rt::task::{spawn_blocking, yield_now};

/// Set in the process that forks.
const ALONE: &str = "URING_RT_TEST_ALONE";

/// Runs `test` in a process that does nothing else, with a runtime of each kind.
fn alone(name: &str, test: impl AsyncFn()) {
    if std::env::var_os(ALONE).is_none() {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args([name, "--exact", "--nocapture"])
            .env(ALONE, "1")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
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
        Fork::Child => std::process::exit(if child().await { 0 } else { 1 }),
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
            spawn_blocking(|| 2).await.unwrap() == 2 && output.stdout == b"hi\n"
        })
        .await;
        assert_eq!(spawn_blocking(|| 3).await.unwrap(), 3);
        assert!(Command::new("true").status().await.unwrap().success());
    });
}
