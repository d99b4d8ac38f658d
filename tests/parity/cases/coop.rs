//! `task::coop`: a task that is always ready lets the others run.

use std::future::{pending, poll_fn, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker, ready};

use crate::rt;
use crate::rt::task::coop::{cooperative, has_budget_remaining, poll_proceed};
use crate::rt::task::{consume_budget, spawn, unconstrained};

/// Polls until the budget is used up, at most a thousand times.
fn use_up(cx: &mut Context<'_>) -> usize {
    (0..1000)
        .take_while(|_| poll_proceed(cx).map(|unit| unit.made_progress()).is_ready())
        .count()
}

#[rt::test]
async fn a_task_that_consumes_its_budget_lets_others_run() {
    let turns = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&turns);
    let other = spawn(async move {
        loop {
            theirs.fetch_add(1, Ordering::Relaxed);
            rt::task::yield_now().await;
        }
    });
    for _ in 0..1000 {
        consume_budget().await;
    }
    let turns = turns.load(Ordering::Relaxed);
    assert!((1000 / 128..=1000 / 128 + 2).contains(&turns), "{turns}");
    other.abort();
}

#[rt::test]
async fn a_budget_is_128_units_and_new_in_each_poll() {
    poll_fn(|cx| {
        assert_eq!(use_up(cx), 128);
        assert!(!has_budget_remaining());
        Poll::Ready(())
    })
    .await;
    rt::task::yield_now().await;
    assert!(has_budget_remaining());
}

#[rt::test]
async fn a_unit_that_made_no_progress_comes_back() {
    poll_fn(|cx| {
        for _ in 0..1000 {
            assert!(poll_proceed(cx).is_ready());
        }
        assert_eq!(use_up(cx), 128);
        Poll::Ready(())
    })
    .await;
}

#[rt::test]
async fn unconstrained_knows_no_budget() {
    unconstrained(poll_fn(|cx| {
        assert_eq!(use_up(cx), 1000);
        Poll::Ready(())
    }))
    .await;
    poll_fn(|cx| {
        assert_eq!(use_up(cx), 128, "the budget around it is as it was");
        Poll::Ready(())
    })
    .await;
}

#[rt::test]
async fn a_foreign_future_takes_part_and_costs_only_when_it_is_ready() {
    poll_fn(|cx| {
        for _ in 0..1000 {
            let waits = std::pin::pin!(cooperative(pending::<()>()));
            assert!(waits.poll(cx).is_pending());
        }
        let done = (0..1000)
            .take_while(|_| std::pin::pin!(cooperative(ready(()))).poll(cx).is_ready())
            .count();
        assert_eq!(done, 128);
        Poll::Ready(())
    })
    .await;
}

#[rt::test]
async fn the_one_that_ran_out_is_woken_again() {
    let mut polls = 0;
    poll_fn(|cx| {
        polls += 1;
        if polls == 1 {
            use_up(cx);
            ready!(poll_proceed(cx)).made_progress();
        }
        Poll::Ready(())
    })
    .await;
    assert_eq!(polls, 2);
}

#[test]
fn outside_of_a_runtime_there_is_no_limit() {
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(use_up(&mut cx), 1000);
    assert!(has_budget_remaining());
}
