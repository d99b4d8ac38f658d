//! Wakes from other threads: none is lost, and a storm of them is cheap.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use uring_reactor::Turn;

use crate::support::on_every_backend;

#[test]
fn no_wake_of_eight_threads_is_lost() {
    const EACH: usize = 500;
    on_every_backend(|l| {
        let sent = Arc::new(AtomicUsize::new(0));
        let seen = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let (sent, seen) = (sent.clone(), seen.clone());
                let unparker = l.handle().unparker();
                std::thread::spawn(move || {
                    for _ in 0..EACH {
                        let mine = sent.fetch_add(1, Ordering::SeqCst) + 1;
                        unparker.wake_by_ref();
                        // Each waits for the loop now and then, so that it goes to sleep in between.
                        while mine % 5 == 0 && seen.load(Ordering::SeqCst) < mine {
                            std::thread::yield_now();
                        }
                    }
                })
            })
            .collect();
        let (counted, shown) = (sent.clone(), seen.clone());
        l.until("all wakes", || {
            let now = counted.load(Ordering::SeqCst);
            shown.store(now, Ordering::SeqCst);
            now == 8 * EACH
        });
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn ten_thousand_wakes_of_one_sleep_cost_one_write() {
    on_every_backend(|l| {
        let handle = l.handle();
        let unparker = handle.unparker();
        let start = Arc::new(Barrier::new(2));
        let go = start.clone();
        let before = handle.metrics();
        let waker = std::thread::spawn(move || {
            go.wait();
            (0..10_000).for_each(|_| unparker.wake_by_ref());
        });
        start.wait();
        while !waker.is_finished() {
            l.turn(Turn::WaitUntil(
                uring_reactor::Instant::now() + std::time::Duration::from_millis(1),
            ));
        }
        waker.join().unwrap();
        let after = handle.metrics();
        let (writes, turns) = (
            after.remote_wakes - before.remote_wakes,
            after.turns - before.turns,
        );
        assert!(
            writes <= turns,
            "{}: {writes} writes, {turns} turns",
            l.name
        );
    });
}

#[test]
fn wakes_of_a_loop_that_is_awake_cost_nothing_and_count_once() {
    on_every_backend(|l| {
        let handle = l.handle();
        let unparker = handle.unparker();
        (0..10_000).for_each(|_| unparker.wake_by_ref());
        assert_eq!(handle.metrics().remote_wakes, 0);
        // Does not sleep.
        l.turn(Turn::Wait);
        // The next one does, until the other thread wakes it.
        let waker = std::thread::spawn(move || unparker.wake());
        l.turn(Turn::Wait);
        waker.join().unwrap();
        assert!(handle.metrics().remote_wakes <= 1);
    });
}

#[test]
fn an_idle_loop_takes_no_turns() {
    on_every_backend(|l| {
        l.settle();
        let before = l.handle().metrics().turns;
        for _ in 0..10 {
            let unparker = l.handle().unparker();
            let waker = std::thread::spawn(move || unparker.wake());
            l.turn(Turn::Wait);
            waker.join().unwrap();
            // A late write may end one more sleep, and no more than that.
        }
        assert_eq!(l.handle().metrics().turns - before, 10);
        let (quick, limit) = (
            l.handle().metrics().turns,
            uring_reactor::Instant::now() + std::time::Duration::from_millis(5),
        );
        while uring_reactor::Instant::now() < limit {
            l.turn(Turn::WaitUntil(limit));
        }
        let turns = l.handle().metrics().turns - quick;
        assert!(turns < 10, "{}: {turns} turns", l.name);
    });
}
