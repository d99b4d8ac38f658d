//! [`Child`](uring_rt::process::Child).

use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::thread;

use futures_util::FutureExt;
use rustix::process::{Pid, WaitId, WaitIdOptions, WaitOptions, kill_process, waitid, waitpid};
use uring_rt::process::Child;
use uring_rt::runtime::Runtime;
use uring_rt::task::{JoinSet, yield_now};
use uring_rt::time::{Duration, Instant, sleep};

use super::{cat, endless, exists, for_each_watch, for_watches, gone, has_programs, sh};
use crate::support::{backends, foreign_block_on, spin_until};

fn pid(child: &Child) -> Pid {
    let raw = i32::try_from(child.id().unwrap()).unwrap();
    Pid::from_raw(raw).unwrap()
}

/// Waits, on this thread, until the child has ended, and leaves it to be reaped.
fn see_the_end(child: &Child) {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(pid(child)), options).unwrap();
}

#[test]
fn wait_gives_the_status_again_and_again_and_the_id_is_gone() {
    for_each_watch(|runtime| {
        runtime.block_on(async {
            let mut child = sh("exit 3").spawn().unwrap();
            let id = child.id().unwrap();
            for _ in 0..3 {
                assert_eq!(child.wait().await.unwrap().code(), Some(3));
                assert_eq!(child.id(), None);
                assert_eq!(child.try_wait().unwrap().unwrap().code(), Some(3));
            }
            assert!(!exists(id), "it was reaped");
        });
    });
}

#[test]
fn every_refusal_of_a_pidfd_leads_to_the_signal() {
    let refusals = [
        libc::EPERM,
        libc::EACCES,
        libc::EMFILE,
        libc::ENFILE,
        libc::EINVAL,
    ]
    .map(Some);
    for_watches(&refusals, |runtime| {
        runtime.block_on(async {
            let mut child = cat().stdout(Stdio::null()).spawn().unwrap();
            // Who listens to nothing else has SIGCHLD caught now.
            let status = std::fs::read_to_string("/proc/self/status").unwrap();
            let caught = status
                .lines()
                .find_map(|line| line.strip_prefix("SigCgt:\t"));
            let caught = u64::from_str_radix(caught.unwrap(), 16).unwrap();
            assert_ne!(caught & (1 << (libc::SIGCHLD - 1)), 0);
            assert!(child.wait().await.unwrap().success());
        });
    });
}

#[test]
fn wait_after_the_child_has_gone_returns() {
    for_each_watch(|runtime| {
        runtime.block_on(async {
            let mut child = sh("exit 4").spawn().unwrap();
            see_the_end(&child);
            assert_eq!(child.wait().await.unwrap().code(), Some(4));
        });
    });
}

#[test]
fn wait_closes_the_standard_input_first() {
    for_each_watch(|runtime| {
        runtime.block_on(async {
            let mut child = cat().stdout(Stdio::null()).spawn().unwrap();
            assert!(child.stdin.is_some());
            assert!(child.wait().await.unwrap().success());
            assert!(child.stdin.is_none());
        });
    });
}

#[test]
fn a_dropped_wait_loses_nothing() {
    for_each_watch(|runtime| {
        runtime.block_on(async {
            let mut child = cat().stdout(Stdio::null()).spawn().unwrap();
            let stdin = child.stdin.take();
            for _ in 0..3 {
                assert!(child.wait().now_or_never().is_none());
                yield_now().await;
            }
            drop(stdin);
            assert!(child.wait().await.unwrap().success());
        });
    });
}

#[test]
fn many_children_are_told_apart() {
    for_each_watch(|runtime| {
        runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for code in 0..8 {
                tasks.spawn(async move {
                    let mut child = sh(&format!("exit {code}")).spawn().unwrap();
                    assert_eq!(child.wait().await.unwrap().code(), Some(code));
                });
            }
            tasks.join_all().await;
        });
    });
}

#[test]
fn try_wait_reaps_and_does_not_wait() {
    for_each_watch(|runtime| {
        runtime.block_on(async {
            let mut child = cat().stdout(Stdio::null()).spawn().unwrap();
            let id = child.id().unwrap();
            assert!(child.try_wait().unwrap().is_none());
            assert!(child.stdin.is_some(), "left open");
            child.stdin = None;
            see_the_end(&child);
            assert!(child.try_wait().unwrap().unwrap().success());
            assert_eq!(child.id(), None);
            assert!(!exists(id));
        });
    });
}

#[test]
fn kill_ends_it_and_waits_and_may_come_late() {
    for_each_watch(|runtime| {
        runtime.block_on(async {
            let mut child = endless().spawn().unwrap();
            child.kill().await.unwrap();
            assert_eq!(child.wait().await.unwrap().signal(), Some(libc::SIGKILL));
            child.kill().await.unwrap();
            child.start_kill().unwrap();

            // One that has ended and was not reaped yet.
            let mut child = sh("exit 5").spawn().unwrap();
            see_the_end(&child);
            child.start_kill().unwrap();
            assert_eq!(child.wait().await.unwrap().code(), Some(5));
        });
    });
}

#[test]
fn a_child_that_other_code_has_reaped_is_an_error_and_nobody_is_hit() {
    for_each_watch(|runtime| {
        runtime.block_on(async {
            let mut child = sh("exit 0").spawn().unwrap();
            waitpid(Some(pid(&child)), WaitOptions::empty()).unwrap();
            let killed = child.start_kill().unwrap_err();
            assert_eq!(killed.raw_os_error(), Some(libc::ESRCH));
            let error = child.wait().await.unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::ECHILD));
            assert_eq!(
                child.try_wait().unwrap_err().raw_os_error(),
                Some(libc::ECHILD)
            );
        });
    });
}

#[test]
fn wait_with_output_reads_more_than_the_pipes_hold() {
    for_each_watch(|runtime| {
        runtime.block_on(async {
            let script = "head -c 300000 /dev/zero; head -c 200000 /dev/zero >&2; exit 6";
            let mut command = sh(script);
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            let output = command.spawn().unwrap().wait_with_output().await.unwrap();
            assert_eq!(output.status.code(), Some(6));
            assert_eq!(output.stdout, vec![0; 300_000]);
            assert_eq!(output.stderr, vec![0; 200_000]);
        });
    });
}

#[test]
fn a_child_is_waited_for_in_another_runtime_than_its_own() {
    for_each_watch(|runtime| {
        let first = Runtime::new().unwrap();
        let mut child = first.block_on(async {
            let mut child = cat().stdout(Stdio::null()).spawn().unwrap();
            // Waited for here as well, so that the move is one in the middle.
            let stdin = child.stdin.take();
            assert!(child.wait().now_or_never().is_none());
            child.stdin = stdin;
            child
        });
        drop(first);
        assert!(runtime.block_on(child.wait()).unwrap().success());
    });
}

#[test]
fn without_any_runtime_wait_says_so() {
    if !has_programs() {
        return;
    }
    let runtime = Runtime::new().unwrap();
    let mut child = runtime.block_on(async { endless().kill_on_drop(true).spawn().unwrap() });
    drop(runtime);
    let error = foreign_block_on(child.wait()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Other);
    Runtime::new().unwrap().block_on(child.kill()).unwrap();
}

#[test]
fn a_child_is_waited_for_on_another_thread() {
    for_each_watch(|runtime| {
        let mut child = runtime.block_on(async { cat().stdout(Stdio::null()).spawn().unwrap() });
        let handle = runtime.handle().clone();
        let waiter = thread::spawn(move || handle.block_on(child.wait()));
        runtime.block_on(async {
            while !waiter.is_finished() {
                yield_now().await;
            }
        });
        assert!(waiter.join().unwrap().unwrap().success());
    });
}

#[test]
fn a_paused_clock_stands_while_a_child_is_awaited() {
    if !has_programs() {
        return;
    }
    for (name, mut builder) in backends() {
        let runtime = builder.start_paused(true).build().unwrap();
        runtime.block_on(async {
            let start = Instant::now();
            let timer = uring_rt::spawn(sleep(Duration::from_secs(60)));
            let mut child = sh("sleep 0.05").spawn().unwrap();
            child.wait().await.unwrap();
            assert!(!timer.is_finished(), "{name}");
            assert_eq!(start.elapsed(), Duration::ZERO, "{name}");
            // One that runs and is not awaited holds nothing.
            let mut child = endless().kill_on_drop(true).spawn().unwrap();
            assert!(child.wait().now_or_never().is_none());
            timer.await.unwrap();
            assert_eq!(start.elapsed(), Duration::from_secs(60), "{name}");
            child.kill().await.unwrap();
        });
    }
}

#[test]
fn a_child_that_is_traced_is_reaped_after_its_tracer_has_seen_the_end() {
    let Some(strace) = strace() else { return };
    for_each_watch(move |runtime| {
        runtime.block_on(async {
            // The tracer is the grandchild, and what we have started is what it traces.
            let mut command = uring_rt::process::Command::new(strace);
            command.args(["-o", "/dev/null", "-D", "sleep", "1000"]);
            let mut child = command.spawn().unwrap();
            let process = pid(&child);
            let comm = format!("/proc/{}/comm", process.as_raw_nonzero());
            spin_until(|| std::fs::read_to_string(&comm).is_ok_and(|name| name == "sleep\n"));
            // Not one that a caller may have had ignored, as a shell does to what it starts in the background.
            kill_process(process, rustix::process::Signal::KILL).unwrap();
            let status = child.wait().await.unwrap();
            assert_eq!(status.signal(), Some(libc::SIGKILL));
        });
    });
}

#[expect(clippy::print_stderr, reason = "a skip says so")]
fn strace() -> Option<&'static str> {
    let found = std::process::Command::new("strace")
        .arg("-V")
        .output()
        .is_ok();
    if !found {
        eprintln!("skipped: a traced child: there is no strace here");
    }
    found.then_some("strace")
}

#[test]
fn a_task_that_waits_is_aborted_and_the_child_lives() {
    for_each_watch(|runtime| {
        runtime.block_on(async {
            let child = endless().spawn().unwrap();
            let process = pid(&child);
            let task = uring_rt::spawn(async move {
                let mut child = child;
                child.wait().await
            });
            yield_now().await;
            assert!(task.cancel().await.unwrap_err().is_cancelled());
            let id = process.as_raw_nonzero().get().unsigned_abs();
            assert!(exists(id));
            kill_process(process, rustix::process::Signal::KILL).unwrap();
            gone(id).await;
        });
    });
}

#[test]
fn the_types_are_for_every_thread() {
    fn of_all_threads<T: Send + Sync + Unpin>() {}
    of_all_threads::<Child>();
    of_all_threads::<uring_rt::process::Command>();
    of_all_threads::<uring_rt::process::ChildStdin>();
    of_all_threads::<uring_rt::process::ChildStdout>();
    of_all_threads::<uring_rt::process::ChildStderr>();
    if !has_programs() {
        return;
    }
    fn travels<F: Future + Send>(future: F) -> F {
        future
    }
    let runtime = Runtime::new().unwrap();
    let _entered = runtime.enter();
    let future = travels(sh("exit 0").status());
    assert!(runtime.block_on(future).unwrap().success());
}
