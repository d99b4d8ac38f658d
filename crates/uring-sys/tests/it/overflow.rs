//! More completions than the queue holds.

use std::os::fd::AsRawFd;

use uring_sys::abi::{IORING_FEAT_NODROP, POLLIN};
use uring_sys::eventfd::EventFd;
use uring_sys::{Ring, Setup, Sqe};

use crate::support::{has, ring};

fn overflowed() -> Option<Ring> {
    let mut ring = ring(&Setup {
        entries: 4,
        ..Setup::default()
    })?;
    assert_eq!(ring.cq_entries(), 8);
    if !has(&ring, IORING_FEAT_NODROP) {
        return None;
    }
    let eventfds = (0..64).map(|_| EventFd::new().unwrap()).collect::<Vec<_>>();
    for (eventfd, n) in eventfds.iter().zip(0..) {
        ring.push(Sqe::poll_add(eventfd.as_raw_fd(), POLLIN).with_user_data(n))
            .unwrap();
        assert_eq!(ring.submit().unwrap(), 1);
    }
    assert!(!ring.cq_overflowed());
    for eventfd in &eventfds {
        eventfd.notify().unwrap();
    }
    // Entering runs what is still queued for this task.
    ring.submit_and_get_events().unwrap();
    Some(ring)
}

#[test]
fn an_overflow_is_flagged_and_nothing_is_lost() {
    let Some(mut ring) = overflowed() else { return };
    assert!(ring.cq_overflowed());
    assert_eq!(ring.cq_ready(), 8);
    let mut seen = Vec::new();
    while ring.cq_ready() > 0 {
        seen.extend(ring.completions().map(|cqe| cqe.user_data));
        ring.submit_and_get_events().unwrap();
    }
    assert!(!ring.cq_overflowed());
    seen.sort_unstable();
    assert_eq!(seen, (0..64).collect::<Vec<_>>());
    assert_eq!(ring.overflow_count(), 0, "the counter is for lost ones");
}

#[test]
fn a_plain_submit_does_not_flush_the_backlog() {
    let Some(mut ring) = overflowed() else { return };
    assert_eq!(ring.completions().count(), 8);
    ring.push(Sqe::poll_add(-1, POLLIN).with_user_data(1_000))
        .unwrap();
    // May be EBUSY on kernels that do not submit while a backlog waits.
    let taken = ring.submit().unwrap_or(0);
    let seen = ring
        .completions()
        .filter(|cqe| cqe.user_data != 1_000)
        .count();
    assert_eq!(seen, 0, "after taking {taken} entries");
    assert!(ring.cq_overflowed());
    ring.submit_and_get_events().unwrap();
    assert!(ring.cq_ready() > 0);
}
