//! What several modules need.

use std::io;
use std::time::{Duration, Instant};

use uring_sys::epoll::{EPOLLIN, Epoll, EventBuffer};
use uring_sys::{Cqe, Ring, Setup};

/// A ring, or `None` and one line on stderr where this kernel does not make such a one.
pub(crate) fn ring(setup: &Setup) -> Option<Ring> {
    let start = Instant::now();
    loop {
        match Ring::new(setup) {
            Ok(ring) => return Some(ring),
            // The memory of rings which other tests have just closed may still be charged (6.14); but not for long.
            Err(error)
                if error.error.raw_os_error() == Some(libc::ENOMEM)
                    && start.elapsed() < Duration::from_secs(2) =>
            {
                std::thread::yield_now();
            }
            Err(error) => {
                skip(&format!("{setup:?}: {error}"));
                return None;
            }
        }
    }
}

/// A ring of a few entries with `flags`.
pub(crate) fn small(flags: u32) -> Option<Ring> {
    ring(&Setup {
        entries: 8,
        flags,
        ..Setup::default()
    })
}

/// Whether this ring's kernel has all of `features`; says so if not.
pub(crate) fn has(ring: &Ring, features: u32) -> bool {
    let there = ring.features() & features == features;
    if !there {
        skip(&format!("a feature of {features:#x} is missing"));
    }
    there
}

#[expect(clippy::print_stderr, reason = "the runner shows and counts skips")]
pub(crate) fn skip(reason: &str) {
    eprintln!("skipped: {reason}");
}

/// Waits for one completion and takes it.
pub(crate) fn next(ring: &mut Ring) -> Cqe {
    loop {
        if let Some(cqe) = ring.pop() {
            return cqe;
        }
        match ring.submit_and_wait(1, None) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => panic!("{error}"),
            _ => {}
        }
    }
}

/// All that can be had without waiting, as `(user_data, result)`.
pub(crate) fn drain(ring: &mut Ring) -> Vec<(u64, i32)> {
    let mut all = Vec::new();
    loop {
        ring.submit_and_get_events().unwrap();
        let before = all.len();
        all.extend(ring.completions().map(|cqe| (cqe.user_data, cqe.result)));
        if all.len() == before && !ring.taskrun_pending() && !ring.cq_overflowed() {
            return all;
        }
    }
}

/// The errno of a result that must be an error.
pub(crate) fn errno<T: std::fmt::Debug>(result: io::Result<T>) -> Option<i32> {
    result.expect_err("must fail").raw_os_error()
}

/// Runs `child` in a forked process and returns how it ended: 0, or the number that `child` returned.
///
/// `child` may only do what is allowed after a fork of a process with several threads: no locks that others may hold.
pub(crate) fn in_forked_child(child: impl FnOnce() -> i32) -> i32 {
    // SAFETY: the callers' closures make system calls and touch atomics, then the child leaves by _exit.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let code = child();
        // SAFETY: ends the child without running anything of the parent's.
        unsafe { libc::_exit(code) };
    }
    let mut status = -1;
    // SAFETY: `status` is writable and the child is ours.
    let waited = unsafe { libc::waitpid(pid, &raw mut status, 0) };
    assert_eq!(waited, pid);
    assert!(libc::WIFEXITED(status), "the child was killed: {status:#x}");
    libc::WEXITSTATUS(status)
}

/// Blocks until `fd` is readable.
pub(crate) fn wait_readable(fd: i32) {
    let epoll = Epoll::new().unwrap();
    epoll.add(fd, EPOLLIN, 0).unwrap();
    let mut events = EventBuffer::with_capacity(1);
    while events.is_empty() {
        // A signal ends the wait without an event.
        drop(epoll.wait(&mut events, None));
    }
}

/// Whether `fd` is readable now.
pub(crate) fn is_readable(fd: i32) -> bool {
    let mut poll = libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: one live record.
    let count = unsafe { libc::poll(&raw mut poll, 1, 0) };
    count == 1 && poll.revents & libc::POLLIN != 0
}
