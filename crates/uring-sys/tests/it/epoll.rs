//! The fallback.

use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::{Duration, Instant};

use uring_sys::epoll::{EPOLLET, EPOLLIN, EPOLLOUT, Epoll, EventBuffer};
use uring_sys::eventfd::EventFd;

use crate::support::errno;

fn wait(epoll: &Epoll, events: &mut EventBuffer, timeout: Option<Duration>) -> Vec<(u32, u64)> {
    while let Err(error) = epoll.wait(events, timeout) {
        assert_eq!(error.kind(), std::io::ErrorKind::Interrupted);
        assert!(events.is_empty());
    }
    events.iter().collect()
}

fn now(epoll: &Epoll) -> Vec<(u32, u64)> {
    wait(
        epoll,
        &mut EventBuffer::with_capacity(8),
        Some(Duration::ZERO),
    )
}

#[test]
fn a_disowned_set_leaves_its_number_open() {
    let epoll = Epoll::new().unwrap();
    let number = epoll.as_raw_fd();
    epoll.disown();
    drop(epoll);
    // Closing a number that is nobody's would end this program.
    // SAFETY: the number was the set's, which has given it up.
    drop(unsafe { OwnedFd::from_raw_fd(number) });
}

#[test]
fn a_disowned_set_touches_no_set_that_has_its_number() {
    let (epoll, eventfd) = (Epoll::new().unwrap(), EventFd::new().unwrap());
    let (number, fd) = (epoll.as_raw_fd(), eventfd.as_raw_fd());
    epoll.add(fd, EPOLLIN, 7).unwrap();
    eventfd.notify().unwrap();
    epoll.disown();
    let mut events = EventBuffer::with_capacity(8);
    assert_eq!(errno(epoll.delete(fd)), Some(libc::EBADF));
    assert_eq!(errno(epoll.modify(fd, EPOLLOUT, 8)), Some(libc::EBADF));
    assert_eq!(errno(epoll.add(number, EPOLLIN, 9)), Some(libc::EBADF));
    assert_eq!(errno(epoll.wait(&mut events, None)), Some(libc::EBADF));
    drop(epoll);
    // SAFETY: the number was the set's, which has given it up.
    drop(unsafe { OwnedFd::from_raw_fd(number) });
}

#[test]
fn events_come_with_their_data_until_deleted() {
    let (epoll, eventfd) = (Epoll::new().unwrap(), EventFd::new().unwrap());
    epoll.add(eventfd.as_raw_fd(), EPOLLIN, u64::MAX).unwrap();
    assert_eq!(now(&epoll), []);
    eventfd.notify().unwrap();
    let mut events = EventBuffer::with_capacity(8);
    assert_eq!(wait(&epoll, &mut events, None), [(EPOLLIN, u64::MAX)]);
    assert_eq!((events.len(), events.is_full()), (1, false));
    epoll.modify(eventfd.as_raw_fd(), EPOLLOUT, 7).unwrap();
    assert_eq!(now(&epoll), [(EPOLLOUT, 7)]);
    epoll.delete(eventfd.as_raw_fd()).unwrap();
    assert_eq!(now(&epoll), []);
}

#[test]
fn an_edge_is_reported_once_and_again_after_modify() {
    let (epoll, eventfd) = (Epoll::new().unwrap(), EventFd::new().unwrap());
    eventfd.notify().unwrap();
    epoll
        .add(eventfd.as_raw_fd(), EPOLLIN | EPOLLET, 1)
        .unwrap();
    assert_eq!(now(&epoll), [(EPOLLIN, 1)]);
    assert_eq!(now(&epoll), []);
    epoll
        .modify(eventfd.as_raw_fd(), EPOLLIN | EPOLLET, 2)
        .unwrap();
    assert_eq!(now(&epoll), [(EPOLLIN, 2)]);
}

#[test]
fn a_full_buffer_says_so_and_the_rest_comes_next() {
    let epoll = Epoll::new().unwrap();
    let eventfds = (0..5).map(|_| EventFd::new().unwrap()).collect::<Vec<_>>();
    for (eventfd, n) in eventfds.iter().zip(0..) {
        eventfd.notify().unwrap();
        epoll
            .add(eventfd.as_raw_fd(), EPOLLIN | EPOLLET, n)
            .unwrap();
    }
    let mut events = EventBuffer::with_capacity(4);
    let mut seen = wait(&epoll, &mut events, None);
    assert!(events.is_full());
    seen.extend(wait(&epoll, &mut events, None));
    assert_eq!((events.len(), events.is_full()), (1, false));
    seen.sort_unstable();
    assert_eq!(seen, (0..5).map(|n| (EPOLLIN, n)).collect::<Vec<_>>());
}

#[test]
fn a_buffer_for_nothing_holds_one() {
    let (epoll, eventfd) = (Epoll::new().unwrap(), EventFd::new().unwrap());
    eventfd.notify().unwrap();
    epoll.add(eventfd.as_raw_fd(), EPOLLIN, 1).unwrap();
    assert_eq!(
        wait(&epoll, &mut EventBuffer::with_capacity(0), None),
        [(EPOLLIN, 1)]
    );
}

#[test]
fn timeouts_below_a_millisecond_are_not_early() {
    let epoll = Epoll::new().unwrap();
    let mut events = EventBuffer::with_capacity(1);
    for us in [1, 150, 999, 1_001, 1_999] {
        let timeout = Duration::from_micros(us);
        let start = Instant::now();
        assert_eq!(wait(&epoll, &mut events, Some(timeout)), []);
        assert!(start.elapsed() >= timeout, "{timeout:?}");
    }
}

#[test]
fn the_longest_timeout_waits_for_the_event() {
    let epoll = Epoll::new().unwrap();
    let timer = uring_sys::timerfd::TimerFd::new().unwrap();
    epoll.add(timer.as_raw_fd(), EPOLLIN, 3).unwrap();
    timer.set(Duration::from_millis(10)).unwrap();
    let mut events = EventBuffer::with_capacity(1);
    assert_eq!(
        wait(&epoll, &mut events, Some(Duration::MAX)),
        [(EPOLLIN, 3)]
    );
}

#[test]
fn errors_are_those_of_the_man_page() {
    let (epoll, eventfd) = (Epoll::new().unwrap(), EventFd::new().unwrap());
    let fd = eventfd.as_raw_fd();
    assert_eq!(errno(epoll.modify(fd, EPOLLIN, 0)), Some(libc::ENOENT));
    assert_eq!(errno(epoll.delete(fd)), Some(libc::ENOENT));
    epoll.add(fd, EPOLLIN, 0).unwrap();
    assert_eq!(errno(epoll.add(fd, EPOLLIN, 0)), Some(libc::EEXIST));
    assert_eq!(errno(epoll.add(-1, EPOLLIN, 0)), Some(libc::EBADF));
    let file = File::open("/proc/self/exe").unwrap();
    assert_eq!(
        errno(epoll.add(file.as_raw_fd(), EPOLLIN, 0)),
        Some(libc::EPERM)
    );
}
