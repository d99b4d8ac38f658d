//! `time::Sleep` and `time::Instant`.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use crate::rt;
use crate::rt::task::{spawn, yield_now};
use crate::rt::time::{self, Instant, Sleep, advance, sleep, sleep_until};
use crate::support::{Log, poll};

const MS: Duration = Duration::from_millis(1);

fn is_ready(sleep: Pin<&mut Sleep>) -> bool {
    poll(sleep).is_ready()
}

#[rt::test]
async fn a_real_sleep_is_never_early() {
    for micros in [1_u64, 300, 1_500] {
        let (start, span) = (std::time::Instant::now(), Duration::from_micros(micros));
        sleep(span).await;
        assert!(start.elapsed() >= span);
    }
}

#[rt::test(start_paused = true)]
async fn a_deadline_in_the_past_or_now_is_ready_at_once() {
    let now = Instant::now();
    sleep_until(now).await;
    sleep_until(now - MS).await;
    sleep(Duration::ZERO).await;
    assert_eq!(Instant::now(), now);
}

#[rt::test(start_paused = true)]
async fn sleeps_end_in_the_order_of_their_deadlines() {
    let log = Log::default();
    let tasks: Vec<_> = [30_u32, 10, 20]
        .map(|ms| {
            let log = log.clone();
            spawn(async move {
                sleep(ms * MS).await;
                log.add(ms.to_string());
            })
        })
        .into();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(log.lines(), ["10", "20", "30"]);
}

#[rt::test(start_paused = true)]
async fn is_elapsed_is_false_until_the_sleep_has_been_waited_for() {
    let mut span = pin!(sleep_until(Instant::now()));
    assert!(!span.is_elapsed());
    span.as_mut().await;
    assert!(span.is_elapsed());
    span.as_mut().reset(Instant::now() + 5 * MS);
    assert!(!span.is_elapsed());
    assert!(!is_ready(span.as_mut()));
    advance(6 * MS).await;
    assert!(span.is_elapsed(), "also before it is polled again");
}

#[rt::test(start_paused = true)]
async fn a_deadline_is_what_was_asked_for() {
    let now = Instant::now();
    assert_eq!(sleep(7 * MS).deadline(), now + 7 * MS);
    assert_eq!(sleep_until(now - MS).deadline(), now - MS);
}

#[rt::test(start_paused = true)]
async fn reset_moves_a_sleep_later_and_earlier_and_revives_it() {
    let start = Instant::now();
    let mut span = pin!(sleep(10 * MS));
    assert!(!is_ready(span.as_mut()));
    span.as_mut().reset(start + 50 * MS);
    span.as_mut().await;
    assert_eq!(start.elapsed(), 50 * MS);
    span.as_mut().reset(start + 500 * MS);
    assert!(!is_ready(span.as_mut()));
    span.as_mut().reset(start + 60 * MS);
    span.as_mut().await;
    assert_eq!(start.elapsed(), 60 * MS);
}

#[rt::test(start_paused = true)]
async fn reset_to_a_time_that_has_come_is_ready_in_the_next_poll() {
    let mut span = pin!(sleep(3600 * 1000 * MS));
    assert!(!is_ready(span.as_mut()));
    span.as_mut().reset(Instant::now());
    poll_fn(|cx| match span.as_mut().poll(cx) {
        Poll::Ready(()) => Poll::Ready(()),
        Poll::Pending => panic!("it waits for a turn of the loop"),
    })
    .await;
}

#[rt::test(start_paused = true)]
async fn reset_wakes_the_waiting_task_at_the_new_time() {
    let start = Instant::now();
    let mut span = Box::pin(sleep(3600 * 1000 * MS));
    let mut is_first = true;
    poll_fn(|cx| {
        let polled = span.as_mut().poll(cx);
        if std::mem::take(&mut is_first) {
            span.as_mut().reset(start + 5 * MS);
        }
        polled
    })
    .await;
    assert_eq!(start.elapsed(), 5 * MS);
}

#[rt::test(start_paused = true)]
async fn the_last_waker_given_is_the_one_that_is_woken() {
    let mut span = Box::pin(sleep(10 * MS));
    assert!(
        !is_ready(span.as_mut()),
        "polled with a waker that does nothing"
    );
    spawn(span).await.unwrap();
}

#[rt::test(start_paused = true)]
async fn a_dropped_sleep_does_not_hold_the_clock() {
    let start = Instant::now();
    {
        let mut span = pin!(sleep(5 * MS));
        assert!(!is_ready(span.as_mut()));
    }
    sleep(20 * MS).await;
    assert_eq!(start.elapsed(), 20 * MS);
}

#[rt::test(start_paused = true)]
async fn the_longest_time_saturates_and_a_paused_clock_gets_there() {
    let start = Instant::now();
    sleep(Duration::MAX).await;
    let years = start.elapsed().as_secs() / (365 * 86_400);
    assert!((29..=31).contains(&years), "{years}");
    let before = Instant::now();
    sleep(10 * MS).await;
    assert_eq!(before.elapsed(), 10 * MS, "and goes on from there");
}

#[rt::test]
async fn one_far_sleep_does_not_keep_others_from_ending() {
    let far = spawn(async { sleep(Duration::MAX).await });
    sleep(MS).await;
    yield_now().await;
    assert!(!far.is_finished());
    far.abort();
}

#[rt::test(start_paused = true)]
async fn instants_are_those_of_the_paused_clock() {
    let now = Instant::now();
    time::sleep(4 * MS).await;
    let later = Instant::now();
    assert_eq!(now.elapsed(), 4 * MS);
    assert_eq!(later - now, 4 * MS);
    assert_eq!(later.duration_since(now), 4 * MS);
    assert_eq!(now.duration_since(later), Duration::ZERO);
    assert_eq!(now.checked_duration_since(later), None);
    assert_eq!(now.saturating_duration_since(later), Duration::ZERO);
    assert_eq!(now.checked_add(4 * MS), Some(later));
    assert_eq!(later.checked_sub(4 * MS), Some(now));
    assert_eq!(now.checked_add(Duration::MAX), None);
    let mut moved = now;
    moved += 5 * MS;
    moved -= MS;
    assert_eq!((moved, later - 4 * MS, now + 4 * MS), (later, now, later));
    assert!(now < later);
    let std: std::time::Instant = now.into();
    assert_eq!((Instant::from(std), now.into_std()), (now, std));
    assert_eq!(Instant::from_std(std), now);
}
