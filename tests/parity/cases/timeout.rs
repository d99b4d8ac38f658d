//! `time::Timeout`.

use std::future::{pending, poll_fn, ready};
use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use crate::rt;
use crate::rt::task::unconstrained;
use crate::rt::time::error::Elapsed;
use crate::rt::time::{Instant, sleep, timeout, timeout_at};
use crate::support::{Log, SaysDropped};

const MS: Duration = Duration::from_millis(1);

#[rt::test(start_paused = true)]
async fn what_ends_in_time_gives_its_output() {
    let quick = async {
        sleep(MS).await;
        5
    };
    assert_eq!(timeout(2 * MS, quick).await, Ok(5));
    assert_eq!(timeout_at(Instant::now() + MS, ready(6)).await, Ok(6));
    assert_eq!(timeout(Duration::MAX, ready(7)).await, Ok(7));
}

#[rt::test(start_paused = true)]
async fn what_does_not_is_dropped_and_the_error_says_so() {
    let (start, log) = (Instant::now(), Log::default());
    let kept = SaysDropped(log.clone(), "future");
    let slow = async move {
        let _kept = kept;
        pending::<()>().await;
    };
    let error = timeout(30 * MS, slow).await.unwrap_err();
    assert_eq!(start.elapsed(), 30 * MS);
    assert_eq!(log.lines(), ["future dropped"]);
    assert_eq!(error.to_string(), "deadline has elapsed");
    assert_eq!(format!("{error:?}"), "Elapsed(())");
    let copy: Result<(), Elapsed> = timeout(MS, pending()).await;
    assert_eq!(copy, Err(error));
    let error = io::Error::from(copy.unwrap_err());
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}

#[rt::test(start_paused = true)]
async fn an_output_that_is_there_at_the_limit_wins() {
    assert_eq!(timeout(Duration::ZERO, ready(1)).await, Ok(1));
    assert_eq!(timeout_at(Instant::now() - MS, ready(2)).await, Ok(2));
    assert!(timeout(Duration::ZERO, pending::<()>()).await.is_err());
    let same = async {
        sleep(10 * MS).await;
        3
    };
    assert_eq!(timeout(10 * MS, same).await, Ok(3));
}

#[rt::test(start_paused = true)]
async fn the_future_inside_can_be_had() {
    let mut limited = timeout(MS, ready(1));
    let _: &std::future::Ready<i32> = limited.get_ref();
    *limited.get_mut() = ready(2);
    assert_eq!(limited.into_inner().await, 2);
}

#[rt::test(start_paused = true)]
async fn what_can_become_a_future_is_taken_too() {
    struct Later;
    impl IntoFuture for Later {
        type Output = u8;
        type IntoFuture = std::future::Ready<u8>;

        fn into_future(self) -> Self::IntoFuture {
            ready(4)
        }
    }
    assert_eq!(timeout(MS, Later).await, Ok(4));
}

#[rt::test]
async fn a_future_that_uses_up_each_budget_does_not_outrun_its_limit() {
    let hungry = async {
        loop {
            rt::task::consume_budget().await;
        }
    };
    let limited: Result<(), _> = timeout(MS, hungry).await;
    assert!(limited.is_err());
}

#[rt::test(start_paused = true)]
async fn a_limit_survives_being_moved_before_its_first_poll() {
    let limited = Box::pin(timeout(5 * MS, pending::<()>()));
    let start = Instant::now();
    let mut limited = pin!(unconstrained(limited));
    let polled = poll_fn(|cx| Poll::Ready(limited.as_mut().poll(cx))).await;
    assert!(polled.is_pending());
    assert!(limited.await.is_err());
    assert_eq!(start.elapsed(), 5 * MS);
}
