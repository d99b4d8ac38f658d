//! A clock that stands still moves by hand, or by itself when there is nothing else to do.

use std::time::Duration;

use tokio_test::{assert_ready, task};
use uring_reactor::{Instant, Sleep, Turn};

use crate::support::{on_every_backend, on_every_backend_with};

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn an_idle_loop_jumps_to_the_next_deadline() {
    on_every_backend_with(
        |options| options.start_paused(true),
        |l| {
            let _current = l.handle().enter();
            let start = Instant::now();
            let mut late = task::spawn(Sleep::until(start + 2 * HOUR));
            let mut early = task::spawn(Sleep::until(start + HOUR));
            assert!(late.poll().is_pending() && early.poll().is_pending());
            l.turn(Turn::Wait);
            assert_ready!(early.poll());
            assert_eq!(Instant::now() - start, HOUR);
            assert!(!late.is_woken());
            l.turn(Turn::WaitUntil(start + HOUR + HOUR / 2));
            assert_eq!(Instant::now() - start, HOUR + HOUR / 2);
            l.turn(Turn::Wait);
            assert_ready!(late.poll());
        },
    );
}

#[test]
fn a_loop_that_was_notified_does_not_jump() {
    on_every_backend_with(
        |options| options.start_paused(true),
        |l| {
            let _current = l.handle().enter();
            let start = Instant::now();
            let mut sleep = task::spawn(Sleep::until(start + HOUR));
            assert!(sleep.poll().is_pending());
            // Another thread has made work for this one.
            l.handle().unparker().wake();
            l.turn(Turn::Wait);
            assert_eq!(Instant::now(), start, "{}: work comes first", l.name);
            l.turn(Turn::Wait);
            assert_ready!(sleep.poll());
        },
    );
}

#[test]
fn polling_turns_do_not_move_the_clock() {
    on_every_backend_with(
        |options| options.start_paused(true),
        |l| {
            let _current = l.handle().enter();
            let start = Instant::now();
            let mut sleep = task::spawn(Sleep::until(start + HOUR));
            assert!(sleep.poll().is_pending());
            l.settle();
            assert!(!sleep.is_woken());
            assert_eq!(Instant::now(), start);
            assert!(l.handle().advance_clock(HOUR));
            l.turn(Turn::Poll);
            assert_ready!(sleep.poll());
        },
    );
}

#[test]
fn a_clock_that_was_resumed_runs_for_deadlines_and_limits_alike() {
    on_every_backend(|l| {
        let handle = l.handle();
        let _current = handle.enter();
        assert!(handle.pause_clock());
        assert!(!handle.pause_clock(), "paused already");
        assert!(handle.advance_clock(HOUR));
        assert!(handle.resume_clock());
        assert!(!handle.resume_clock() && !handle.advance_clock(HOUR));
        let start = Instant::now();
        // sleep: a limit that is a millisecond away on this clock, and an hour on the system's.
        l.turn(Turn::WaitUntil(start + Duration::from_millis(1)));
        assert!(start.elapsed() < HOUR / 2, "{}: an hour late", l.name);
        l.block_on(Sleep::until(start + Duration::from_millis(2)));
        assert!(start.elapsed() >= Duration::from_millis(2));
    });
}

#[test]
fn a_resume_ends_the_sleep_of_a_loop_without_deadlines() {
    on_every_backend_with(
        |options| options.start_paused(true),
        |l| {
            let _current = l.handle().enter();
            let handle = l.handle();
            let resumer = std::thread::spawn(move || handle.resume_clock());
            l.turn(Turn::Wait);
            assert!(resumer.join().unwrap());
            let start = Instant::now();
            l.block_on(Sleep::until(start + Duration::from_micros(300)));
            assert!(Instant::now() >= start + Duration::from_micros(300));
        },
    );
}
