//! Who runs when.

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::task::Poll;

use uring_executor::{Config, Executor, Park, ParkMode, yield_now};

use crate::support::{FakePark, Log, executor, executor_with, wake_self};

#[test]
fn tasks_run_in_the_order_in_which_they_were_spawned() {
    let (executor, mut park) = executor();
    let log = Log::new();
    for n in 0..100 {
        let log = log.clone();
        executor.spawn(async move { log.push(n) });
    }
    executor
        .block_on(&mut park, executor.spawn(async {}))
        .unwrap();
    assert_eq!(log.take(), (0..100).collect::<Vec<_>>());
}

#[test]
fn a_task_that_wakes_itself_goes_behind_those_that_wait() {
    let (executor, mut park) = executor();
    let log = Log::new();
    for name in ["a", "b", "c"] {
        let log = log.clone();
        executor.spawn(async move {
            for _ in 0..3 {
                log.push(name);
                wake_self().await;
            }
        });
    }
    executor.block_on(&mut park, async {
        for _ in 0..4 {
            yield_now().await;
        }
    });
    assert_eq!(log.take().concat(), "abcabcabc");
}

#[test]
fn a_woken_task_does_not_jump_the_queue() {
    let (executor, mut park) = executor();
    let log = Log::new();
    let gate = crate::support::Gate::default();
    let waiter = executor.spawn({
        let (gate, log) = (gate.clone(), log.clone());
        async move {
            gate.wait().await;
            log.push("woken");
        }
    });
    executor.spawn({
        let log = log.clone();
        async move {
            gate.open();
            log.push("waker");
        }
    });
    executor.spawn({
        let log = log.clone();
        async move { log.push("next") }
    });
    executor.block_on(&mut park, waiter).unwrap();
    assert_eq!(log.take(), ["waker", "next", "woken"]);
}

#[test]
fn the_root_is_not_starved_by_a_task_that_always_wakes_itself() {
    let (executor, mut park) = executor();
    executor.spawn(async {
        loop {
            wake_self().await;
        }
    });
    executor.block_on(&mut park, async {
        for _ in 0..10 {
            wake_self().await;
        }
    });
    assert!(executor.metrics().polls < 100);
}

#[test]
fn a_pass_runs_only_what_was_queued_when_it_began() {
    let (executor, _park) = executor();
    let polls = Rc::new(Cell::new(0));
    for _ in 0..3 {
        let polls = Rc::clone(&polls);
        executor.spawn(poll_fn(move |cx| {
            polls.set(polls.get() + 1);
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        }));
    }
    assert!(executor.run_pass());
    assert_eq!(polls.get(), 3);
    assert!(executor.run_pass());
    assert_eq!(polls.get(), 6);
}

/// How many polls lay between the looks at the driver.
fn polls_between_looks(config: Config) -> Vec<u64> {
    let looks = Log::new();
    let polls = Rc::new(Cell::new(0_u64));
    let mut park = FakePark::with_driver({
        let (looks, polls) = (looks.clone(), Rc::clone(&polls));
        move |_| looks.push(polls.take())
    });
    let executor = Executor::new(config, park.unparker());
    for _ in 0..10 {
        let polls = Rc::clone(&polls);
        executor.spawn(async move {
            loop {
                polls.set(polls.get() + 1);
                wake_self().await;
            }
        });
    }
    executor.block_on(&mut park, {
        let mut left = 5;
        let polls = Rc::clone(&polls);
        poll_fn(move |cx| {
            polls.set(polls.get() + 1);
            left -= 1;
            cx.waker().wake_by_ref();
            if left == 0 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
    });
    looks.take()
}

#[test]
fn the_driver_is_looked_at_every_event_interval() {
    let config = Config {
        event_interval: 7,
        ..Config::default()
    };
    let looks = polls_between_looks(config);
    assert!(looks.len() >= 4, "{looks:?}");
    assert!(looks.iter().all(|&polls| polls == 7), "{looks:?}");
}

#[test]
fn an_event_interval_of_zero_counts_as_one() {
    let config = Config {
        event_interval: 0,
        ..Config::default()
    };
    let looks = polls_between_looks(config);
    assert!(looks.iter().all(|&polls| polls == 1), "{looks:?}");
}

#[test]
fn a_thousand_ready_tasks_are_cut_into_intervals_and_none_is_left_out() {
    let (executor, mut park) = executor();
    let runs = Rc::new(Cell::new(0));
    let mut tasks: Vec<_> = (0..1000)
        .map(|_| {
            let runs = Rc::clone(&runs);
            executor.spawn(async move { runs.set(runs.get() + 1) })
        })
        .collect();
    let last = tasks.pop().unwrap();
    executor.block_on(&mut park, last).unwrap();
    assert_eq!(runs.get(), 1000);
    assert_eq!(park.seen.polls.get(), 1000 / 61);
    assert_eq!(park.seen.blocks.get(), 0);
}

/// The number of looks at the driver so far.
fn looks(park: &FakePark) -> impl Fn() -> u32 + use<> {
    let seen = Rc::clone(&park.seen);
    move || seen.polls.get() + seen.blocks.get()
}

#[test]
fn yield_now_resumes_only_after_the_driver_was_looked_at() {
    let (executor, mut park) = executor();
    let looks = looks(&park);
    let task = executor.spawn(async move {
        for n in 0..5 {
            assert_eq!(looks(), n);
            yield_now().await;
        }
    });
    executor.block_on(&mut park, task).unwrap();
    assert_eq!(park.seen.blocks.get(), 0);
}

#[test]
fn yield_now_of_the_root_resumes_only_after_the_driver_was_looked_at() {
    let (executor, mut park) = executor();
    let looks = looks(&park);
    executor.block_on(&mut park, async move {
        for n in 0..5 {
            assert_eq!(looks(), n);
            yield_now().await;
        }
    });
    assert_eq!(park.seen.blocks.get(), 0);
}

#[test]
fn a_wake_from_elsewhere_does_not_end_a_yield_early() {
    let (executor, mut park) = executor();
    let looks = looks(&park);
    let task = executor.spawn(async move {
        let before = looks();
        // The second of the two wakes the task at once, again and again.
        futures_util::future::join(yield_now(), async {
            for _ in 0..10 {
                wake_self().await;
            }
        })
        .await;
        assert!(looks() > before);
    });
    executor.block_on(&mut park, task).unwrap();
}

#[test]
fn yields_within_a_combinator_that_has_its_own_wakers_all_resume() {
    let (executor, mut park) = executor();
    let looks = looks(&park);
    let yields = (0..100).map(|_| yield_now());
    let task = executor.spawn(async move {
        // More than thirty, so `join_all` polls each with a waker of its own.
        futures_util::future::join_all(yields).await;
        looks()
    });
    assert!(executor.block_on(&mut park, task).unwrap() > 0);
}

#[test]
fn yield_now_under_a_foreign_executor_is_pending_once() {
    futures_util::future::FutureExt::now_or_never(async {
        futures_util::future::select(std::pin::pin!(yield_now()), pending::<()>()).await;
    });
    let mut yielding = std::pin::pin!(yield_now());
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(yielding.as_mut().poll(&mut cx).is_pending());
    assert!(yielding.as_mut().poll(&mut cx).is_ready());
}

#[test]
fn all_tasks_that_yield_take_turns() {
    let (executor, mut park) = executor_with(Config::default());
    let log = Log::new();
    let mut tasks: Vec<_> = (0..200)
        .map(|n| {
            let log = log.clone();
            executor.spawn(async move {
                for _ in 0..3 {
                    log.push(n);
                    yield_now().await;
                }
            })
        })
        .collect();
    let last = tasks.pop().unwrap();
    executor.block_on(&mut park, last).unwrap();
    let mut runs = log.take();
    assert_eq!(runs.len(), 600);
    // In each round everybody has one turn; looks at the driver in between may shift the places.
    for round in runs.chunks_mut(200) {
        round.sort_unstable();
        assert_eq!(round, (0..200).collect::<Vec<_>>());
    }
}

#[test]
fn nothing_blocks_while_something_is_ready() {
    let mut park = FakePark::with_driver(|mode| assert_eq!(mode, ParkMode::Poll));
    let executor = Executor::new(Config::default(), park.unparker());
    let task = executor.spawn(async {
        for _ in 0..300 {
            wake_self().await;
            yield_now().await;
        }
    });
    executor.block_on(&mut park, task).unwrap();
}

#[test]
fn a_root_that_always_has_something_to_do_leaves_room_for_tasks_at_every_interval() {
    for event_interval in [0, 1, 2, 61] {
        let (executor, mut park) = executor_with(Config {
            event_interval,
            ..Config::default()
        });
        let task = executor.spawn(async { yield_now().await });
        executor.block_on(&mut park, async {
            let mut looks = 0;
            while !task.is_finished() {
                yield_now().await;
                looks += 1;
                assert!(
                    looks < 1000,
                    "an interval of {event_interval} starves the task"
                );
            }
        });
    }
}
