//! Panics, wherever a task can have one.

use std::future::pending;
use std::panic::{Location, panic_any};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use uring_executor::{Config, Id, JoinHandle, TaskPanic, yield_now};

use crate::support::{Drops, executor, executor_with, text};

struct PanicsOnDrop(&'static str);

impl Drop for PanicsOnDrop {
    fn drop(&mut self) {
        panic_any(self.0);
    }
}

#[test]
fn a_panic_in_the_poll_ends_in_the_join_error() {
    let (executor, mut park) = executor();
    let drops = Drops::default();
    let token = drops.token();
    let task = executor.spawn(async move {
        let _token = token;
        yield_now().await;
        panic!("oh {}", 1);
    });
    let id = task.id();
    let error = executor.block_on(&mut park, task).unwrap_err();
    assert!(error.is_panic());
    assert_eq!(error.id(), id);
    assert_eq!(
        error.to_string(),
        format!("task {id} panicked with message \"oh 1\"")
    );
    assert_eq!(text(&*error.into_panic()), "oh 1");
    assert_eq!(drops.count(), 1);
}

#[test]
fn the_hook_is_told_the_name_of_a_task_that_has_one() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    let hook = move |panic: &TaskPanic<'_>| tell.lock().push(panic.name().map(str::to_owned));
    let (executor, mut park) = executor_with(Config {
        on_task_panic: Some(Box::new(hook)),
        ..Config::default()
    });
    let spawner = executor.spawner();
    let in_poll: JoinHandle<()> = spawner
        .named("in poll")
        .spawn_local(async { panic!("poll") });
    let in_drop = spawner.named("in drop").spawn_local(async {
        let _bomb = PanicsOnDrop("drop");
        pending::<()>().await;
    });
    let nameless: JoinHandle<()> = executor.spawn(async { panic!("poll") });
    executor.block_on(&mut park, async {
        in_poll.await.unwrap_err();
        in_drop.cancel().await.unwrap_err();
        nameless.await.unwrap_err();
    });
    let mut told = told.lock().clone();
    told.sort_unstable();
    let name = |name: &str| Some(name.to_owned());
    assert_eq!(told, [None, name("in drop"), name("in poll")]);
}

#[test]
fn the_other_tasks_run_on() {
    let (executor, mut park) = executor();
    executor.spawn(async { panic!("detached") });
    let task = executor.spawn(async {
        yield_now().await;
        3
    });
    assert_eq!(executor.block_on(&mut park, task).unwrap(), 3);
}

#[test]
fn a_panic_in_the_destructor_of_a_cancelled_future_ends_in_the_join_error() {
    let (executor, mut park) = executor();
    let task = executor.spawn(async {
        let _bomb = PanicsOnDrop("drop");
        pending::<()>().await;
    });
    executor.block_on(&mut park, yield_now());
    task.abort();
    let error = executor.block_on(&mut park, task).unwrap_err();
    assert_eq!(text(&*error.into_panic()), "drop");
}

#[test]
fn a_panic_in_the_destructor_of_a_finished_future_does_not_cost_its_output() {
    struct Ready(#[expect(dead_code, reason = "held for its destructor")] PanicsOnDrop);
    impl std::future::Future for Ready {
        type Output = i32;
        fn poll(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<i32> {
            std::task::Poll::Ready(8)
        }
    }
    let (executor, mut park) = executor();
    let task = executor.spawn(Ready(PanicsOnDrop("late")));
    assert_eq!(executor.block_on(&mut park, task).unwrap(), 8);
}

#[test]
fn a_panic_in_the_destructor_of_an_output_that_nobody_wants_is_swallowed() {
    let (executor, mut park) = executor();
    executor.spawn(async { PanicsOnDrop("detached output") });
    executor.block_on(&mut park, yield_now());
    let task = executor.spawn(async { PanicsOnDrop("finished output") });
    executor.block_on(&mut park, yield_now());
    assert!(task.is_finished());
    drop(task);
    let task = executor.spawn(async { PanicsOnDrop("finished output, shared cell") });
    let abort = task.abort_handle();
    executor.block_on(&mut park, yield_now());
    drop(task);
    assert!(abort.is_finished());
    assert_eq!(executor.metrics().tasks_alive, 0);
}

#[test]
fn a_panic_in_a_destructor_does_not_stop_the_shutdown() {
    let drops = Drops::default();
    let (executor, mut park) = executor();
    let tasks: Vec<_> = (0..3)
        .map(|_| {
            let token = drops.token();
            executor.spawn(async move {
                let _token = token;
                let _bomb = PanicsOnDrop("shutdown");
                pending::<()>().await;
            })
        })
        .collect();
    executor.block_on(&mut park, yield_now());
    drop(executor);
    assert_eq!(drops.count(), 3);
    assert!(tasks.iter().all(|task| task.is_finished()));
}

#[test]
fn a_panic_in_the_waker_of_who_waits_does_not_stop_the_loop() {
    struct Bomb;
    impl std::task::Wake for Bomb {
        fn wake(self: Arc<Self>) {
            panic!("waker");
        }
    }
    let (executor, mut park) = executor();
    let mut task = executor.spawn(yield_now());
    let waker = std::task::Waker::from(Arc::new(Bomb));
    let mut cx = std::task::Context::from_waker(&waker);
    assert!(std::pin::Pin::new(&mut task).poll(&mut cx).is_pending());
    executor.block_on(&mut park, async {
        yield_now().await;
        yield_now().await;
    });
    assert!(task.is_finished());
}

#[test]
fn the_hook_is_told_of_each_panic() {
    type Told = (Id, &'static Location<'static>, String);
    let told: Arc<Mutex<Vec<Told>>> = Arc::default();
    let config = Config {
        on_task_panic: Some(Box::new({
            let told = Arc::clone(&told);
            move |panic| {
                told.lock().push((
                    panic.id(),
                    panic.location(),
                    text(panic.payload()).to_owned(),
                ));
            }
        })),
        ..Config::default()
    };
    let (executor, mut park) = executor_with(config);
    let line = line!() + 1;
    let task = executor.spawn(async { panic!("told") });
    let id = task.id();
    assert!(executor.block_on(&mut park, task).unwrap_err().is_panic());
    let told = told.lock();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].0, told[0].2.as_str()), (id, "told"));
    assert_eq!((told[0].1.file(), told[0].1.line()), (file!(), line));
}

#[test]
fn a_hook_that_panics_is_swallowed() {
    let calls = Arc::new(AtomicUsize::new(0));
    let config = Config {
        on_task_panic: Some(Box::new({
            let calls = Arc::clone(&calls);
            move |_| {
                calls.fetch_add(1, Ordering::Relaxed);
                panic!("hook");
            }
        })),
        ..Config::default()
    };
    let (executor, mut park) = executor_with(config);
    let task = executor.spawn(async { panic!("task") });
    let error = executor.block_on(&mut park, task).unwrap_err();
    assert_eq!(text(&*error.into_panic()), "task");
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}
