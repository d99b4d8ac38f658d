//! Tasks that hold the thread are named. What exactly is a stall is tested in the executor, with a clock of the tests'.

use std::io::Read;
use std::sync::{Arc, Mutex};
use std::thread;

use uring_rt::runtime::{Builder, Stall};
use uring_rt::task::{self, spawn_blocking};
use uring_rt::time::{Duration, sleep};

use crate::child::in_child;
use crate::support::backends;

const THRESHOLD: Duration = Duration::from_millis(10);

/// Holds the thread, as a task should not.
fn hold() {
    thread::sleep(2 * THRESHOLD); // sleep: the stall itself
}

/// Has stalls put in a list.
fn collect(builder: &mut Builder) -> Arc<Mutex<Vec<Stall>>> {
    let stalls = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&stalls);
    builder.on_stall(move |stall| list.lock().unwrap().push(stall.clone()));
    stalls
}

#[test]
fn a_task_that_holds_the_thread_is_named_with_the_line_that_spawned_it() {
    for (_, mut builder) in backends() {
        let stalls = collect(&mut builder);
        let runtime = builder.stall_threshold(THRESHOLD).build().unwrap();
        let line = line!() + 1;
        let task = runtime.spawn(async { hold() });
        let id = task.id();
        runtime.block_on(task).unwrap();
        let stalls = stalls.lock().unwrap();
        // Others may be there: this machine may hold up any poll.
        let stall = stalls.iter().find(|stall| stall.id == Some(id)).unwrap();
        assert_eq!(stall.spawned_at.file(), file!());
        assert_eq!(stall.spawned_at.line(), line);
        assert!(stall.held >= 2 * THRESHOLD, "{stall}");
        let counted = runtime.metrics().snapshot().executor.stalls;
        assert_eq!(counted, stalls.len() as u64);
    }
}

#[test]
fn a_task_that_holds_the_thread_is_called_by_its_name() {
    for (_, mut builder) in backends() {
        let stalls = collect(&mut builder);
        let runtime = builder.stall_threshold(THRESHOLD).build().unwrap();
        let handle = runtime.handle().clone();
        let first_line = line!();
        runtime.block_on(async move {
            let here = task::Builder::new().name("here");
            here.spawn(async { hold() }).unwrap().await.unwrap();
            let afar = task::Builder::new().name("afar");
            let afar = thread::spawn(move || afar.spawn_on(async { hold() }, &handle));
            afar.join().unwrap().unwrap().await.unwrap();
        });
        let lines = first_line..line!();
        let stalls = stalls.lock().unwrap();
        for name in ["here", "afar"] {
            let named = |stall: &&Stall| stall.name.as_deref() == Some(name);
            let stall = stalls.iter().find(named).unwrap();
            assert_eq!(stall.spawned_at.file(), file!());
            assert!(lines.contains(&stall.spawned_at.line()), "{stall}");
            let text = format!(", {name:?}, spawned at");
            assert!(stall.to_string().contains(&text), "{stall}");
        }
    }
}

#[test]
fn the_line_is_that_of_the_free_function_too_and_of_block_on() {
    let mut builder = Builder::new();
    let stalls = collect(&mut builder);
    let runtime = builder.stall_threshold(THRESHOLD).build().unwrap();
    let line = line!() + 1;
    runtime.block_on(async {
        uring_rt::spawn(async { hold() }).await.unwrap();
        hold();
    });
    let stalls = stalls.lock().unwrap();
    let lines = |is_task| {
        stalls
            .iter()
            .filter(move |stall| stall.id.is_some() == is_task)
            .map(|stall| stall.spawned_at.line())
            .collect::<Vec<_>>()
    };
    assert!(lines(true).contains(&(line + 1)), "{stalls:?}");
    assert!(lines(false).contains(&line), "{stalls:?}");
}

#[test]
fn what_waits_or_blocks_elsewhere_does_not_stall() {
    // So long that no machine holds up a poll for it, and waited for on a clock that stands still.
    let threshold = Duration::from_secs(60);
    let mut builder = Builder::new();
    let stalls = collect(&mut builder);
    let runtime = builder
        .stall_threshold(threshold)
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        sleep(2 * threshold).await;
        spawn_blocking(hold).await.unwrap();
    });
    assert!(stalls.lock().unwrap().is_empty());
    assert_eq!(runtime.metrics().snapshot().executor.stalls, 0);
}

#[test]
fn without_a_threshold_nothing_is_a_stall() {
    let mut builder = Builder::new();
    let stalls = collect(&mut builder);
    let runtime = builder.build().unwrap();
    runtime.block_on(async { hold() });
    assert!(stalls.lock().unwrap().is_empty());
    assert_eq!(runtime.metrics().snapshot().executor.stalls, 0);
}

#[test]
fn a_hook_that_panics_leaves_the_loop_running() {
    let runtime = Builder::new()
        .stall_threshold(THRESHOLD)
        .on_stall(|_| panic!("in the hook"))
        .build()
        .unwrap();
    let task = runtime.spawn(async {
        hold();
        sleep(Duration::from_millis(1)).await;
        42
    });
    assert_eq!(runtime.block_on(task).unwrap(), 42);
    assert!(runtime.metrics().snapshot().executor.stalls >= 1);
}

#[test]
fn without_a_hook_a_stall_is_a_line_on_standard_error() {
    in_child(
        "stall::without_a_hook_a_stall_is_a_line_on_standard_error",
        || {
            let runtime = Builder::new().stall_threshold(THRESHOLD).build().unwrap();
            let (mut reader, writer) = std::io::pipe().unwrap();
            let stderr = rustix::io::dup(rustix::stdio::stderr()).unwrap();
            rustix::stdio::dup2_stderr(&writer).unwrap();
            drop(writer);
            runtime.block_on(async { hold() });
            rustix::stdio::dup2_stderr(&stderr).unwrap();
            let mut text = String::new();
            reader.read_to_string(&mut text).unwrap();
            let start = format!(
                "uring-rt: the future of `block_on` at {}:{}:",
                file!(),
                line!() - 7
            );
            assert!(text.starts_with(&start), "{text}");
            assert!(text.contains(" held the thread for "), "{text}");
            assert_eq!(text.lines().count(), 1, "{text}");
        },
    );
}
