//! Tasks that have a say in their cancellation.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;

use parking_lot::Mutex;
use uring_executor::{Reluctant, yield_now};

use crate::support::executor;

/// What a test tells a task, and learns of it.
#[derive(Default)]
struct Told {
    may_end: AtomicBool,
    may_be_cancelled: AtomicBool,
    panics: AtomicBool,
    polls: AtomicU32,
    drops: AtomicU32,
    waker: Mutex<Option<Waker>>,
}

struct Waits(Arc<Told>);

impl Future for Waits {
    type Output = u32;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        self.0.polls.fetch_add(1, Ordering::Relaxed);
        *self.0.waker.lock() = Some(cx.waker().clone());
        if self.0.may_end.load(Ordering::Relaxed) {
            Poll::Ready(1)
        } else {
            Poll::Pending
        }
    }
}

impl Reluctant for Waits {
    fn may_be_cancelled(&self) -> bool {
        assert!(!self.0.panics.load(Ordering::Relaxed), "as planned");
        self.0.may_be_cancelled.load(Ordering::Relaxed)
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.drops.fetch_add(1, Ordering::Relaxed);
    }
}

fn wake(told: &Told) {
    let waker = told.waker.lock().take();
    waker.expect("it was polled").wake();
}

#[test]
fn an_abort_that_it_does_not_want_changes_nothing() {
    for before_the_first_poll in [true, false] {
        let (executor, mut park) = executor();
        let told = Arc::new(Told::default());
        let task = executor.spawner().spawn_reluctant(Waits(Arc::clone(&told)));
        if before_the_first_poll {
            task.abort();
        }
        executor.block_on(&mut park, yield_now());
        task.abort();
        executor.block_on(&mut park, yield_now());
        assert!(!task.is_finished());
        told.may_end.store(true, Ordering::Relaxed);
        wake(&told);
        assert_eq!(executor.block_on(&mut park, task).unwrap(), 1);
        assert_eq!(told.drops.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn an_abort_that_it_wants_is_one_and_it_is_not_polled_again() {
    let (executor, mut park) = executor();
    let told = Arc::new(Told::default());
    told.may_be_cancelled.store(true, Ordering::Relaxed);
    let task = executor.spawner().spawn_reluctant(Waits(Arc::clone(&told)));
    executor.block_on(&mut park, yield_now());
    task.abort();
    let error = executor.block_on(&mut park, task).unwrap_err();
    assert!(error.is_cancelled());
    assert_eq!(told.polls.load(Ordering::Relaxed), 1);
    assert_eq!(told.drops.load(Ordering::Relaxed), 1);
}

#[test]
fn it_may_change_its_mind_when_it_is_woken() {
    let (executor, mut park) = executor();
    let told = Arc::new(Told::default());
    let task = executor.spawner().spawn_reluctant(Waits(Arc::clone(&told)));
    executor.block_on(&mut park, yield_now());
    task.abort();
    executor.block_on(&mut park, yield_now());
    assert!(!task.is_finished());
    told.may_be_cancelled.store(true, Ordering::Relaxed);
    wake(&told);
    let error = executor.block_on(&mut park, task).unwrap_err();
    assert!(error.is_cancelled());
}

#[test]
fn a_panic_of_its_answer_is_a_yes() {
    let (executor, mut park) = executor();
    let told = Arc::new(Told::default());
    told.panics.store(true, Ordering::Relaxed);
    let task = executor.spawner().spawn_reluctant(Waits(told));
    task.abort();
    let error = executor.block_on(&mut park, task).unwrap_err();
    assert!(error.is_cancelled());
}

#[test]
fn it_is_spawned_and_aborted_from_another_thread() {
    let (executor, mut park) = executor();
    let told = Arc::new(Told::default());
    let (spawner, theirs) = (executor.spawner(), Arc::clone(&told));
    let task = thread::spawn(move || {
        let task = spawner.spawn_reluctant(Waits(theirs));
        task.abort();
        task
    });
    let task = task.join().unwrap();
    executor.block_on(&mut park, yield_now());
    assert_eq!(told.polls.load(Ordering::Relaxed), 1, "it went on");
    told.may_end.store(true, Ordering::Relaxed);
    wake(&told);
    assert_eq!(executor.block_on(&mut park, task).unwrap(), 1);
}

#[test]
fn the_end_of_the_executor_asks_nobody() {
    let (executor, mut park) = executor();
    let told = Arc::new(Told::default());
    let task = executor.spawner().spawn_reluctant(Waits(Arc::clone(&told)));
    executor.block_on(&mut park, yield_now());
    drop(executor);
    assert_eq!(told.drops.load(Ordering::Relaxed), 1);
    assert!(task.is_finished());
}
