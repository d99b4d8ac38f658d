//! `runtime`: building, driving, ending.

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::rt::net::TcpListener;
use crate::rt::runtime::{
    Builder, Handle, Runtime, RuntimeFlavor, is_rt_shutdown_err, worker_index,
};
use crate::rt::{spawn, task, time};
use crate::support::{Log, SaysDropped, panics, runtime};

#[test]
fn a_builder_is_kept_in_a_variable_and_builds_more_than_one() {
    let mut builder = Builder::new_current_thread();
    builder.enable_io().enable_time();
    builder.thread_name("pool").max_blocking_threads(2);
    builder.event_interval(7).global_queue_interval(3);
    builder.thread_keep_alive(Duration::from_millis(1));
    let (one, other) = (builder.build().unwrap(), builder.build().unwrap());
    assert_ne!(one.handle().id(), other.handle().id());
    let named = one.spawn_blocking(|| thread::current().name().map(ToOwned::to_owned));
    assert_eq!(one.block_on(named).unwrap().as_deref(), Some("pool"));
    assert_eq!(
        other.handle().runtime_flavor(),
        RuntimeFlavor::CurrentThread
    );
}

#[test]
fn zero_is_no_setting() {
    assert!(panics(|| drop(
        Builder::new_current_thread().event_interval(0).build()
    )));
    assert!(panics(|| drop(
        Builder::new_current_thread()
            .global_queue_interval(0)
            .build()
    )));
    assert!(panics(|| drop(
        Builder::new_current_thread()
            .max_blocking_threads(0)
            .build()
    )));
    assert!(panics(|| drop(
        Builder::new_current_thread().name("").build()
    )));
}

#[test]
fn what_needs_a_runtime_panics_outside_of_one() {
    assert!(Handle::try_current().unwrap_err().is_missing_context());
    assert!(panics(Handle::current));
    assert!(panics(|| spawn(async {})));
    assert!(panics(|| task::spawn_blocking(|| ())));
    assert!(panics(|| time::sleep(Duration::ZERO)));
    assert!(panics(|| time::interval(Duration::from_secs(1))));
    assert!(panics(|| time::timeout(Duration::ZERO, pending::<()>())));
}

#[test]
fn block_on_borrows_and_may_be_called_again() {
    let runtime = runtime();
    let mut seen = Vec::new();
    for round in 0..3 {
        runtime.block_on(async { seen.push(round) });
    }
    assert_eq!(seen, [0, 1, 2]);
}

#[test]
fn tasks_run_only_while_block_on_does_and_are_carried_over() {
    let runtime = runtime();
    let steps = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&steps);
    let task = runtime.spawn(async move {
        for _ in 0..100 {
            theirs.fetch_add(1, Ordering::Relaxed);
            task::yield_now().await;
        }
    });
    assert_eq!(steps.load(Ordering::Relaxed), 0);
    runtime.block_on(async { task::yield_now().await });
    let after_one = steps.load(Ordering::Relaxed);
    assert!((1..100).contains(&after_one), "{after_one}");
    runtime.block_on(task).unwrap();
    assert_eq!(steps.load(Ordering::Relaxed), 100);
}

#[test]
fn block_on_inside_of_block_on_panics() {
    let (one, other) = (runtime(), runtime());
    one.block_on(async {
        assert!(panics(|| one.block_on(async {})));
        assert!(panics(|| other.block_on(async {})));
        assert!(panics(|| other.handle().block_on(async {})));
    });
    assert_eq!(one.block_on(async { 1 }), 1, "and does no harm");
}

#[test]
fn a_panic_in_block_on_leaves_the_runtime_in_order() {
    let runtime = runtime();
    let left_over = runtime.spawn(async { 7 });
    assert!(panics(|| runtime.block_on(async { panic!("root") })));
    assert_eq!(runtime.block_on(left_over).unwrap(), 7);
}

#[test]
fn the_end_drops_every_task_and_tells_the_join_handles() {
    let runtime = runtime();
    let log = Log::default();
    let (never_polled, waits) = (log.clone(), log.clone());
    let one = runtime.spawn(async move {
        let _kept = SaysDropped(waits, "one that waits");
        pending::<()>().await;
    });
    runtime.block_on(async { task::yield_now().await });
    let kept = SaysDropped(never_polled, "one never polled");
    let other = runtime.spawn(async move {
        let _kept = kept;
    });
    drop(runtime);
    let mut lines = log.lines();
    lines.sort();
    assert_eq!(
        lines,
        ["one never polled dropped", "one that waits dropped"]
    );
    let second = self::runtime();
    assert!(second.block_on(one).unwrap_err().is_cancelled());
    assert!(second.block_on(other).unwrap_err().is_cancelled());
}

#[test]
fn a_handle_that_outlives_its_runtime_spawns_what_is_cancelled() {
    let handle = runtime().handle().clone();
    let late = handle.spawn(async { 1 });
    assert!(runtime().block_on(late).unwrap_err().is_cancelled());
}

#[test]
fn a_handle_spawns_from_another_thread_and_waits_there() {
    let runtime = runtime();
    let handle = runtime.handle().clone();
    let (tell, told) = oneshot::channel();
    let other = thread::spawn(move || {
        let task = handle.spawn(async { 5 });
        let sum = handle.block_on(async {
            time::sleep(Duration::from_millis(1)).await;
            let entered = Handle::current().id() == handle.id();
            (task.await.unwrap(), entered)
        });
        tell.send(sum).unwrap();
    });
    assert_eq!(runtime.block_on(told).unwrap(), (5, true));
    other.join().unwrap();
}

#[test]
fn a_handle_waits_on_the_runtimes_own_thread_for_what_needs_no_driver() {
    let runtime = runtime();
    assert_eq!(runtime.handle().block_on(async { 3 }), 3);
}

#[test]
fn a_blocking_call_has_the_runtime_of_its_spawner() {
    let runtime = runtime();
    let id = runtime.handle().id();
    let call = runtime.spawn_blocking(|| {
        let inner =
            Handle::current().block_on(async { Handle::current().spawn(async { 1 }).await });
        (Handle::current().id(), inner.unwrap())
    });
    assert_eq!(runtime.block_on(call).unwrap(), (id, 1));
}

#[test]
fn entering_makes_current_and_a_guard_does_not_hold_the_runtime() {
    let (one, other) = (runtime(), runtime());
    let id = other.handle().id();
    {
        let _outer = one.enter();
        {
            let _inner = other.enter();
            assert_eq!(Handle::current().id(), id);
        }
        assert_eq!(Handle::current().id(), one.handle().id());
        one.shutdown_background();
    }
    assert!(Handle::try_current().is_err());
}

#[test]
fn guards_dropped_in_the_wrong_order_panic() {
    let (one, other) = (runtime(), runtime());
    let first = one.enter();
    let second = other.enter();
    assert!(panics(move || drop(first)));
    drop(second);
}

#[test]
fn shutdown_does_not_wait_longer_than_it_is_told() {
    for limit in [None, Some(Duration::from_millis(1))] {
        let runtime = runtime();
        let (end, ended) = mpsc::channel::<()>();
        let (begun, begins) = mpsc::channel();
        drop(runtime.spawn_blocking(move || {
            begun.send(()).unwrap();
            let _ = ended.recv();
        }));
        begins.recv().unwrap();
        match limit {
            None => runtime.shutdown_background(),
            Some(limit) => runtime.shutdown_timeout(limit),
        }
        drop(end);
    }
}

#[test]
fn the_drop_waits_for_a_call_that_has_begun() {
    let runtime = runtime();
    let done = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&done);
    let (begun, begins) = mpsc::channel();
    let (go, goes) = mpsc::channel();
    drop(runtime.spawn_blocking(move || {
        begun.send(()).unwrap();
        goes.recv().unwrap();
        theirs.store(1, Ordering::Release);
    }));
    begins.recv().unwrap();
    let other = thread::spawn(move || go.send(()).unwrap());
    drop(runtime);
    assert_eq!(done.load(Ordering::Acquire), 1);
    other.join().unwrap();
}

#[test]
fn what_outlives_its_runtime_answers_with_the_error_that_says_so() {
    let first = runtime();
    let listener = first.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    drop(first);
    let error = runtime().block_on(listener.accept()).unwrap_err();
    assert!(is_rt_shutdown_err(&error), "{error}");
    assert!(!is_rt_shutdown_err(&std::io::Error::other("else")));
}

#[test]
fn metrics_are_live() {
    let runtime = runtime();
    let metrics = runtime.metrics();
    assert_eq!((metrics.num_workers(), metrics.num_alive_tasks()), (1, 0));
    let task = runtime.spawn(pending::<()>());
    assert_eq!(metrics.num_alive_tasks(), 1);
    task.abort();
    assert!(runtime.block_on(task).unwrap_err().is_cancelled());
    assert_eq!(metrics.num_alive_tasks(), 0);
    let handle = runtime.handle().clone();
    let other = thread::spawn(move || drop(handle.spawn(async {})));
    other.join().unwrap();
    assert_eq!(metrics.global_queue_depth(), 1);
}

#[test]
fn sleeps_of_the_thread_are_counted() {
    let runtime = runtime();
    let metrics = runtime.metrics();
    runtime.block_on(async { time::sleep(Duration::from_millis(1)).await });
    assert!(metrics.worker_park_count(0) >= 1);
    assert_eq!(metrics.worker_park_unpark_count(0) % 2, 0, "awake");
    assert!(panics(|| metrics.worker_park_count(1)));
    let handle = runtime.handle().clone();
    assert_eq!(runtime.block_on(async { worker_index() }), Some(0));
    let elsewhere = thread::spawn(move || handle.block_on(async { worker_index() }));
    assert_eq!((elsewhere.join().unwrap(), worker_index()), (None, None));
}

#[test]
fn hooks_see_each_sleep() {
    let (down, up) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (parks, unparks) = (Arc::clone(&down), Arc::clone(&up));
    let runtime = Builder::new_current_thread()
        .enable_all()
        .on_thread_park(move || {
            parks.fetch_add(1, Ordering::Relaxed);
        })
        .on_thread_unpark(move || {
            unparks.fetch_add(1, Ordering::Relaxed);
        })
        .build()
        .unwrap();
    runtime.block_on(async { time::sleep(Duration::from_millis(1)).await });
    let (down, up) = (down.load(Ordering::Relaxed), up.load(Ordering::Relaxed));
    assert!(down >= 1 && down == up, "{down} {up}");
}

#[test]
fn a_runtime_is_unwind_safe_and_a_handle_goes_anywhere() {
    fn unwind_safe<T: std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    fn send_sync<T: Send + Sync + Clone>() {}
    unwind_safe::<Runtime>();
    unwind_safe::<Handle>();
    send_sync::<Handle>();
}
