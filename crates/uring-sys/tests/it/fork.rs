//! A ring in a forked child.

use std::os::fd::AsRawFd;

use uring_sys::abi::POLLIN;
use uring_sys::eventfd::EventFd;
use uring_sys::identity::process_token;
use uring_sys::{Ring, Sqe};

use crate::support::{drain, in_forked_child, next, small};

/// What a child does with its copy of a ring: notices the fork, and drops the copy.
fn drop_in_child(ring: &Ring, parent: u64) -> i32 {
    if process_token() == parent {
        return 1;
    }
    // SAFETY: the copy in the child's memory is never used again, and the child leaves by _exit.
    drop(unsafe { std::ptr::read(ring) });
    0
}

#[test]
fn a_child_that_drops_its_copy_does_not_disturb_the_parent() {
    for register in [false, true] {
        let Some(mut ring) = small(0) else { return };
        if register && ring.register_ring_fd().is_err() {
            return;
        }
        let eventfd = EventFd::new().unwrap();
        ring.push(Sqe::poll_add(eventfd.as_raw_fd(), POLLIN).with_user_data(1))
            .unwrap();
        assert_eq!(drain(&mut ring), []);
        ring.push(Sqe::nop().with_user_data(2)).unwrap();

        let parent = process_token();
        assert_eq!(in_forked_child(|| drop_in_child(&ring, parent)), 0);

        assert_eq!(ring.to_submit(), 1);
        assert_eq!(drain(&mut ring), [(2, 0)]);
        eventfd.notify().unwrap();
        assert_eq!(next(&mut ring).user_data, 1);
    }
}
