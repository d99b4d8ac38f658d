//! Descriptors of the reactor's own that somebody closes behind its back.

use std::time::Duration;

use super::Stage;
use crate::backend::deadline::TimerMode;
use crate::backend::sim::linux::Linux;
use crate::backend::sim::rng::Rng;
use crate::clock::Instant;
use crate::context;
use crate::driver::Choice;
use crate::options::Options;
use crate::reactor::Turn;
use crate::sleep::Sleep;

/// Kernels that take a message to a ring (5.18), which is how a sleeper is reached whose eventfd is gone.
const WITH_MESSAGES: [Linux; 5] = [
    Linux::V6_18,
    Linux::V6_6,
    Linux::V6_1,
    Linux::V5_19,
    Linux::V5_18,
];

/// Lets another thread ask the loop to come round in the middle of its next sleep, and do `first` before.
fn notify_later(stage: &mut Stage, first: impl FnOnce() + Send + 'static) {
    let unparker = stage.reactor.handle().unparker();
    let at_ns = stage.now_ns() + stage.rng.between(1, 1_000_000);
    let deed = move || {
        first();
        context::elsewhere(|| unparker.wake());
    };
    stage.sim.at(at_ns, Box::new(deed));
}

/// A sleep that only the notice ends: the stage complains of one that nothing does.
fn is_reached(stage: &mut Stage, first: impl FnOnce() + Send + 'static) {
    let before = stage.reactor.handle().metrics().remote_wakes;
    notify_later(stage, first);
    let asleep_at = stage.now_ns();
    stage.turn(Turn::Wait);
    assert!(stage.now_ns() > asleep_at, "it did not sleep");
    let wakes = stage.reactor.handle().metrics().remote_wakes;
    assert_eq!(wakes, before + 1, "the notice has cost one call");
}

pub(super) fn a_notice_arrives_by_a_closed_eventfd(rng: &mut Rng) {
    let is_ring = rng.one_in(2);
    let linux = if is_ring {
        rng.pick(&WITH_MESSAGES)
    } else {
        rng.pick(&Linux::ALL)
    };
    let choice = if is_ring {
        Choice::IoUring
    } else {
        Choice::Epoll
    };
    let mut stage = Stage::on(rng, linux, |_| Options::new().choice(choice));
    stage.settle();
    for _ in 0..3 {
        let sim = stage.sim.clone();
        is_reached(&mut stage, move || {
            assert!(sim.lock().close_eventfds(), "it has one");
        });
        stage.settle();
        is_reached(&mut stage, || {});
        stage.settle();
    }
}

/// The poll of the eventfd has ended when its number goes: the next one is refused.
pub(super) fn an_eventfd_that_is_closed_as_it_is_written_is_replaced(rng: &mut Rng) {
    let options = |_: &mut Rng| Options::new().choice(Choice::IoUring);
    let linux = rng.pick(&Linux::ALL);
    let mut stage = Stage::on(rng, linux, options);
    stage.settle();
    if stage.reactor.driver().features.contains(&"multishot wake") {
        // One poll reports every write, and holds the file: nothing has to be armed again.
        return;
    }
    let sim = stage.sim.clone();
    notify_later(&mut stage, || {});
    stage.sim.at_exit(Box::new(move || {
        assert!(sim.lock().close_eventfds(), "it has one");
    }));
    stage.turn(Turn::Wait);
    stage.settle();
    is_reached(&mut stage, || {});
}

pub(super) fn a_deadline_arrives_by_a_closed_timerfd(rng: &mut Rng) {
    let linux = rng.pick(&Linux::ALL);
    let mut stage = Stage::on(rng, linux, |rng| {
        let choice = rng.pick(&[Choice::IoUring, Choice::Epoll]);
        Options::new().choice(choice).timer(TimerMode::TimerFd)
    });
    for _ in 0..3 {
        let after = Duration::from_nanos(stage.rng.between(1_000, 2_000_000));
        let deadline = Instant::now() + after;
        stage.finish(Sleep::until(deadline));
        assert!(deadline.elapsed() < Duration::from_micros(100));
        // It is set to nothing at the moment. A program that closes what is not its own may do so at any time.
        let reuse = stage.rng.one_in(2);
        assert!(stage.sim.lock().close_timerfds(reuse), "it has one");
    }
}
