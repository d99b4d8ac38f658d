//! Deadlines by timerfd.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

use uring_sys::timerfd::{TimerFd, monotonic_now};

use crate::support::{is_readable, wait_readable};

/// Blocks until the timer has expired. Even a deadline in the past does so in an interrupt, which comes a moment
/// after the call that sets it.
fn wait_expired(timer: &TimerFd) {
    wait_readable(timer.as_raw_fd());
}

/// Blocks until the timer can be drained, and returns the time then.
fn expiry(timer: &TimerFd) -> Duration {
    wait_expired(timer);
    assert!(timer.drain().unwrap());
    assert!(!timer.drain().unwrap(), "one shot");
    monotonic_now()
}

#[test]
fn a_disowned_timer_leaves_its_number_open() {
    let timer = TimerFd::new().unwrap();
    let number = timer.as_raw_fd();
    timer.disown();
    // Closing a number that is nobody's would end this program.
    // SAFETY: the number was the timer's, which has given it up.
    drop(unsafe { OwnedFd::from_raw_fd(number) });
}

#[test]
fn a_duration_of_zero_expires_at_once() {
    let timer = TimerFd::new().unwrap();
    timer.set(Duration::ZERO).unwrap();
    expiry(&timer);
    timer.set_absolute(Duration::ZERO).unwrap();
    expiry(&timer);
}

#[test]
fn deadlines_are_not_early() {
    let timer = TimerFd::new().unwrap();
    let after = Duration::from_micros(1_500);
    let start = monotonic_now();
    timer.set(after).unwrap();
    assert!(expiry(&timer) >= start + after);

    let deadline = monotonic_now() + after;
    timer.set_absolute(deadline).unwrap();
    assert!(expiry(&timer) >= deadline);
}

#[test]
fn a_deadline_in_the_past_expires_at_once() {
    let timer = TimerFd::new().unwrap();
    timer
        .set_absolute(monotonic_now() - Duration::from_micros(1))
        .unwrap();
    expiry(&timer);
}

#[test]
fn setting_again_replaces_an_expiry_that_was_not_drained() {
    let timer = TimerFd::new().unwrap();
    timer.set_absolute(Duration::from_nanos(1)).unwrap();
    wait_expired(&timer);
    assert!(is_readable(timer.as_raw_fd()));
    timer.set(Duration::from_secs(3_600)).unwrap();
    assert!(!is_readable(timer.as_raw_fd()));
}

#[test]
fn a_disarmed_timer_does_not_expire() {
    let timer = TimerFd::new().unwrap();
    timer.set_absolute(Duration::from_nanos(1)).unwrap();
    timer.disarm().unwrap();
    assert!(!is_readable(timer.as_raw_fd()));
    assert!(!timer.drain().unwrap());
}

#[test]
fn the_longest_duration_does_not_expire() {
    let timer = TimerFd::new().unwrap();
    for set in [TimerFd::set, TimerFd::set_absolute] {
        set(&timer, Duration::MAX).unwrap();
        assert!(!is_readable(timer.as_raw_fd()));
    }
}

#[test]
fn the_clock_does_not_go_back() {
    let first = monotonic_now();
    assert!(first > Duration::ZERO);
    assert!(monotonic_now() >= first);
}
