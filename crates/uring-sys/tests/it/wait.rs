//! How a wait ends.

use std::io::ErrorKind;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use uring_sys::abi::{IORING_FEAT_EXT_ARG, POLLIN};
use uring_sys::eventfd::EventFd;
use uring_sys::timerfd::TimerFd;
use uring_sys::{Ring, Sqe};

use crate::support::{errno, has, small};

fn with_timeouts() -> Option<Ring> {
    small(0).filter(|ring| has(ring, IORING_FEAT_EXT_ARG))
}

#[test]
fn a_timeout_ends_with_etime_and_not_early() {
    let Some(mut ring) = with_timeouts() else {
        return;
    };
    for timeout in [
        Duration::ZERO,
        Duration::from_micros(700),
        Duration::from_millis(3),
    ] {
        let start = Instant::now();
        assert_eq!(
            errno(ring.submit_and_wait(1, Some(timeout))),
            Some(libc::ETIME)
        );
        assert!(start.elapsed() >= timeout);
    }
}

#[test]
fn a_wait_that_submitted_hides_its_timeout_behind_the_count() {
    let Some(mut ring) = with_timeouts() else {
        return;
    };
    let never = EventFd::new().unwrap();
    ring.push(Sqe::poll_add(never.as_raw_fd(), POLLIN)).unwrap();
    assert_eq!(
        ring.submit_and_wait(1, Some(Duration::from_millis(1)))
            .unwrap(),
        1
    );
    assert_eq!(ring.cq_ready(), 0);
}

/// If the wait were not skipped this would hang: nothing else completes.
#[test]
fn a_short_submit_does_not_wait() {
    let Some(mut ring) = small(0) else { return };
    ring.push(Sqe::invalid()).unwrap();
    ring.push(Sqe::nop()).unwrap();
    assert_eq!(ring.submit_and_wait(5, None).unwrap(), 1);
    assert_eq!(ring.to_submit(), 1);
}

#[test]
fn a_completion_that_is_there_ends_the_wait_at_once() {
    let Some(mut ring) = with_timeouts() else {
        return;
    };
    ring.push(Sqe::nop()).unwrap();
    ring.submit_and_wait(1, None).unwrap();
    assert_eq!(ring.submit_and_wait(1, Some(Duration::MAX)).unwrap(), 0);
    assert_eq!(ring.submit_and_wait(1, None).unwrap(), 0);
}

/// A far deadline must not overflow into the past inside the kernel.
#[test]
fn the_longest_timeout_does_not_expire() {
    let Some(mut ring) = with_timeouts() else {
        return;
    };
    let century = Duration::from_secs(100 * 366 * 86_400);
    for timeout in [
        Duration::MAX,
        Duration::from_secs(i64::MAX.unsigned_abs()),
        century,
    ] {
        let timer = TimerFd::new().unwrap();
        timer.set(Duration::from_millis(20)).unwrap();
        ring.push(Sqe::poll_add(timer.as_raw_fd(), POLLIN)).unwrap();
        ring.submit().unwrap();
        ring.submit_and_wait(1, Some(timeout)).unwrap();
        assert_eq!(ring.completions().count(), 1, "{timeout:?}");
    }
}

extern "C" fn ignore(_signum: i32) {}

/// SIGALRM of a timer, again and again, so that it does not matter when the wait begins.
#[test]
fn a_signal_ends_the_wait_with_eintr_in_spite_of_restart() {
    let Some(mut ring) = small(0) else { return };
    // SAFETY: zeros are a valid record.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = ignore as extern "C" fn(i32) as usize;
    action.sa_flags = libc::SA_RESTART;
    // SAFETY: the handler does nothing, and no other test uses this signal.
    let answer = unsafe { libc::sigaction(libc::SIGALRM, &raw const action, std::ptr::null_mut()) };
    assert_eq!(answer, 0);
    // SAFETY: has no preconditions.
    let thread = unsafe { libc::pthread_self() };
    let done = std::sync::atomic::AtomicBool::new(false);
    let error = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                // SAFETY: the thread waits for this one at the end of the scope, so it lives.
                unsafe { libc::pthread_kill(thread, libc::SIGALRM) };
                std::thread::yield_now();
            }
        });
        let error = ring.submit_and_wait(1, None).unwrap_err();
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        error
    });
    assert_eq!(error.kind(), ErrorKind::Interrupted);
}
