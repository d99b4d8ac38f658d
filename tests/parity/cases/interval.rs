//! `time::Interval`.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use crate::rt;
use crate::rt::time::{Instant, Interval, MissedTickBehavior, advance, interval, interval_at};
use crate::support::{panics, runtime};

const MS: Duration = Duration::from_millis(1);

/// The next ticks, in milliseconds from `start`: the time that each says, and the time at which it came.
async fn ticks(interval: &mut Interval, start: Instant, count: usize) -> Vec<(u128, u128)> {
    let mut seen = Vec::new();
    for _ in 0..count {
        let said = interval.tick().await;
        seen.push(((said - start).as_millis(), start.elapsed().as_millis()));
    }
    seen
}

async fn is_pending(interval: &mut Interval) -> bool {
    poll_fn(|cx| Poll::Ready(interval.poll_tick(cx).is_pending())).await
}

#[rt::test(start_paused = true)]
async fn the_first_tick_comes_at_once_and_the_others_each_period() {
    let start = Instant::now();
    let mut interval = interval(10 * MS);
    assert_eq!(interval.period(), 10 * MS);
    assert_eq!(
        ticks(&mut interval, start, 3).await,
        [(0, 0), (10, 10), (20, 20)]
    );
}

#[rt::test(start_paused = true)]
async fn a_start_in_the_future_is_waited_for() {
    let start = Instant::now();
    let mut interval = interval_at(start + 25 * MS, 10 * MS);
    assert_eq!(ticks(&mut interval, start, 2).await, [(25, 25), (35, 35)]);
}

/// Two ticks, then 25 ms of work in a period of 10, then three more.
async fn late(behavior: MissedTickBehavior) -> Vec<(u128, u128)> {
    let start = Instant::now();
    let mut interval = interval(10 * MS);
    interval.set_missed_tick_behavior(behavior);
    assert_eq!(interval.missed_tick_behavior(), behavior);
    ticks(&mut interval, start, 2).await;
    advance(25 * MS).await;
    ticks(&mut interval, start, 4).await
}

#[rt::test(start_paused = true)]
async fn burst_makes_up_for_what_was_missed() {
    assert_eq!(MissedTickBehavior::default(), MissedTickBehavior::Burst);
    let seen = late(MissedTickBehavior::Burst).await;
    assert_eq!(seen, [(20, 35), (30, 35), (40, 40), (50, 50)]);
}

#[rt::test(start_paused = true)]
async fn delay_begins_anew_from_the_late_tick() {
    let seen = late(MissedTickBehavior::Delay).await;
    assert_eq!(seen, [(20, 35), (45, 45), (55, 55), (65, 65)]);
}

#[rt::test(start_paused = true)]
async fn skip_keeps_the_schedule_and_leaves_ticks_out() {
    let seen = late(MissedTickBehavior::Skip).await;
    assert_eq!(seen, [(20, 35), (40, 40), (50, 50), (60, 60)]);
}

#[rt::test(start_paused = true)]
async fn a_few_milliseconds_late_is_not_missed() {
    for behavior in [MissedTickBehavior::Delay, MissedTickBehavior::Skip] {
        let start = Instant::now();
        let mut interval = interval(10 * MS);
        interval.set_missed_tick_behavior(behavior);
        ticks(&mut interval, start, 1).await;
        advance(14 * MS).await;
        assert_eq!(
            ticks(&mut interval, start, 2).await,
            [(10, 14), (20, 20)],
            "{behavior:?}"
        );
    }
}

#[rt::test(start_paused = true)]
async fn resets_place_the_next_tick() {
    let start = Instant::now();
    let mut interval = interval(10 * MS);
    ticks(&mut interval, start, 1).await;
    advance(4 * MS).await;
    interval.reset();
    assert_eq!(ticks(&mut interval, start, 1).await, [(14, 14)]);
    interval.reset_immediately();
    assert_eq!(ticks(&mut interval, start, 2).await, [(14, 14), (24, 24)]);
    interval.reset_after(3 * MS);
    assert_eq!(ticks(&mut interval, start, 2).await, [(27, 27), (37, 37)]);
    interval.reset_at(start + 90 * MS);
    assert_eq!(ticks(&mut interval, start, 2).await, [(90, 90), (100, 100)]);
}

#[rt::test(start_paused = true)]
async fn a_tick_that_was_not_taken_is_not_lost() {
    let start = Instant::now();
    let mut interval = interval(10 * MS);
    ticks(&mut interval, start, 1).await;
    assert!(is_pending(&mut interval).await);
    drop(interval.tick());
    assert_eq!(ticks(&mut interval, start, 1).await, [(10, 10)]);
}

#[test]
fn no_period_is_no_interval() {
    runtime().block_on(async {
        assert!(panics(|| interval(Duration::ZERO)));
        assert!(panics(|| interval_at(Instant::now(), Duration::ZERO)));
    });
}
