//! Spawning from other threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use uring_executor::{Spawner, yield_now};

use crate::support::{Drops, executor, text};

#[test]
fn a_spawner_is_send_and_sync() {
    fn check<T: Send + Sync + Clone>() {}
    check::<Spawner>();
}

#[test]
fn a_task_spawned_elsewhere_runs_at_home() {
    let (executor, mut park) = executor();
    let spawner = executor.spawner();
    let home = thread::current().id();
    let task = thread::spawn(move || {
        assert!(!spawner.is_home());
        spawner.spawn(async { thread::current().id() })
    })
    .join()
    .unwrap();
    assert_eq!(executor.block_on(&mut park, task).unwrap(), home);
}

#[test]
fn a_spawn_elsewhere_ends_the_sleep() {
    let (executor, mut park) = executor();
    for _ in 0..200 {
        let spawner = executor.spawner();
        let done = crate::support::Gate::default();
        let thread = thread::spawn({
            let done = done.clone();
            move || drop(spawner.spawn(async move { done.open() }))
        });
        executor.block_on(&mut park, done.wait());
        thread.join().unwrap();
    }
}

#[test]
fn eight_threads_spawn_and_no_task_is_lost() {
    let (executor, mut park) = executor();
    let count = Arc::new(AtomicUsize::new(0));
    let done = crate::support::Gate::default();
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (spawner, count, done) = (executor.spawner(), Arc::clone(&count), done.clone());
            thread::spawn(move || {
                for _ in 0..500 {
                    let (count, done) = (Arc::clone(&count), done.clone());
                    spawner.spawn(async move {
                        yield_now().await;
                        if count.fetch_add(1, Ordering::Relaxed) == 8 * 500 - 1 {
                            done.open();
                        }
                    });
                }
            })
        })
        .collect();
    executor.block_on(&mut park, done.wait());
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    executor.block_on(&mut park, yield_now());
    assert_eq!(executor.metrics().tasks_alive, 0);
}

#[test]
fn spawn_with_makes_a_future_that_is_not_send_at_home() {
    let (executor, mut park) = executor();
    let spawner = executor.spawner();
    let home = thread::current().id();
    let task = thread::spawn(move || {
        spawner.spawn_with(move || {
            assert_eq!(thread::current().id(), home);
            let shared = Rc::new(5);
            async move {
                yield_now().await;
                *shared
            }
        })
    })
    .join()
    .unwrap();
    assert_eq!(executor.block_on(&mut park, task).unwrap(), 5);
}

#[test]
fn a_panic_in_the_closure_of_spawn_with_is_the_tasks() {
    let (executor, mut park) = executor();
    let spawner = executor.spawner();
    let task = thread::spawn(move || {
        spawner.spawn_with(|| {
            assert!(thread::panicking(), "no future");
            async {}
        })
    })
    .join()
    .unwrap();
    let error = executor.block_on(&mut park, task).unwrap_err();
    assert_eq!(text(&*error.into_panic()), "no future");
}

#[test]
fn spawn_local_off_the_home_thread_panics_and_says_why() {
    let (executor, _park) = executor();
    let spawner = executor.spawner();
    assert!(spawner.is_home());
    thread::spawn(move || {
        let panic = catch_unwind(AssertUnwindSafe(|| spawner.spawn_local(async {})));
        assert!(text(&*panic.unwrap_err()).contains("off the executor's thread"));
    })
    .join()
    .unwrap();
}

#[test]
fn after_the_executors_end_a_spawn_is_cancelled_at_once() {
    let (executor, _park) = executor();
    let (spawner, drops) = (executor.spawner(), Drops::default());
    drop(executor);
    let spawn = |spawner: &Spawner| {
        let token = drops.token();
        let task = spawner.spawn(async move { drop(token) });
        assert!(task.is_finished());
        let error = futures_util::FutureExt::now_or_never(task).unwrap();
        assert!(error.unwrap_err().is_cancelled());
    };
    spawn(&spawner);
    thread::scope(|scope| {
        scope.spawn(|| spawn(&spawner));
        scope.spawn(|| {
            let token = drops.token();
            let task = spawner.spawn_with(|| async move { drop(token) });
            assert!(task.is_finished());
        });
    });
    assert_eq!(drops.count(), 3);
}

/// Wherever the end of the executor falls, every handle resolves and every future is dropped.
#[test]
fn spawns_that_race_with_the_end_all_resolve() {
    for _ in 0..50 {
        let (executor, mut park) = executor();
        let start = Arc::new(Barrier::new(3));
        let drops = Drops::default();
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (spawner, start, drops) =
                    (executor.spawner(), Arc::clone(&start), drops.clone());
                thread::spawn(move || {
                    start.wait();
                    (0..50)
                        .map(|_| {
                            let token = drops.token();
                            spawner.spawn(async move {
                                yield_now().await;
                                drop(token);
                            })
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        start.wait();
        executor.block_on(&mut park, yield_now());
        drop(executor);
        for thread in threads {
            for task in thread.join().unwrap() {
                assert!(task.is_finished());
            }
        }
        assert_eq!(drops.count(), 100);
    }
}

#[test]
fn the_current_spawner_of_a_foreign_thread_spawns_to_its_home() {
    let (executor, mut park) = executor();
    let spawner = executor.spawner();
    let task = thread::spawn(move || {
        let _entered = spawner.enter();
        Spawner::current().spawn(async { 9 })
    })
    .join()
    .unwrap();
    assert_eq!(executor.block_on(&mut park, task).unwrap(), 9);
}
