//! Locks of async-lock, held across awaits, and by other threads.

use std::sync::Arc;
use std::thread;

use async_lock::{Barrier, Mutex, OnceCell, RwLock, Semaphore};
use uring_rt::task::{JoinSet, yield_now};

use crate::support::for_each_backend;

#[test]
fn a_mutex_that_a_thread_holds_wakes_the_task_that_waits_for_it() {
    const ROUNDS: u32 = 500;
    for_each_backend(async || {
        let total = Arc::new(Mutex::new(0));
        let theirs = Arc::clone(&total);
        let other = thread::spawn(move || {
            for _ in 0..ROUNDS {
                *theirs.lock_blocking() += 1;
            }
        });
        let mut tasks = JoinSet::new();
        for _ in 0..4 {
            let total = Arc::clone(&total);
            tasks.spawn(async move {
                for _ in 0..ROUNDS {
                    let mut total = total.lock().await;
                    let before = *total;
                    // Held across an await, as a std mutex must not be.
                    yield_now().await;
                    *total = before + 1;
                }
            });
        }
        tasks.join_all().await;
        uring_rt::task::spawn_blocking(|| other.join().unwrap())
            .await
            .unwrap();
        assert_eq!(*total.lock().await, 5 * ROUNDS);
    });
}

#[test]
fn a_barrier_a_semaphore_a_cell_and_a_rw_lock_order_tasks() {
    for_each_backend(async || {
        let barrier = Arc::new(Barrier::new(6));
        let permits = Arc::new(Semaphore::new(2));
        let cell = Arc::new(OnceCell::new());
        let readers = Arc::new(RwLock::new(0));
        let mut tasks = JoinSet::new();
        for n in 0..6 {
            let (barrier, permits) = (Arc::clone(&barrier), Arc::clone(&permits));
            let (cell, readers) = (Arc::clone(&cell), Arc::clone(&readers));
            tasks.spawn(async move {
                let permit = permits.acquire().await;
                let first = *cell.get_or_init(async || n).await;
                drop(permit);
                *readers.write().await += 1;
                let is_leader = barrier.wait().await.is_leader();
                // Nobody is past the barrier before all have written.
                assert_eq!(*readers.read().await, 6);
                (first, is_leader)
            });
        }
        let ends = tasks.join_all().await;
        assert!(ends.iter().all(|(first, _)| first == cell.get().unwrap()));
        assert_eq!(ends.iter().filter(|(_, is_leader)| *is_leader).count(), 1);
    });
}
