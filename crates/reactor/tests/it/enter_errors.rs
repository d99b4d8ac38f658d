//! What a single `io_uring_enter` may answer while the loop runs, told by a seccomp listener in the kernel's place.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use rustix::io::Errno;
use tokio_test::{assert_pending, assert_ready, assert_ready_ok, task};
use uring_fault_inject::{Answer, answer_enters};
use uring_reactor::{AsyncFd, Instant, Interest, Options, Reactor, Rung, Sleep, Turn};

use crate::support::{Loop, socket_pair};

/// On a few rungs, a loop on a thread whose next enter can be told to fail, once.
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn with_one_failure(test: impl Fn(&mut Loop, &AtomicI32) + Sync) {
    for rung in [Rung::A, Rung::C, Rung::E, Rung::F] {
        let options = Options::new().top_rung(rung).entries(8);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let next = Arc::new(AtomicI32::new(0));
                let answers = Arc::clone(&next);
                let tally = answer_enters(move || match answers.swap(0, Ordering::AcqRel) {
                    0 => Answer::Kernel,
                    errno => Answer::Errno(errno),
                });
                if let Err(error) = tally {
                    return println!("skipped: no seccomp listener: {error}");
                }
                let mut l = Loop::new(rung.name(), options.clone());
                if l.is_epoll() {
                    return println!("skipped on rung {}: no such ring here", rung.name());
                }
                test(&mut l, &next);
                l.reactor.verify();
            });
        });
    }
    drop(Reactor::new(Options::new()));
}

/// Everything that waits before the failure ends after it.
fn everything_arrives(l: &mut Loop, fail: impl FnOnce(&mut Loop)) {
    let handle = l.handle();
    let _current = handle.enter();
    let pairs: Vec<_> = (0..50).map(|_| socket_pair()).collect();
    let (ours, theirs): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    let fds: Vec<_> = ours
        .into_iter()
        .map(|fd| AsyncFd::new(fd).unwrap())
        .collect();
    let mut readers: Vec<_> = fds.iter().map(|fd| l.park(fd.readable())).collect();
    let urgent = l.park(fds[0].ready(Interest::PRIORITY));
    let deadline = Instant::now() + Duration::from_millis(30);
    let mut sleep = task::spawn(Sleep::until(deadline));
    assert_pending!(sleep.poll());
    // Half of the events are in the kernel when it fails.
    for mut peer in theirs.iter().step_by(2) {
        peer.write_all(b"x").unwrap();
    }
    handle.unparker().wake();
    fail(l);
    for mut peer in theirs.iter().skip(1).step_by(2) {
        peer.write_all(b"x").unwrap();
    }
    l.until("all bytes", || {
        readers.iter().all(|reader| reader.is_woken())
    });
    for reader in &mut readers {
        assert_ready_ok!(reader.poll()).retain_ready();
    }
    // sleep: the timer was set before the failure.
    assert_ready!(l.next("the deadline", &mut sleep));
    assert!(!urgent.is_woken());
    // A wake that comes now, and one that is there before the sleep.
    let unparker = handle.unparker();
    let waker = std::thread::spawn(move || unparker.wake());
    l.turn(Turn::Wait);
    waker.join().unwrap();
    handle.unparker().wake();
    l.turn(Turn::Wait);
}

#[test]
fn lost_completions_lead_to_a_larger_ring_with_everything_armed_again() {
    with_one_failure(|l, next| {
        let before = l.reactor.driver();
        everything_arrives(l, |l| {
            next.store(Errno::BADR.raw_os_error(), Ordering::Release);
            l.turn(Turn::Poll);
        });
        let (driver, metrics) = (l.reactor.driver(), l.handle().metrics());
        assert_eq!(driver.rung, before.rung, "{}", l.name);
        assert_eq!(driver.sq_entries, before.sq_entries * 2, "{}", l.name);
        assert_eq!(metrics.backend_switches, 1);
        let refusal = driver.refused.last().unwrap();
        assert_eq!(refusal.errno, Some(Errno::BADR.raw_os_error()));
        assert!(
            driver.to_string().contains("completions were lost"),
            "{driver}"
        );
    });
}

#[test]
fn a_ring_that_dies_leads_to_epoll_with_everything_armed_again() {
    for errno in [Errno::NXIO, Errno::BADFD, Errno::EXIST, Errno::INVAL] {
        with_one_failure(|l, next| {
            everything_arrives(l, |l| {
                next.store(errno.raw_os_error(), Ordering::Release);
                l.turn(Turn::Poll);
            });
            assert!(l.is_epoll(), "{}", l.name);
            let driver = l.reactor.driver();
            let refusal = driver.refused.last().unwrap();
            assert_eq!(refusal.errno, Some(errno.raw_os_error()));
            assert_eq!(l.handle().metrics().backend_switches, 1);
        });
    }
}

#[test]
fn an_enter_that_fails_in_passing_is_made_again() {
    for errno in [
        Errno::INTR,
        Errno::AGAIN,
        Errno::BUSY,
        Errno::NOMEM,
        Errno::TIME,
    ] {
        with_one_failure(|l, next| {
            let before = l.reactor.driver();
            everything_arrives(l, |l| {
                next.store(errno.raw_os_error(), Ordering::Release);
                l.turn(Turn::Poll);
            });
            assert_eq!(l.reactor.driver(), before);
            assert_eq!(l.handle().metrics().backend_switches, 0);
        });
    }
}
