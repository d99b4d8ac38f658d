//! Orders that a seed determines.

use std::cell::Cell;
use std::collections::HashSet;
use std::future::pending;
use std::rc::Rc;

use uring_executor::{Config, Executor, yield_now};

use crate::support::{FakePark, Log, executor_with};

const TASKS: usize = 100;
const ROUNDS: usize = 4;

fn seeded(seed: impl Into<Option<u64>>) -> (Executor, FakePark) {
    executor_with(Config {
        seed: seed.into(),
        ..Config::default()
    })
}

/// Which task ran when, where each runs so often and yields in between; the root is number `TASKS`.
fn schedule(seed: impl Into<Option<u64>>) -> Vec<usize> {
    let (executor, mut park) = seeded(seed);
    let log = Log::new();
    let rounds = |number| {
        let log = log.clone();
        async move {
            for _ in 0..ROUNDS {
                log.push(number);
                yield_now().await;
            }
        }
    };
    let spawn = |number| executor.spawn(rounds(number));
    let tasks: Vec<_> = (0..TASKS).map(spawn).collect();
    executor.block_on(&mut park, async {
        rounds(TASKS).await;
        for task in tasks {
            task.await.unwrap();
        }
    });
    log.take()
}

#[test]
fn the_same_seed_gives_the_same_order() {
    for seed in [0, 1, u64::MAX] {
        assert_eq!(schedule(seed), schedule(seed));
    }
}

#[test]
fn different_seeds_give_different_orders() {
    let schedules: HashSet<_> = (0..20).map(schedule).collect();
    assert_eq!(schedules.len(), 20);
    assert!(!schedules.contains(&schedule(None)));
}

#[test]
fn without_a_seed_the_order_is_that_of_the_queue() {
    let mut schedule = schedule(None);
    assert_eq!(schedule[0], TASKS);
    schedule.retain(|number| *number < TASKS);
    let in_order: Vec<_> = (0..TASKS).collect();
    assert!(schedule.chunks(TASKS).all(|round| round == in_order));
}

#[test]
fn no_task_is_passed_over_for_another_that_became_ready_later() {
    for seed in 0..20 {
        let mut runs = [0; TASKS];
        for number in schedule(seed).into_iter().filter(|number| *number < TASKS) {
            runs[number] += 1;
            // It yielded when it ran before, and all others were ready then.
            let least = runs.iter().min().unwrap();
            assert!(
                runs[number] <= least + 2,
                "{seed}: {number} has run {} times",
                runs[number]
            );
        }
        assert_eq!(runs, [ROUNDS; TASKS]);
    }
}

#[test]
fn the_future_of_block_on_runs_before_the_tasks_or_after() {
    let is_first = |seed: &u64| schedule(*seed)[0] == TASKS;
    let first = (0..100).filter(is_first).count();
    assert!((20..80).contains(&first), "{first} of 100");
}

#[test]
fn a_root_that_always_has_something_to_do_and_tasks_that_do_stop_nobody() {
    for event_interval in [1, 2, 61] {
        let (executor, mut park) = executor_with(Config {
            seed: Some(event_interval.into()),
            event_interval,
            ..Config::default()
        });
        let busy = executor.spawn(async {
            loop {
                yield_now().await;
            }
        });
        let task = executor.spawn(async {
            for _ in 0..10 {
                yield_now().await;
            }
        });
        executor.block_on(&mut park, async {
            let mut looks = 0;
            while !task.is_finished() {
                yield_now().await;
                looks += 1;
                assert!(looks < 10_000);
            }
        });
        busy.abort();
    }
}

/// Whether a task that writes finds closed what another closes: in one order of two.
fn finds_the_mistake(seed: impl Into<Option<u64>>) -> bool {
    let (executor, mut park) = seeded(seed);
    let is_closed = Rc::new(Cell::new(false));
    let writer = Rc::clone(&is_closed);
    let write = executor.spawn(async move { writer.get() });
    let closer = Rc::clone(&is_closed);
    let close = executor.spawn(async move { closer.set(true) });
    executor.block_on(&mut park, async {
        close.await.unwrap();
        write.await.unwrap()
    })
}

#[test]
fn what_never_happens_in_the_order_of_the_queue_is_found_by_a_few_seeds() {
    assert!(!finds_the_mistake(None));
    assert!((0..10).any(finds_the_mistake));
    assert!(!(0..10).all(finds_the_mistake));
}

#[test]
fn a_shutdown_in_the_middle_of_an_order_leaves_nothing_behind() {
    let (executor, mut park) = executor_with(Config {
        seed: Some(3),
        event_interval: 5,
        ..Config::default()
    });
    let kept = Rc::new(());
    for _ in 0..TASKS {
        let kept = Rc::clone(&kept);
        drop(executor.spawn(async move {
            pending::<()>().await;
            drop(kept);
        }));
    }
    executor.block_on(&mut park, yield_now());
    executor.shutdown();
    assert_eq!(Rc::strong_count(&kept), 1);
    assert!(!executor.run_pass());
}
