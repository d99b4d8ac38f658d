//! The budget.

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use futures_util::future::{join_all, select};
use uring_executor::{Config, coop, yield_now};

use crate::support::{Gate, executor, executor_with};

fn poll_always_ready(cx: &mut Context<'_>) -> Poll<()> {
    ready!(coop::check(cx));
    coop::spend();
    Poll::Ready(())
}

/// A leaf like a socket that always has data.
async fn always_ready() {
    poll_fn(poll_always_ready).await;
}

#[test]
fn a_task_that_is_always_ready_lets_the_others_run() {
    let (executor, mut park) = executor();
    let steps = Rc::new(Cell::new(0_u32));
    let greedy = executor.spawn({
        let steps = Rc::clone(&steps);
        async move {
            loop {
                always_ready().await;
                steps.set(steps.get() + 1);
            }
        }
    });
    let modest = executor.spawn(async move { steps.get() });
    assert_eq!(executor.block_on(&mut park, modest).unwrap(), 128);
    greedy.abort();
    assert_eq!(executor.metrics().budget_yields, 1);
}

#[test]
fn the_driver_is_looked_at_before_an_exhausted_task_goes_on() {
    let (executor, mut park) = executor_with(Config {
        task_budget: 10,
        ..Config::default()
    });
    let seen = Rc::clone(&park.seen);
    let task = executor.spawn(async move {
        for n in 0..100 {
            always_ready().await;
            assert_eq!(seen.polls.get(), n / 10);
        }
    });
    executor.block_on(&mut park, task).unwrap();
}

#[test]
fn the_root_has_a_budget_too() {
    let (executor, mut park) = executor();
    let ran = Rc::new(Cell::new(false));
    executor.spawn({
        let ran = Rc::clone(&ran);
        async move { ran.set(true) }
    });
    executor.block_on(&mut park, async {
        while !ran.get() {
            always_ready().await;
        }
    });
}

#[test]
fn pending_leaves_take_nothing() {
    let (executor, mut park) = executor();
    let gates: Vec<_> = (0..1000).map(|_| Gate::default()).collect();
    let leaves = gates.clone().into_iter().map(|gate| async move {
        poll_fn(coop::check).await;
        gate.wait().await;
    });
    let task = executor.spawn(async move {
        // A vector of futures polled with the task's own waker, so that each poll looks at all of them.
        let mut leaves: Vec<_> = leaves.map(Box::pin).collect();
        poll_fn(|cx| {
            leaves.retain_mut(|leaf| leaf.as_mut().poll(cx).is_pending());
            assert!(coop::has_budget_remaining());
            if leaves.is_empty() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    });
    executor.block_on(&mut park, async {
        yield_now().await;
        assert!(!executor.has_work());
        gates.iter().for_each(Gate::open);
        task.await.unwrap();
    });
    assert_eq!(executor.metrics().budget_yields, 0);
}

#[test]
fn many_leaves_that_find_no_budget_are_one_yield() {
    let (executor, mut park) = executor();
    let task = executor.spawn(async {
        join_all((0..129 + 300).map(|_| always_ready())).await;
    });
    executor.block_on(&mut park, task).unwrap();
    // 429 leaves, 128 in each poll: three polls end early.
    assert_eq!(executor.metrics().budget_yields, 3);
}

#[test]
fn unconstrained_has_no_limit_and_leaves_the_rest_as_it_was() {
    let (executor, mut park) = executor();
    let task = executor.spawn(async {
        for _ in 0..127 {
            always_ready().await;
        }
        coop::unconstrained(async {
            for _ in 0..1000 {
                always_ready().await;
            }
        })
        .await;
        assert!(coop::has_budget_remaining());
        always_ready().await;
        assert!(!coop::has_budget_remaining());
    });
    executor.block_on(&mut park, task).unwrap();
    assert_eq!(executor.metrics().budget_yields, 0);
}

#[test]
fn consume_budget_yields_in_the_end() {
    let (executor, mut park) = executor();
    let task = executor.spawn(async {
        for _ in 0..129 {
            coop::consume_budget().await;
        }
    });
    executor.block_on(&mut park, task).unwrap();
    assert_eq!(executor.metrics().budget_yields, 1);
}

#[test]
fn cooperative_makes_a_foreign_future_take_part() {
    let (executor, mut park) = executor();
    let task = executor.spawn(async {
        for _ in 0..129 {
            coop::cooperative(async {}).await;
        }
        // What is pending takes nothing.
        select(
            Box::pin(coop::cooperative(pending::<()>())),
            Box::pin(async {}),
        )
        .await;
    });
    executor.block_on(&mut park, task).unwrap();
    assert_eq!(executor.metrics().budget_yields, 1);
}

#[test]
fn each_poll_has_a_new_budget() {
    let (executor, mut park) = executor();
    let task = executor.spawn(async {
        for _ in 0..10 {
            for _ in 0..128 {
                always_ready().await;
            }
            yield_now().await;
        }
    });
    executor.block_on(&mut park, task).unwrap();
    assert_eq!(executor.metrics().budget_yields, 0);
}

#[test]
fn joining_finished_tasks_takes_part() {
    let (executor, mut park) = executor();
    let tasks: Vec<_> = (0..200).map(|n| executor.spawn(async move { n })).collect();
    executor.block_on(&mut park, yield_now());
    while executor.run_pass() {}
    executor.block_on(&mut park, async {
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(executor.metrics().budget_yields, 1);
}
