//! Where and when futures, outputs and wakers are dropped.

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::task::Poll;
use std::thread;

use uring_executor::{Spawner, yield_now};

use crate::support::{Drops, Gate, executor};

#[test]
fn a_future_is_dropped_at_home_when_it_completes() {
    let (executor, mut park) = executor();
    let drops = Drops::default();
    let token = drops.token();
    let spawner = executor.spawner();
    let task = thread::spawn(move || {
        spawner.spawn(async move {
            let _token = token;
            yield_now().await;
        })
    })
    .join()
    .unwrap();
    executor.block_on(&mut park, async {
        yield_now().await;
        yield_now().await;
        assert!(task.is_finished());
        assert_eq!(drops.threads(), [thread::current().id()]);
    });
    thread::spawn(move || drop(task)).join().unwrap();
    assert_eq!(drops.count(), 1);
}

#[test]
fn a_future_that_is_not_send_is_dropped_at_home_though_wakers_outlive_it() {
    let (executor, mut park) = executor();
    let drops = Drops::default();
    let token = drops.token();
    let (sender, receiver) = std::sync::mpsc::channel();
    let not_send = Rc::new(token);
    executor.spawn(async move {
        let _not_send = not_send;
        poll_fn(|cx| {
            sender.send(cx.waker().clone()).unwrap();
            Poll::<()>::Pending
        })
        .await;
    });
    executor.block_on(&mut park, yield_now());
    drop(executor);
    assert_eq!(drops.threads(), [thread::current().id()]);
    thread::spawn(move || {
        let waker = receiver.recv().unwrap();
        waker.wake_by_ref();
        drop(waker);
    })
    .join()
    .unwrap();
    assert_eq!(drops.count(), 1);
}

#[test]
fn the_output_of_a_detached_task_is_dropped_at_home() {
    let (executor, mut park) = executor();
    let drops = Drops::default();
    let token = drops.token();
    let task = executor.spawn(async move { token });
    thread::spawn(move || drop(task)).join().unwrap();
    executor.block_on(&mut park, yield_now());
    assert_eq!(drops.threads(), [thread::current().id()]);
}

#[test]
fn the_output_of_a_finished_task_goes_with_its_handle() {
    let (executor, mut park) = executor();
    let drops = Drops::default();
    let token = drops.token();
    let task = executor.spawn(async move { token });
    executor.block_on(&mut park, yield_now());
    assert_eq!(drops.count(), 0);
    let there = thread::spawn(move || {
        drop(task);
        thread::current().id()
    })
    .join()
    .unwrap();
    assert_eq!(drops.threads(), [there]);
}

#[test]
fn an_output_that_was_taken_is_dropped_once() {
    let (executor, mut park) = executor();
    let drops = Drops::default();
    let token = drops.token();
    let task = executor.spawn(async move { token });
    let abort = task.abort_handle();
    let token = executor.block_on(&mut park, task).unwrap();
    drop(abort);
    assert_eq!(drops.count(), 0);
    drop(token);
    assert_eq!(drops.count(), 1);
}

#[test]
fn dropping_the_handle_detaches() {
    let (executor, mut park) = executor();
    let ran = Rc::new(Cell::new(false));
    drop(executor.spawn({
        let ran = Rc::clone(&ran);
        async move {
            yield_now().await;
            ran.set(true);
        }
    }));
    executor.block_on(&mut park, async {
        yield_now().await;
        yield_now().await;
    });
    assert!(ran.get());
}

#[test]
fn a_dropped_handle_lets_go_of_the_waker_it_was_polled_with() {
    let (executor, mut park) = executor();
    let drops = Drops::default();
    let gate = Gate::default();
    let inner = executor.spawn({
        let gate = gate.clone();
        async move { gate.wait().await }
    });
    let token = drops.token();
    let outer = executor.spawn(async move {
        let _token = token;
        inner.await.unwrap();
    });
    executor.block_on(&mut park, async {
        yield_now().await;
        outer.abort();
        yield_now().await;
    });
    assert_eq!(drops.count(), 1);
    drop(outer);
    gate.open();
    executor.block_on(&mut park, yield_now());
    assert_eq!(executor.metrics().tasks_alive, 0);
}

#[test]
fn tasks_that_hold_each_others_handles_leak_nothing() {
    let drops = Drops::default();
    {
        let (executor, mut park) = executor();
        for _ in 0..10 {
            let token = drops.token();
            let inner = executor.spawn(async move {
                let _token = token;
                pending::<()>().await;
            });
            let token = drops.token();
            executor.spawn(async move {
                let _token = token;
                let _ = inner.await;
            });
        }
        executor.block_on(&mut park, yield_now());
    }
    assert_eq!(drops.count(), 20);
}

#[test]
fn a_future_may_spawn_and_wake_from_its_destructor() {
    struct Spawns;
    impl Drop for Spawns {
        fn drop(&mut self) {
            if let Some(spawner) = Spawner::try_current() {
                spawner.spawn_local(async {});
            }
        }
    }
    let (executor, mut park) = executor();
    let task = executor.spawn(async {
        let _spawns = Spawns;
        pending::<()>().await;
    });
    executor.block_on(&mut park, async {
        yield_now().await;
        task.abort();
        yield_now().await;
        yield_now().await;
    });
    assert_eq!(executor.metrics().tasks_alive, 0);
    executor.spawn(async {
        let _spawns = Spawns;
        pending::<()>().await;
    });
    executor.block_on(&mut park, yield_now());
    let spawner = executor.spawner();
    let _entered = spawner.enter();
    drop(executor);
}
