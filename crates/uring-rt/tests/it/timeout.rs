//! `timeout`: who wins, and what the error becomes.

use std::future::{pending, ready};
use std::io;

use futures_util::AsyncWriteExt;
use uring_rt::task::{coop, yield_now};
use uring_rt::time::{Duration, Instant, error::Elapsed, sleep, timeout, timeout_at};

use crate::support::{for_each_backend, paused_runtime, tcp_pair};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_value_that_is_there_wins_over_a_limit_that_is_reached() {
    paused_runtime().block_on(async {
        assert_eq!(timeout(Duration::ZERO, ready(3)).await, Ok(3));
        assert_eq!(timeout_at(Instant::now() - SECOND, ready(4)).await, Ok(4));
        let same_moment = timeout(SECOND, sleep(SECOND)).await;
        assert_eq!(same_moment, Ok(()));
        assert_eq!(timeout(Duration::MAX, sleep(SECOND)).await, Ok(()));
    });
}

#[test]
fn the_limit_ends_what_does_not_end() {
    paused_runtime().block_on(async {
        let start = Instant::now();
        let error = timeout(SECOND, pending::<()>()).await.unwrap_err();
        assert_eq!(start.elapsed(), SECOND);
        assert_eq!(error.to_string(), "deadline has elapsed");
        timeout_at(start + 3 * SECOND, pending::<()>())
            .await
            .unwrap_err();
        assert_eq!(start.elapsed(), 3 * SECOND);
    });
}

#[test]
fn elapsed_becomes_timed_out_by_the_question_mark() {
    async fn limited() -> io::Result<()> {
        timeout(SECOND, pending::<()>()).await?;
        Ok(())
    }
    let error = paused_runtime().block_on(limited()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}

#[test]
fn a_future_that_uses_up_its_budget_in_each_poll_still_times_out() {
    for_each_backend(async || {
        let hog = async {
            loop {
                coop::consume_budget().await;
            }
        };
        let limited: Result<(), Elapsed> = timeout(Duration::from_millis(2), hog).await;
        limited.unwrap_err();
    });
}

#[test]
fn a_stream_with_data_for_ever_still_times_out() {
    for_each_backend(async || {
        let (ours, mut theirs) = tcp_pair().await;
        theirs.write_all(b"x").await.unwrap();
        let hog = async {
            loop {
                ours.peek(&mut [0]).await.unwrap();
            }
        };
        let limited: Result<(), Elapsed> = timeout(Duration::from_millis(2), hog).await;
        limited.unwrap_err();
    });
}

#[test]
fn the_inner_future_is_there_to_be_looked_at_and_taken_back() {
    paused_runtime().block_on(async {
        let mut limited = timeout(SECOND, ready(5));
        *limited.get_mut() = ready(6);
        assert_eq!(limited.into_inner().await, 6);
        // Anything that becomes a future will do.
        let task = uring_rt::spawn(async {
            yield_now().await;
            6
        });
        assert_eq!(timeout(SECOND, task).await.unwrap().unwrap(), 6);
    });
}
