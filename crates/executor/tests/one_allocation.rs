//! A task is one allocation. Apart from the other tests because it counts with a global allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::pending;
use std::task::Waker;

use uring_executor::{Config, Executor, Park, ParkMode, yield_now};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    /// Wraps, because what a thread frees may have been allocated by another.
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: everything is the system allocator's; the counters allocate nothing.
#[expect(unsafe_code, reason = "an allocator cannot be written without")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        BYTES.set(BYTES.get().wrapping_add(layout.size()));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        BYTES.set(BYTES.get().wrapping_sub(layout.size()));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Spin;

impl Park for Spin {
    fn park(&mut self, _: ParkMode) {}

    fn unparker(&self) -> Waker {
        Waker::noop().clone()
    }
}

fn allocations(f: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    f();
    ALLOCATIONS.get() - before
}

#[test]
fn a_task_is_one_allocation_and_running_it_none() {
    let mut park = Spin;
    let executor = Executor::new(Config::default(), park.unparker());
    // The slab of tasks grows once.
    executor
        .block_on(&mut park, executor.spawn(async {}))
        .unwrap();
    let spawned = allocations(|| {
        let task = executor.spawn(async {
            for _ in 0..100 {
                yield_now().await;
            }
            [1_u64; 16]
        });
        executor.block_on(&mut park, task).unwrap();
    });
    assert_eq!(spawned, 1);
}

#[test]
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

#[test]
fn an_idle_task_takes_at_most_128_bytes_beside_its_future() {
    const TASKS: usize = 1 << 14;
    let mut park = Spin;
    let executor = Executor::new(Config::default(), park.unparker());
    let before = BYTES.get();
    for _ in 0..TASKS {
        drop(executor.spawn(pending::<()>()));
    }
    executor.block_on(&mut park, yield_now());
    let per_task = (BYTES.get() - before) / TASKS;
    // The allocator's own eight bytes are not counted here.
    assert!(per_task + 8 <= 128, "{per_task}");
}
