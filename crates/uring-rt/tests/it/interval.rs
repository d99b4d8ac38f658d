//! `interval`: when its ticks come, early, late and after a reset. On a paused clock.

use futures_util::{FutureExt, StreamExt};
use uring_rt::time::{
    Duration, Instant, Interval, MissedTickBehavior, advance, interval, interval_at, sleep,
};

use crate::support::{panic_text, paused_runtime};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Milliseconds at which the next tick was due, and at which it came.
async fn tick(ticks: &mut Interval, start: Instant) -> (u128, u128) {
    let due = ticks.tick().await;
    ((due - start).as_millis(), start.elapsed().as_millis())
}

#[test]
fn the_first_tick_comes_at_once_and_the_others_on_time() {
    paused_runtime().block_on(async {
        let start = Instant::now();
        let mut ticks = interval(ms(10));
        assert_eq!(ticks.period(), ms(10));
        for n in 0..5 {
            assert_eq!(tick(&mut ticks, start).await, (n * 10, n * 10));
        }
        let mut later = interval_at(start + ms(100), ms(7));
        assert_eq!(tick(&mut later, start).await, (100, 100));
        assert_eq!(tick(&mut later, start).await, (107, 107));
    });
}

/// The ticks of an interval of 100 ms of which one is taken 250 ms after it was due.
async fn after_a_late_one(behavior: MissedTickBehavior) -> Vec<(u128, u128)> {
    let start = Instant::now();
    let mut ticks = interval(ms(100));
    ticks.set_missed_tick_behavior(behavior);
    assert_eq!(ticks.missed_tick_behavior(), behavior);
    ticks.tick().await;
    sleep(ms(350)).await; // sleep: the clock is paused
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(tick(&mut ticks, start).await);
    }
    seen
}

#[test]
fn burst_catches_up() {
    let seen = paused_runtime().block_on(after_a_late_one(MissedTickBehavior::Burst));
    assert_eq!(
        seen,
        [(100, 350), (200, 350), (300, 350), (400, 400), (500, 500)]
    );
}

#[test]
fn delay_shifts_the_schedule() {
    let seen = paused_runtime().block_on(after_a_late_one(MissedTickBehavior::Delay));
    assert_eq!(
        seen,
        [(100, 350), (450, 450), (550, 550), (650, 650), (750, 750)]
    );
}

#[test]
fn skip_keeps_the_schedule_and_leaves_ticks_out() {
    let seen = paused_runtime().block_on(after_a_late_one(MissedTickBehavior::Skip));
    assert_eq!(
        seen,
        [(100, 350), (400, 400), (500, 500), (600, 600), (700, 700)]
    );
}

#[test]
fn a_little_late_is_not_missed() {
    paused_runtime().block_on(async {
        let start = Instant::now();
        let mut ticks = interval(ms(100));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        advance(ms(104)).await;
        assert_eq!(tick(&mut ticks, start).await, (100, 104));
        assert_eq!(tick(&mut ticks, start).await, (200, 200));
    });
}

#[test]
fn resets_move_the_next_tick() {
    paused_runtime().block_on(async {
        let start = Instant::now();
        let mut ticks = interval(ms(100));
        ticks.tick().await;
        advance(ms(50)).await;
        ticks.reset();
        assert_eq!(tick(&mut ticks, start).await, (150, 150));
        ticks.reset_immediately();
        assert_eq!(tick(&mut ticks, start).await, (150, 150));
        assert_eq!(tick(&mut ticks, start).await, (250, 250));
        ticks.reset_after(ms(20));
        assert_eq!(tick(&mut ticks, start).await, (270, 270));
        ticks.reset_at(start + ms(300));
        assert_eq!(tick(&mut ticks, start).await, (300, 300));
        assert_eq!(tick(&mut ticks, start).await, (400, 400));
    });
}

#[test]
fn a_dropped_tick_is_not_lost() {
    paused_runtime().block_on(async {
        let start = Instant::now();
        let mut ticks = interval_at(start + ms(10), ms(10));
        assert!(ticks.tick().now_or_never().is_none());
        advance(ms(10)).await;
        assert_eq!(ticks.tick().now_or_never(), Some(start + ms(10)));
    });
}

#[test]
fn it_is_a_stream_without_an_end() {
    paused_runtime().block_on(async {
        let start = Instant::now();
        let ticks: Vec<Instant> = interval(ms(10)).take(3).collect().await;
        assert_eq!(ticks, [start, start + ms(10), start + ms(20)]);
    });
}

#[test]
fn a_period_of_zero_panics_as_in_tokio() {
    paused_runtime().block_on(async {
        for made in [
            panic_text(|| interval(Duration::ZERO)),
            panic_text(|| interval_at(Instant::now(), Duration::ZERO)),
        ] {
            assert_eq!(made, "`period` must be non-zero.");
        }
    });
}

#[test]
fn a_period_of_for_ever_ticks_once() {
    paused_runtime().block_on(async {
        let mut ticks = interval(Duration::MAX);
        ticks.tick().await;
        assert!(ticks.tick().now_or_never().is_none());
        sleep(ms(10)).await; // sleep: the clock is paused
        assert!(ticks.tick().now_or_never().is_none());
    });
}
