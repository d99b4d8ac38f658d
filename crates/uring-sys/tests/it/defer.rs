//! Rings which run completion work only when asked to.

use std::io::Write;
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use uring_sys::abi::{
    IORING_OP_MSG_RING, IORING_SETUP_DEFER_TASKRUN, IORING_SETUP_SINGLE_ISSUER,
    IORING_SETUP_TASKRUN_FLAG, POLLIN,
};
use uring_sys::epoll::{EPOLLIN, Epoll, EventBuffer};
use uring_sys::eventfd::EventFd;
use uring_sys::{Cqe, Ring, Setup, Sqe};

use crate::support::{drain, errno, next, ring, small, wait_readable};

const DEFER: u32 =
    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG;

fn defer(entries: u32) -> Option<Ring> {
    ring(&Setup {
        entries,
        flags: DEFER,
        ..Setup::default()
    })
}

#[test]
fn waiting_work_is_flagged_and_runs_only_for_get_events() {
    let Some(mut ring) = defer(8) else { return };
    let eventfd = EventFd::new().unwrap();
    ring.push(Sqe::poll_add(eventfd.as_raw_fd(), POLLIN))
        .unwrap();
    ring.submit().unwrap();
    assert!(!ring.taskrun_pending());
    eventfd.notify().unwrap();
    assert!(ring.taskrun_pending());
    ring.push(Sqe::poll_remove(99).with_user_data(1)).unwrap();
    ring.submit().unwrap();
    assert_eq!(
        ring.pop().map(|cqe| cqe.user_data),
        Some(1),
        "the removal answers at once"
    );
    assert_eq!(ring.pop(), None, "the event does not");
    assert!(ring.taskrun_pending());
    ring.submit_and_get_events().unwrap();
    assert_eq!(ring.pop().map(|cqe| cqe.result), Some(POLLIN.cast_signed()));
    assert!(!ring.taskrun_pending());
}

#[test]
fn all_events_arrive_while_work_is_flagged() {
    let Some(mut ring) = defer(128) else { return };
    let eventfds = (0..100)
        .map(|_| EventFd::new().unwrap())
        .collect::<Vec<_>>();
    for (eventfd, n) in eventfds.iter().zip(0..) {
        ring.push(Sqe::poll_add(eventfd.as_raw_fd(), POLLIN).with_user_data(n))
            .unwrap();
    }
    assert_eq!(ring.submit().unwrap(), 100);
    for eventfd in &eventfds {
        eventfd.notify().unwrap();
    }
    let mut seen = Vec::new();
    ring.submit_and_wait(1, None).unwrap();
    loop {
        seen.extend(ring.completions().map(|cqe| cqe.user_data));
        if !ring.taskrun_pending() {
            break;
        }
        ring.submit_and_get_events().unwrap();
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..100).collect::<Vec<_>>());
}

#[test]
fn queued_work_shows_at_a_registered_eventfd_and_not_at_the_ring() {
    let Some(mut ring) = defer(8) else { return };
    let bell = EventFd::new().unwrap();
    ring.register_eventfd(bell.as_fd()).unwrap();
    assert_eq!(
        errno(ring.register_eventfd(bell.as_fd())),
        Some(libc::EBUSY)
    );
    let (read, write) = std::io::pipe().unwrap();
    ring.push(Sqe::poll_add(read.as_raw_fd(), POLLIN)).unwrap();
    ring.submit().unwrap();
    let set = Epoll::new().unwrap();
    set.add(ring.as_raw_fd(), EPOLLIN, 1).unwrap();
    let mut events = EventBuffer::with_capacity(1);
    set.wait(&mut events, Some(Duration::ZERO)).unwrap();
    assert!(!bell.drain().unwrap() && events.is_empty(), "not yet");
    (&write).write_all(b"x").unwrap();
    // That the ring's own readability comes late, if at all, is why there is a bell; nothing relies on it. Since 7.x
    // the bell does not ring before the write returns, but a moment later.
    wait_readable(bell.as_raw_fd());
    assert!(bell.drain().unwrap());
    assert_eq!(ring.pop(), None, "the work is only queued");
    ring.submit_and_get_events().unwrap();
    assert_eq!(ring.pop().map(|cqe| cqe.result), Some(POLLIN.cast_signed()));
}

#[test]
fn another_thread_is_refused_with_eexist_and_loses_nothing() {
    let Some(mut ring) = defer(8) else { return };
    ring.push(Sqe::nop().with_user_data(1)).unwrap();
    let ring = std::thread::scope(|scope| {
        let ring = &mut ring;
        scope
            .spawn(move || {
                assert_eq!(errno(ring.submit()), Some(libc::EEXIST));
                assert_eq!(errno(ring.submit_and_get_events()), Some(libc::EEXIST));
                assert_eq!(errno(ring.register_ring_fd()), Some(libc::EEXIST));
                ring
            })
            .join()
            .unwrap()
    });
    assert_eq!(ring.to_submit(), 1);
    assert_eq!(drain(ring), [(1, 0)]);
}

#[test]
fn a_message_from_another_ring_ends_the_sleep() {
    for flags in [0, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN] {
        let (Some(mut ring), Some(mut other)) = (small(flags), small(0)) else {
            return;
        };
        if !ring
            .probe()
            .is_ok_and(|probe| probe.is_supported(IORING_OP_MSG_RING))
        {
            return;
        }
        let target = ring.as_raw_fd();
        let sender = std::thread::spawn(move || {
            other
                .push(Sqe::msg_ring(target, 99).with_user_data(1))
                .unwrap();
            other.submit_and_wait(1, None).unwrap();
            other.pop().unwrap()
        });
        assert_eq!(
            next(&mut ring),
            Cqe {
                user_data: 99,
                result: 0,
                flags: 0
            }
        );
        let sent = sender.join().unwrap();
        assert_eq!((sent.user_data, sent.result), (1, 0));
    }
}
