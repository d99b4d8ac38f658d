//! The list of who waits for what.

use std::future::poll_fn;
use std::os::fd::AsRawFd;
use std::task::Waker;
use std::time::Duration;

use super::{Awaited, Stage};
use crate::async_fd::AsyncFd;
use crate::backend::sim::rng::Rng;
use crate::backend::sim::socket::Quirk;
use crate::clock::Instant;
use crate::handle::Handle;
use crate::interest::Interest;
use crate::sleep::Sleep;
use crate::waits::Wait;

/// Everybody's.
fn anybody(_waker: &Waker) -> Option<()> {
    Some(())
}

fn waits() -> Vec<Wait> {
    let all = Handle::current().waits(anybody);
    all.into_iter().map(|((), wait)| wait).collect()
}

pub(super) fn who_waits_for_what_is_listed(rng: &mut Rng) {
    let mut stage = Stage::new(rng);
    let (file, _peer) = stage
        .sim
        .socket_pair(50, Quirk::None)
        .expect("numbers are free");
    file.write(1000).expect("there is room");
    let fd = AsyncFd::new(file).expect("the reactor lives");
    let number = fd.as_raw_fd();
    let of_fd = |interest| Wait::Fd {
        fd: number,
        interest,
    };

    let either = Interest::READABLE | Interest::PRIORITY;
    let mut future = Awaited::new(fd.ready(either));
    let mut poller = Awaited::new(poll_fn(|cx| fd.poll_write_ready(cx).map_ok(drop)));
    let after = Duration::from_millis(rng.between(5, 5_000));
    let mut sleep = Awaited::new(Sleep::until(Instant::now() + after));
    assert_eq!(waits(), [], "nobody has been polled");
    assert!(future.poll().is_pending() && poller.poll().is_pending() && sleep.poll().is_pending());
    stage.settle();

    let [first, second, Wait::Timer { due_in }] = waits()[..] else {
        panic!("three wait: {:?}", waits());
    };
    assert_eq!(
        [first, second],
        [of_fd(Interest::WRITABLE), of_fd(either)],
        "the poller comes first"
    );
    assert!(due_in <= after && after < due_in + Duration::from_millis(1));
    assert_eq!(
        second.to_string(),
        format!("fd {number} to be READABLE | PRIORITY")
    );
    let shown = Wait::Timer { due_in }.to_string();
    assert!(shown.starts_with("a timer due in "), "{shown}");

    drop((future, sleep));
    assert_eq!(
        waits(),
        [of_fd(Interest::WRITABLE)],
        "a poller that went away stays until it is woken"
    );
}
