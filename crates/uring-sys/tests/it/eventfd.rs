//! Waking by eventfd.

use std::fs::File;
use std::io::{Read, Write};
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

#[test]
fn a_renewed_eventfd_has_its_number_and_not_its_counter() {
    let eventfd = EventFd::new().unwrap();
    // A copy of the number, as a forked child has one.
    let parents = uring_sys::syscall::duplicate(eventfd.as_raw_fd()).unwrap();
    let number = eventfd.as_raw_fd();
    eventfd.notify().unwrap();
    eventfd.renew().unwrap();
    assert_eq!(eventfd.as_raw_fd(), number);
    assert!(!eventfd.drain().unwrap(), "a fresh counter is zero");
    eventfd.notify().unwrap();
    let mut counter = [0; 8];
    File::from(parents).read_exact(&mut counter).unwrap();
    assert_eq!(
        u64::from_ne_bytes(counter),
        1,
        "the old one has what it had, and no more"
    );
}

#[test]
fn a_number_that_is_in_use_is_not_restored() {
    let eventfd = EventFd::new().unwrap();
    eventfd.notify().unwrap();
    let error = eventfd.restore().unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EEXIST));
    assert!(eventfd.drain().unwrap(), "it is as it was");
}
