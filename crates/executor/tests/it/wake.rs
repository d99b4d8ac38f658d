//! Wakes, from here and from elsewhere.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Waker};

use uring_executor::{Executor, yield_now};

use crate::support::{FakePark, executor, wake_self};

/// A task that counts its polls, and its waker.
fn counting_task(executor: &Executor, park: &mut FakePark) -> (Rc<Cell<u32>>, Waker) {
    let polls = Rc::new(Cell::new(0));
    let waker = Rc::new(RefCell::new(None));
    executor.spawn({
        let (polls, waker) = (Rc::clone(&polls), Rc::clone(&waker));
        poll_fn(move |cx| {
            polls.set(polls.get() + 1);
            *waker.borrow_mut() = Some(cx.waker().clone());
            Poll::<()>::Pending
        })
    });
    executor.block_on(park, yield_now());
    let waker = waker.take().unwrap();
    assert_eq!(polls.get(), 1);
    (polls, waker)
}

#[test]
fn a_wake_during_the_poll_queues_the_task_again() {
    let (executor, mut park) = executor();
    executor
        .block_on(&mut park, executor.spawn(wake_self()))
        .unwrap();
    // That one, and the one of the root, which waits for the task.
    assert_eq!(executor.metrics().wakes_local, 2);
    assert_eq!(park.seen.blocks.get(), 0);
}

#[test]
fn many_wakes_before_the_poll_are_one_poll() {
    let (executor, mut park) = executor();
    let (polls, waker) = counting_task(&executor, &mut park);
    for _ in 0..10 {
        waker.wake_by_ref();
    }
    executor.block_on(&mut park, yield_now());
    assert_eq!(polls.get(), 2);
    assert_eq!(executor.metrics().wakes_local, 1);
}

#[test]
fn many_remote_wakes_before_the_poll_are_one_poll_and_one_unpark() {
    let (executor, mut park) = executor();
    let (polls, waker) = counting_task(&executor, &mut park);
    let unparks = park.unparks();
    std::thread::spawn(move || {
        for _ in 0..10 {
            waker.wake_by_ref();
        }
    })
    .join()
    .unwrap();
    assert_eq!(park.unparks() - unparks, 1);
    executor.block_on(&mut park, yield_now());
    assert_eq!(polls.get(), 2);
    assert_eq!(executor.metrics().wakes_remote, 1);
}

#[test]
fn wakes_of_many_tasks_from_another_thread_are_one_unpark() {
    let (executor, mut park) = executor();
    let tasks: Vec<_> = (0..10)
        .map(|_| counting_task(&executor, &mut park))
        .collect();
    let unparks = park.unparks();
    let (polls, wakers): (Vec<_>, Vec<_>) = tasks.into_iter().unzip();
    std::thread::spawn(move || wakers.into_iter().for_each(Waker::wake))
        .join()
        .unwrap();
    assert_eq!(park.unparks() - unparks, 1);
    executor.block_on(&mut park, yield_now());
    assert!(polls.iter().all(|polls| polls.get() == 2));
}

#[test]
fn a_local_wake_while_the_loop_runs_does_not_unpark() {
    let (executor, mut park) = executor();
    let (polls, waker) = counting_task(&executor, &mut park);
    let unparks = park.unparks();
    executor.block_on(&mut park, async {
        waker.wake();
        yield_now().await;
    });
    assert_eq!(polls.get(), 2);
    assert_eq!(park.unparks(), unparks);
}

#[test]
fn a_wake_after_completion_does_nothing() {
    let (executor, mut park) = executor();
    let task = executor.spawn(poll_fn(|cx| Poll::Ready(cx.waker().clone())));
    let waker = executor.block_on(&mut park, task).unwrap();
    waker.wake_by_ref();
    assert!(!executor.has_work());
    let remote = waker.clone();
    std::thread::spawn(move || remote.wake()).join().unwrap();
    assert!(!executor.has_work());
    drop(executor);
    waker.wake();
}

#[test]
fn wakers_of_a_task_know_each_other() {
    let (executor, mut park) = executor();
    let (_, first) = counting_task(&executor, &mut park);
    let (_, second) = counting_task(&executor, &mut park);
    let same = first.clone();
    assert!(first.will_wake(&same));
    assert!(!first.will_wake(&second));
}

/// Eight threads each add a thousand times and wake; the task must see every addition.
#[test]
fn eight_threads_wake_and_nothing_is_lost() {
    const THREADS: usize = 8;
    const ROUNDS: usize = 1000;
    let (executor, mut park) = executor();
    let shared = Arc::new((AtomicUsize::new(0), parking_lot::Mutex::new(None::<Waker>)));
    let task = executor.spawn({
        let shared = Arc::clone(&shared);
        poll_fn(move |cx| {
            shared.1.lock().get_or_insert_with(|| cx.waker().clone());
            if shared.0.load(Ordering::Relaxed) == THREADS * ROUNDS {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
    });
    executor.block_on(&mut park, yield_now());
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || {
                let waker = shared.1.lock().clone().unwrap();
                for _ in 0..ROUNDS {
                    // Relaxed on purpose: that the task sees it has to come from the wake.
                    shared.0.fetch_add(1, Ordering::Relaxed);
                    waker.wake_by_ref();
                    drop(waker.clone());
                }
            })
        })
        .collect();
    // The last wake is the one that counts; the fake driver panics if it was lost.
    executor.block_on(&mut park, task).unwrap();
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
}

/// The numbers are handed over without any ordering of their own: only the wake can make them visible.
#[test]
fn a_remote_wake_makes_visible_what_came_before_it() {
    const ROUNDS: usize = 5000;
    let (executor, mut park) = executor();
    let number = Arc::new(AtomicUsize::new(0));
    let (asks, asked) = std::sync::mpsc::channel::<Waker>();
    let answering = std::thread::spawn({
        let number = Arc::clone(&number);
        move || {
            for waker in asked {
                number.fetch_add(1, Ordering::Relaxed);
                waker.wake();
            }
        }
    });
    let task = executor.spawn(async move {
        for expected in 1..=ROUNDS {
            let mut asking = false;
            poll_fn(|cx| {
                if !asking {
                    asking = true;
                    asks.send(cx.waker().clone()).unwrap();
                    return Poll::Pending;
                }
                assert_eq!(number.load(Ordering::Relaxed), expected);
                Poll::Ready(())
            })
            .await;
        }
    });
    executor.block_on(&mut park, task).unwrap();
    answering.join().unwrap();
}
