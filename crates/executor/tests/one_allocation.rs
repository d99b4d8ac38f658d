//! A task is one allocation. Apart from the other tests because it counts with a global allocator.

use std::alloc::System;
use std::future::pending;
use std::task::Waker;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use uring_executor::{Config, Executor, Park, ParkMode, yield_now};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// One test, as the allocator counts for all threads and the others would disturb it.
#[test]
fn tasks_allocate_once_and_stay_small() {
    a_task_is_one_allocation_and_running_it_none();
    a_task_spawned_elsewhere_is_one_allocation_there_and_none_here();
    an_idle_task_takes_at_most_128_bytes_beside_its_future();
}

struct Spin;

impl Park for Spin {
    fn park(&mut self, _: ParkMode) {}

    fn unparker(&self) -> Waker {
        Waker::noop().clone()
    }
}

fn allocations(f: impl FnOnce()) -> usize {
    let region = Region::new(ALLOCATOR);
    f();
    let change = region.change();
    change.allocations + change.reallocations
}

fn a_task_is_one_allocation_and_running_it_none() {
    let mut park = Spin;
    // The least of some runs: on a slow machine the thread that started this test is still at work, and it allocates.
    let runs = (0..5).map(|_| {
        let executor = Executor::new(Config::default(), park.unparker());
        // The slab of tasks grows once.
        executor
            .block_on(&mut park, executor.spawn(async {}))
            .unwrap();
        let mut run_one = || {
            allocations(|| {
                let task = executor.spawn(async {
                    for _ in 0..100 {
                        yield_now().await;
                    }
                    [1_u64; 16]
                });
                executor.block_on(&mut park, task).unwrap();
            })
        };
        (run_one(), run_one())
    });
    // The second gets the memory of the first, unless a checker is to see each task end.
    assert_eq!(runs.min(), Some((1, usize::from(cfg!(sanitizing)))));
}

fn a_task_spawned_elsewhere_is_one_allocation_there_and_none_here() {
    let mut park = Spin;
    let executor = Executor::new(Config::default(), park.unparker());
    let spawner = executor.spawner();
    let spawn = move || {
        // The inbox grows once.
        drop(spawner.spawn(async {}));
        let mut tasks = Vec::with_capacity(3);
        let there = allocations(|| tasks.extend((0..3).map(|_| spawner.spawn(async {}))));
        (there, tasks)
    };
    let (there, tasks) = std::thread::spawn(spawn).join().unwrap();
    assert_eq!(there, 3);
    // The slab of tasks grows once.
    executor
        .block_on(&mut park, executor.spawn(async {}))
        .unwrap();
    let here = allocations(|| {
        executor.block_on(&mut park, async {
            for task in tasks {
                task.await.unwrap();
            }
        });
    });
    assert_eq!(here, 0);
}

fn an_idle_task_takes_at_most_128_bytes_beside_its_future() {
    const TASKS: usize = 1 << 14;
    let mut park = Spin;
    let executor = Executor::new(Config::default(), park.unparker());
    let region = Region::new(ALLOCATOR);
    for _ in 0..TASKS {
        drop(executor.spawn(pending::<()>()));
    }
    executor.block_on(&mut park, yield_now());
    let change = region.change();
    let per_task = (change.bytes_allocated - change.bytes_deallocated) / TASKS;
    // The allocator's own eight bytes are not counted here.
    assert!(per_task + 8 <= 128, "{per_task}");
}
