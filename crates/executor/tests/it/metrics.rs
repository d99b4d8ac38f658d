//! What the counters count.

use std::future::poll_fn;
use std::task::{Poll, Waker};
use std::thread;

use uring_executor::Executor;

use crate::support::{FakePark, executor};

/// Runs a root that is pending once, and has `wake` called with its waker meanwhile.
fn run_a_root_woken_by(wake: fn(Waker), executor: &Executor, park: &mut FakePark) {
    let mut is_first = true;
    let root = poll_fn(|cx| {
        if std::mem::take(&mut is_first) {
            wake(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(())
    });
    executor.block_on(park, root);
}

#[test]
fn a_wake_of_the_root_is_a_wake() {
    let (executor, mut park) = executor();
    run_a_root_woken_by(Waker::wake, &executor, &mut park);
    let metrics = executor.metrics();
    assert_eq!((metrics.wakes_local, metrics.wakes_remote), (1, 0));
    assert_eq!(metrics.polls, 2);
}

#[test]
fn a_wake_of_the_root_from_another_thread_is_a_remote_wake() {
    let (executor, mut park) = executor();
    let elsewhere = |waker: Waker| thread::spawn(|| waker.wake()).join().unwrap();
    run_a_root_woken_by(elsewhere, &executor, &mut park);
    let metrics = executor.metrics();
    assert_eq!((metrics.wakes_local, metrics.wakes_remote), (0, 1));
}

#[test]
fn wakes_of_a_root_that_is_going_to_be_polled_anyway_count_once() {
    let (executor, mut park) = executor();
    let thrice = |waker: Waker| (0..3).for_each(|_| waker.wake_by_ref());
    run_a_root_woken_by(thrice, &executor, &mut park);
    assert_eq!(executor.metrics().wakes_local, 1);
    let elsewhere = |waker: Waker| {
        let wake = move || (0..3).for_each(|_| waker.wake_by_ref());
        thread::spawn(wake).join().unwrap();
    };
    run_a_root_woken_by(elsewhere, &executor, &mut park);
    assert_eq!(executor.metrics().wakes_remote, 1);
}

#[test]
fn a_spawn_from_another_thread_is_a_remote_wake_and_one_at_home_is_none() {
    let (executor, _park) = executor();
    drop(executor.spawn(async {}));
    assert_eq!(executor.metrics().wakes_remote, 0);
    let spawner = executor.spawner();
    thread::spawn(move || {
        drop(spawner.spawn(async {}));
        drop(spawner.spawn_with(|| async {}));
    })
    .join()
    .unwrap();
    let metrics = executor.metrics();
    assert_eq!((metrics.wakes_local, metrics.wakes_remote), (0, 2));
}

#[test]
fn a_spawn_that_comes_too_late_counts_nothing() {
    let (executor, _park) = executor();
    executor.shutdown();
    let spawner = executor.spawner();
    thread::spawn(move || drop(spawner.spawn(async {})))
        .join()
        .unwrap();
    assert_eq!(executor.metrics().wakes_remote, 0);
    assert_eq!(executor.metrics().tasks_alive, 0);
}
