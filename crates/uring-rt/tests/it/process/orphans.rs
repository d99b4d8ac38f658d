//! Children that nobody waits for leave no zombie.

use std::process::Stdio;

use uring_rt::runtime::Runtime;
use uring_rt::task::yield_now;
use uring_rt::time::{Duration, Instant, sleep};

use super::{cat, endless, exists, for_each_watch, gone, has_programs};
use crate::support::backends;

#[test]
fn a_dropped_child_runs_on_and_is_reaped_when_it_ends() {
    for_each_watch(|runtime| {
        runtime.block_on(async {
            let mut child = cat().stdout(Stdio::null()).spawn().unwrap();
            let (id, stdin) = (child.id().unwrap(), child.stdin.take());
            drop(child);
            yield_now().await;
            assert!(exists(id), "it runs on");
            drop(stdin);
            gone(id).await;
        });
    });
}

#[test]
fn a_child_dropped_outside_of_block_on_is_reaped_in_the_next() {
    for_each_watch(|runtime| {
        let child = runtime.block_on(async { cat().stdout(Stdio::null()).spawn().unwrap() });
        let id = child.id().unwrap();
        // With its standard input, so it ends.
        drop(child);
        runtime.block_on(async {
            gone(id).await;
        });
    });
}

#[test]
fn a_child_that_outlives_its_runtime_goes_to_another() {
    for_each_watch(|runtime| {
        let first = Runtime::new().unwrap();
        let (id, stdin) = first.block_on(async {
            let mut child = cat().stdout(Stdio::null()).spawn().unwrap();
            let (id, stdin) = (child.id().unwrap(), child.stdin.take());
            drop(child);
            yield_now().await;
            (id, stdin)
        });
        let fd = stdin.unwrap().into_owned_fd().unwrap();
        let _entered = runtime.enter();
        drop(first);
        drop(fd);
        runtime.block_on(async {
            gone(id).await;
        });
    });
}

#[test]
fn an_orphan_keeps_neither_a_block_on_nor_a_paused_clock_waiting() {
    if !has_programs() {
        return;
    }
    for (_, mut builder) in backends() {
        let runtime = builder.start_paused(true).build().unwrap();
        let id = runtime.block_on(async {
            let child = endless().spawn().unwrap();
            let id = child.id().unwrap();
            drop(child);
            let start = Instant::now();
            sleep(Duration::from_secs(3600)).await;
            assert_eq!(start.elapsed(), Duration::from_secs(3600));
            id
        });
        let pid = rustix::process::Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        runtime.block_on(async {
            gone(id).await;
        });
    }
}
