//! Entering by a registered index. Each test is a thread of its own, and so has a table of its own.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use uring_sys::eventfd::EventFd;
use uring_sys::{Ring, Sqe};

use crate::support::{drain, errno, skip, small};

/// A registered ring, where the kernel knows how.
fn registered() -> Option<Ring> {
    let mut ring = small(0)?;
    match ring.register_ring_fd() {
        Ok(()) => Some(ring),
        Err(error) => {
            skip(&format!("no registered rings: {error}"));
            None
        }
    }
}

fn round_trip(ring: &mut Ring) {
    ring.push(Sqe::nop().with_user_data(5)).unwrap();
    ring.submit_and_wait(1, None).unwrap();
    assert_eq!(drain(ring), [(5, 0)]);
}

#[test]
fn a_registered_ring_works_and_may_be_registered_twice() {
    let Some(mut ring) = registered() else { return };
    round_trip(&mut ring);
    ring.register_ring_fd().unwrap();
    round_trip(&mut ring);
}

#[test]
fn the_index_of_one_thread_is_not_used_on_another() {
    let Some(mut ring) = registered() else { return };
    round_trip(&mut ring);
    let mut ring = std::thread::spawn(move || {
        // This thread's index 0 is another ring, which must not get the first one's entries.
        let mut other = registered().unwrap();
        round_trip(&mut ring);
        round_trip(&mut other);
        ring
    })
    .join()
    .unwrap();
    round_trip(&mut ring);
}

#[test]
fn dropping_frees_the_index() {
    for _ in 0..40 {
        if registered().is_none() {
            return;
        }
    }
}

#[test]
fn a_full_table_is_ebusy_and_the_ring_works_without() {
    let mut rings = Vec::new();
    for _ in 0..16 {
        let Some(ring) = registered() else { return };
        rings.push(ring);
    }
    let mut one_too_many = small(0).unwrap();
    assert_eq!(errno(one_too_many.register_ring_fd()), Some(libc::EBUSY));
    round_trip(&mut one_too_many);
    rings.pop();
    one_too_many.register_ring_fd().unwrap();
    round_trip(&mut one_too_many);
}

#[test]
fn a_disowned_ring_is_not_reached_by_its_index() {
    let Some(mut ring) = registered() else { return };
    let number = ring.as_raw_fd();
    ring.disown_fd(EventFd::new().unwrap().into());
    ring.push(Sqe::nop()).unwrap();
    assert_eq!(errno(ring.submit()), Some(libc::EOPNOTSUPP));
    // SAFETY: the number was the ring's, which has given it up.
    drop(unsafe { OwnedFd::from_raw_fd(number) });
}
