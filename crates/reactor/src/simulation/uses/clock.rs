//! Time: arithmetic of instants, deadlines, and a clock that is paused and goes on.

use std::time::Duration;

use super::{Awaited, Stage};
use crate::backend::sim::rng::Rng;
use crate::clock::Instant;
use crate::reactor::Turn;
use crate::sleep::Sleep;

/// How late a timer is at most: for what a few calls take.
const LATE: Duration = Duration::from_micros(50);

fn nanoseconds(rng: &mut Rng, most: u64) -> Duration {
    Duration::from_nanos(rng.between(1, most))
}

pub(super) fn deadlines_are_the_kernel_s(rng: &mut Rng) {
    let mut stage = Stage::new(rng);
    let (start, start_ns) = (Instant::now(), stage.now_ns());
    let after = nanoseconds(rng, 3_000_000);
    let mut deadline = start;
    deadline += after;
    check_arithmetic(start, deadline, after);
    let never = [start + Duration::MAX, Instant::far_future()];
    assert!(never[1] - start > Duration::from_secs(86_400 * 365 * 29));
    let mut endless = never.map(|at| Awaited::new(Sleep::until(at)));
    assert!(endless.iter_mut().all(|sleep| sleep.poll().is_pending()));
    let sleep = Sleep::until(deadline);
    assert_eq!(sleep.deadline(), deadline);
    assert!(format!("{sleep:?}").contains(&format!("{deadline:?}")));
    stage.finish(sleep);
    assert!(deadline.elapsed() < LATE, "{:?} late", deadline.elapsed());
    let passed = Duration::from_nanos(stage.now_ns() - start_ns);
    assert_eq!(start.elapsed(), passed, "the kernel's clock and no other");
    assert!(passed >= after, "{passed:?} of {after:?}");
    assert!(endless.iter_mut().all(|sleep| sleep.poll().is_pending()));
    assert!(endless.iter().all(|sleep| !sleep.future.is_elapsed()));
    // A turn that is limited ends there.
    let limit = Instant::now() + after;
    stage.turn(Turn::WaitUntil(limit));
    assert!(Instant::now() >= limit && limit.elapsed() < LATE);
}

/// `later` is `after` after `start`.
fn check_arithmetic(start: Instant, later: Instant, after: Duration) {
    assert_eq!(later, start + after);
    assert_eq!(later - after, start);
    let mut back = later;
    back -= after;
    assert_eq!(back, start);
    assert_eq!((later - start, start - later), (after, Duration::ZERO));
    assert_eq!(later.saturating_duration_since(start), after);
    assert_eq!(start.saturating_duration_since(later), Duration::ZERO);
    assert_eq!(later.checked_duration_since(start), Some(after));
    assert_eq!(start.checked_duration_since(later), None);
    assert_eq!(start.checked_add(after), Some(later));
    assert_eq!(start.checked_add(Duration::MAX), None);
    assert_eq!(later.checked_sub(after), Some(start));
    assert_eq!(start.checked_sub(Duration::MAX), None);
    assert_eq!(
        start - Duration::MAX,
        start,
        "there is no earlier one to name"
    );
    let of_std = std::time::Instant::from(later);
    assert_eq!(Instant::from(of_std), later);
    assert_eq!(Instant::from_std(later.into_std()), later);
    assert_eq!(format!("{later:?}"), format!("{of_std:?}"));
}

pub(super) fn a_paused_clock_shows_what_was_added(rng: &mut Rng) {
    let stage = Stage::new(rng);
    let handle = stage.reactor.handle();
    let start = Instant::now();
    let (mut shown_ns, mut since_ns) = (0, Some(stage.now_ns()));
    for _ in 0..20 {
        let step = nanoseconds(rng, 5_000_000);
        let step_ns = crate::backend::sim::nanos(step);
        let is_running = since_ns.is_some();
        match rng.below(4) {
            0 => {
                assert_eq!(handle.pause_clock(), is_running);
                if let Some(since) = since_ns.take() {
                    shown_ns += stage.now_ns() - since;
                }
            }
            1 => {
                let now_ns = stage.now_ns();
                assert_eq!(handle.resume_clock(), !is_running);
                since_ns.get_or_insert(now_ns);
            }
            2 => {
                assert_eq!(handle.advance_clock(step), !is_running);
                if !is_running {
                    shown_ns += step_ns;
                }
            }
            _ => stage.sim.pause(step),
        }
        let passed_ns = since_ns.map_or(0, |since| stage.now_ns() - since);
        let expected = Duration::from_nanos(shown_ns + passed_ns);
        assert_eq!(start.elapsed(), expected, "running: {}", since_ns.is_some());
    }
}

pub(super) fn a_paused_clock_goes_to_the_deadline(rng: &mut Rng) {
    let mut stage = Stage::new(rng);
    let handle = stage.reactor.handle();
    assert!(handle.pause_clock());
    let (start, after) = (Instant::now(), nanoseconds(rng, u64::MAX >> 3));
    let mut sleep = Awaited::new(Sleep::until(start + after));
    assert!(sleep.poll().is_pending());
    if rng.one_in(2) {
        // Work that no timer tells of: the clock stands until it is done.
        let hold = handle.hold_clock();
        let at_ns = stage.now_ns() + rng.between(1, 1_000_000);
        let unparker = handle.unparker();
        stage.sim.at(at_ns, Box::new(move || unparker.wake()));
        stage.turn(Turn::Wait);
        assert_eq!(Instant::now(), start, "it is held");
        assert!(sleep.poll().is_pending());
        drop(hold);
    }
    stage.finish(sleep.future);
    // In steps of milliseconds or of nanoseconds, never past it.
    assert_eq!(Instant::now() - start, after);
}
