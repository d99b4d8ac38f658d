//! Polls in a ring.

use std::fs::File;
use std::os::fd::{AsRawFd, IntoRawFd};

use uring_sys::abi::{IORING_ASYNC_CANCEL_ALL, IORING_FEAT_CQE_SKIP, POLLIN, POLLOUT, POLLPRI};
use uring_sys::eventfd::EventFd;
use uring_sys::{Ring, Sqe};

use crate::support::{drain, has, next, skip, small};

fn armed(ring: &mut Ring, user_data: u64) -> EventFd {
    let eventfd = EventFd::new().unwrap();
    ring.push(Sqe::poll_add(eventfd.as_raw_fd(), POLLIN).with_user_data(user_data))
        .unwrap();
    assert_eq!(drain(ring), [], "not readable yet");
    eventfd
}

#[test]
fn a_poll_completes_once_with_the_events() {
    let Some(mut ring) = small(0) else { return };
    let eventfd = armed(&mut ring, 9);
    eventfd.notify().unwrap();
    let cqe = next(&mut ring);
    assert_eq!((cqe.user_data, cqe.result), (9, POLLIN.cast_signed()));
    assert!(!cqe.more());
    eventfd.notify().unwrap();
    assert_eq!(drain(&mut ring), [], "oneshot");
}

#[test]
fn a_poll_of_what_is_ready_completes_when_submitted() {
    let Some(mut ring) = small(0) else { return };
    let eventfd = EventFd::new().unwrap();
    ring.push(Sqe::poll_add(eventfd.as_raw_fd(), POLLIN | POLLOUT))
        .unwrap();
    ring.submit().unwrap();
    assert_eq!(
        ring.pop().map(|cqe| cqe.result),
        Some(POLLOUT.cast_signed())
    );
}

#[test]
fn a_multishot_poll_says_that_more_will_come() {
    let Some(mut ring) = small(0) else { return };
    let eventfd = EventFd::new().unwrap();
    ring.push(Sqe::poll_add_multi(eventfd.as_raw_fd(), POLLIN))
        .unwrap();
    for _ in 0..3 {
        eventfd.notify().unwrap();
        let cqe = next(&mut ring);
        if cqe.result == -libc::EINVAL {
            return skip("no multishot poll before 5.13");
        }
        assert_eq!(cqe.result, POLLIN.cast_signed());
        assert!(cqe.more());
        assert!(eventfd.drain().unwrap());
    }
}

#[test]
fn a_removal_cancels_the_poll_of_that_number_only() {
    let Some(mut ring) = small(0) else { return };
    let (_one, two) = (armed(&mut ring, 1), armed(&mut ring, 2));
    ring.push(Sqe::poll_remove(1).with_user_data(100)).unwrap();
    let mut all = drain(&mut ring);
    all.sort_unstable();
    assert_eq!(all, [(1, -libc::ECANCELED), (100, 0)]);
    two.notify().unwrap();
    assert_eq!(next(&mut ring).user_data, 2);
}

#[test]
fn a_removal_of_nothing_is_enoent() {
    let Some(mut ring) = small(0) else { return };
    ring.push(Sqe::poll_remove(77).with_user_data(1)).unwrap();
    assert_eq!(drain(&mut ring), [(1, -libc::ENOENT)]);
}

#[test]
fn skip_success_hides_the_removals_completion_but_not_its_failure() {
    let Some(mut ring) = small(0) else { return };
    if !has(&ring, IORING_FEAT_CQE_SKIP) {
        return;
    }
    let _eventfd = armed(&mut ring, 1);
    ring.push(Sqe::poll_remove(1).with_user_data(100).skip_success())
        .unwrap();
    assert_eq!(drain(&mut ring), [(1, -libc::ECANCELED)]);
    ring.push(Sqe::poll_remove(1).with_user_data(100).skip_success())
        .unwrap();
    assert_eq!(drain(&mut ring), [(100, -libc::ENOENT)]);
}

#[test]
fn cancelling_by_number_takes_one_or_counts_all() {
    let Some(mut ring) = small(0) else { return };
    let _three = [
        armed(&mut ring, 1),
        armed(&mut ring, 1),
        armed(&mut ring, 1),
    ];
    ring.push(Sqe::async_cancel(1, 0).with_user_data(100))
        .unwrap();
    let mut all = drain(&mut ring);
    all.sort_unstable();
    assert_eq!(all, [(1, -libc::ECANCELED), (100, 0)]);
    ring.push(Sqe::async_cancel(1, IORING_ASYNC_CANCEL_ALL).with_user_data(100))
        .unwrap();
    let mut all = drain(&mut ring);
    all.sort_unstable();
    if all == [(100, -libc::EINVAL)] {
        return skip("no cancel flags before 5.19");
    }
    assert_eq!(
        all,
        [(1, -libc::ECANCELED), (1, -libc::ECANCELED), (100, 2)]
    );
}

#[test]
fn cancel_all_ends_every_poll() {
    let Some(mut ring) = small(0) else { return };
    let _three = [
        armed(&mut ring, 1),
        armed(&mut ring, 2),
        armed(&mut ring, 3),
    ];
    ring.push(Sqe::cancel_all().with_user_data(100)).unwrap();
    let mut all = drain(&mut ring);
    all.sort_unstable();
    if all == [(100, -libc::EINVAL)] {
        return skip("no cancel flags before 5.19");
    }
    let cancelled = -libc::ECANCELED;
    assert_eq!(
        all,
        [(1, cancelled), (2, cancelled), (3, cancelled), (100, 3)]
    );
}

#[test]
fn no_descriptor_is_ebadf_and_no_pollable_file_is_einval() {
    let Some(mut ring) = small(0) else { return };
    ring.push(Sqe::poll_add(-1, POLLIN).with_user_data(1))
        .unwrap();
    assert_eq!(drain(&mut ring), [(1, -libc::EBADF)]);
    let file = File::open("/proc/self/exe").unwrap();
    ring.push(Sqe::poll_add(file.as_raw_fd(), POLLPRI).with_user_data(2))
        .unwrap();
    assert_eq!(drain(&mut ring), [(2, -libc::EINVAL)]);
}

#[test]
fn a_poll_outlives_the_close_of_its_descriptor() {
    let Some(mut ring) = small(0) else { return };
    let eventfd = armed(&mut ring, 1);
    let fd = std::os::fd::OwnedFd::from(eventfd).into_raw_fd();
    // SAFETY: the descriptor was given up by its owner in the line above.
    assert_eq!(unsafe { libc::close(fd) }, 0);
    assert_eq!(drain(&mut ring), []);
    ring.push(Sqe::poll_remove(1).with_user_data(100)).unwrap();
    assert_eq!(drain(&mut ring).len(), 2, "only its number reaches it");
}

#[test]
fn on_a_plain_ring_the_poll_of_a_thread_that_has_exited_completes_at_its_event() {
    let Some(mut ring) = small(0) else { return };
    let (mut ring, eventfd) = std::thread::spawn(move || {
        let eventfd = armed(&mut ring, 9);
        (ring, eventfd)
    })
    .join()
    .unwrap();
    // Since 5.7 the event is turned into a completion by the thread that asked for it. It is not there any more, and the
    // exit alone ends nothing.
    eventfd.notify().unwrap();
    let cqe = next(&mut ring);
    let outcomes = [-libc::ECANCELED, POLLIN.cast_signed()];
    assert_eq!(cqe.user_data, 9);
    assert!(outcomes.contains(&cqe.result), "{}", cqe.result);
}
