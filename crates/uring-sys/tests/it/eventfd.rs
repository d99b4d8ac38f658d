//! Waking by eventfd.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd};

use uring_sys::eventfd::EventFd;

use crate::support::is_readable;

#[test]
fn notifications_add_up_to_one_drain() {
    let eventfd = EventFd::new().unwrap();
    assert!(!eventfd.drain().unwrap(), "nothing yet, and no blocking");
    assert!(!is_readable(eventfd.as_raw_fd()));
    for _ in 0..3 {
        eventfd.notify().unwrap();
    }
    assert!(is_readable(eventfd.as_raw_fd()));
    assert!(eventfd.drain().unwrap());
    assert!(!eventfd.drain().unwrap());
}

#[test]
fn a_saturated_counter_takes_notifications_and_stays_readable() {
    let eventfd = EventFd::new().unwrap();
    let mut file = File::from(eventfd.as_fd().try_clone_to_owned().unwrap());
    file.write_all(&(u64::MAX - 1).to_ne_bytes()).unwrap();
    eventfd.notify().unwrap();
    eventfd.notify().unwrap();
    assert!(eventfd.drain().unwrap());
    assert!(!eventfd.drain().unwrap());
}

#[test]
fn any_thread_may_notify() {
    let eventfd = EventFd::new().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| eventfd.notify().unwrap());
        }
    });
    assert!(eventfd.drain().unwrap());
}
