//! The counters that no other module has a use for.

use std::time::Duration;

use uring_reactor::{Instant, Turn};

use crate::support::on_every_backend;

#[test]
fn a_turn_that_only_looks_has_a_zero_timeout_and_one_that_may_sleep_has_not() {
    on_every_backend(|l| {
        let handle = l.handle();
        let before = handle.metrics();
        l.turn(Turn::Poll);
        l.turn(Turn::Poll);
        let looked = handle.metrics();
        assert_eq!(looked.turns - before.turns, 2);
        assert_eq!(looked.zero_timeout_turns - before.zero_timeout_turns, 2);
        l.turn(Turn::WaitUntil(Instant::now() + Duration::from_millis(1)));
        let slept = handle.metrics();
        assert_eq!(slept.turns - looked.turns, 1);
        assert_eq!(slept.zero_timeout_turns, looked.zero_timeout_turns);
    });
}

#[test]
fn a_notification_that_came_before_the_sleep_makes_the_timeout_zero() {
    on_every_backend(|l| {
        let handle = l.handle();
        handle.unparker().wake();
        let before = handle.metrics();
        l.turn(Turn::Wait);
        let after = handle.metrics();
        assert_eq!(after.zero_timeout_turns - before.zero_timeout_turns, 1);
    });
}

#[test]
fn a_turn_that_wakes_nobody_is_idle() {
    on_every_backend(|l| {
        l.settle();
        let handle = l.handle();
        let before = handle.metrics();
        l.turn(Turn::Poll);
        assert_eq!(handle.metrics().idle_turns - before.idle_turns, 1);
    });
}
