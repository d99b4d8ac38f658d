//! Processes as descriptors.

use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};

use uring_sys::pidfd;

use crate::support::{errno, is_readable, skip};

/// A child that ends with its standard input, and its pidfd; nothing where the kernel has none.
fn cat() -> Option<(Child, std::os::fd::OwnedFd)> {
    let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    match pidfd::open(child.id()) {
        Ok(pidfd) => Some((child, pidfd)),
        Err(error) => {
            skip(&format!("pidfd_open: {error}"));
            child.kill().unwrap();
            child.wait().unwrap();
            None
        }
    }
}

#[test]
fn a_pidfd_is_readable_once_the_process_has_ended() {
    let Some((mut child, pidfd)) = cat() else {
        return;
    };
    assert!(!is_readable(pidfd.as_raw_fd()));
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert!(is_readable(pidfd.as_raw_fd()));
}

#[test]
fn a_signal_by_pidfd_reaches_the_process_and_nobody_after_it() {
    let Some((mut child, pidfd)) = cat() else {
        return;
    };
    pidfd::send_signal(pidfd.as_fd(), libc::SIGTERM).unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(libc::SIGTERM));
    let gone = pidfd::send_signal(pidfd.as_fd(), libc::SIGTERM);
    assert_eq!(errno(gone), Some(libc::ESRCH));
}

#[test]
fn a_process_that_is_not_there_has_no_pidfd() {
    let Some((mut child, _pidfd)) = cat() else {
        return;
    };
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(errno(pidfd::open(0)), Some(libc::EINVAL));
    assert_eq!(errno(pidfd::open(u32::MAX >> 1)), Some(libc::ESRCH));
}

#[test]
fn a_pidfd_is_closed_on_exec() {
    let Some((mut child, pidfd)) = cat() else {
        return;
    };
    // SAFETY: takes numbers only.
    let flags = unsafe { libc::fcntl(pidfd.as_raw_fd(), libc::F_GETFD) };
    assert_eq!(flags & libc::FD_CLOEXEC, libc::FD_CLOEXEC);
    child.kill().unwrap();
    child.wait().unwrap();
}
