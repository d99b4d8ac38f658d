//! Signals. They belong to the process, so these tests take turns.

use std::io::ErrorKind;
use std::os::fd::AsRawFd;
use std::sync::{Mutex, MutexGuard, PoisonError};

use uring_sys::signal::{drain_wake_fd, install, restore, take_pending, wake_fd};

use crate::support::{in_forked_child, is_readable};

fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    drain_wake_fd().unwrap();
    turn
}

fn raise(signum: i32) {
    // SAFETY: the callers have a handler for it, or ignore it.
    assert_eq!(unsafe { libc::raise(signum) }, 0);
}

#[test]
fn a_signal_becomes_pending_once_and_wakes() {
    let _turn = turn();
    let previous = install(libc::SIGUSR1).unwrap();
    let fd = wake_fd().unwrap().as_raw_fd();
    assert!(!take_pending(libc::SIGUSR1));
    assert!(!is_readable(fd));
    raise(libc::SIGUSR1);
    raise(libc::SIGUSR1);
    assert!(is_readable(fd));
    assert!(drain_wake_fd().unwrap());
    assert!(!is_readable(fd));
    assert!(take_pending(libc::SIGUSR1));
    assert!(
        !take_pending(libc::SIGUSR1),
        "several arrivals count as one"
    );
    assert!(
        !take_pending(libc::SIGUSR2),
        "and only for their own signal"
    );
    restore(libc::SIGUSR1, previous).unwrap();
}

#[test]
fn restore_gives_back_what_was_there() {
    let _turn = turn();
    // SAFETY: ignoring a signal no other test uses.
    unsafe { libc::signal(libc::SIGWINCH, libc::SIG_IGN) };
    let previous = install(libc::SIGWINCH).unwrap();
    raise(libc::SIGWINCH);
    assert!(take_pending(libc::SIGWINCH));
    restore(libc::SIGWINCH, previous).unwrap();
    raise(libc::SIGWINCH);
    assert!(!take_pending(libc::SIGWINCH));
    // SAFETY: as above; returns the disposition it replaces.
    let found = unsafe { libc::signal(libc::SIGWINCH, libc::SIG_DFL) };
    assert_eq!(found, libc::SIG_IGN);
}

/// Blocks a signal on this thread while it lives.
struct Blocked(libc::sigset_t);

impl Blocked {
    fn new(signum: i32) -> Blocked {
        // SAFETY: a set is plain memory, and sigemptyset makes it valid.
        let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
        // SAFETY: the set is live and exclusive.
        assert_eq!(unsafe { libc::sigemptyset(&raw mut set) }, 0);
        // SAFETY: as above.
        assert_eq!(unsafe { libc::sigaddset(&raw mut set, signum) }, 0);
        let blocked = Blocked(set);
        blocked.change(libc::SIG_BLOCK);
        blocked
    }

    fn change(&self, how: i32) {
        // SAFETY: the set is valid and outlives the call; the old mask is not asked for.
        let answer = unsafe { libc::pthread_sigmask(how, &raw const self.0, std::ptr::null_mut()) };
        assert_eq!(answer, 0);
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        self.change(libc::SIG_UNBLOCK);
    }
}

#[test]
fn a_signal_that_was_not_delivered_before_the_end_does_not_kill_after_it() {
    let _turn = turn();
    let previous = install(libc::SIGUSR1).unwrap();
    let blocked = Blocked::new(libc::SIGUSR1);
    raise(libc::SIGUSR1);
    restore(libc::SIGUSR1, previous).unwrap();
    // Would be delivered here, with the default action.
    drop(blocked);
    assert!(!take_pending(libc::SIGUSR1));
}

#[test]
fn nested_installs_are_undone_one_by_one() {
    let _turn = turn();
    let first = install(libc::SIGUSR2).unwrap();
    let second = install(libc::SIGUSR2).unwrap();
    restore(libc::SIGUSR2, second).unwrap();
    raise(libc::SIGUSR2);
    assert!(take_pending(libc::SIGUSR2), "the first one is still there");
    restore(libc::SIGUSR2, first).unwrap();
}

#[test]
fn a_realtime_signal_is_a_signal() {
    let _turn = turn();
    let last = libc::SIGRTMAX();
    let previous = install(last).unwrap();
    raise(last);
    assert!(take_pending(last));
    restore(last, previous).unwrap();
}

#[test]
fn signals_that_cannot_be_handled_are_refused() {
    let fatal = [libc::SIGILL, libc::SIGFPE, libc::SIGSEGV];
    for signum in [libc::SIGKILL, libc::SIGSTOP, 0, -1, 65, i32::MAX, i32::MIN]
        .iter()
        .chain(&fatal)
    {
        assert_eq!(
            install(*signum).unwrap_err().kind(),
            ErrorKind::InvalidInput,
            "{signum}"
        );
        assert!(!take_pending(*signum));
    }
}

#[test]
fn what_was_there_cannot_be_given_to_another_signal() {
    let _turn = turn();
    let previous = install(libc::SIGUSR1).unwrap();
    let error = restore(libc::SIGUSR2, previous).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    restore(libc::SIGUSR1, previous).unwrap();
}

#[test]
fn the_handler_preserves_errno() {
    let _turn = turn();
    let previous = install(libc::SIGUSR1).unwrap();
    // SAFETY: has no preconditions.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: the location is this thread's own.
    unsafe { errno.write(libc::ENOTNAM) };
    raise(libc::SIGUSR1);
    assert_eq!(
        std::io::Error::last_os_error().raw_os_error(),
        Some(libc::ENOTNAM)
    );
    assert!(take_pending(libc::SIGUSR1));
    restore(libc::SIGUSR1, previous).unwrap();
}

/// What a child does: finds its descriptor under the number of its parent's, and wakes itself only.
fn raise_in_child(parents: i32) -> i32 {
    let takes_parents = take_pending(libc::SIGUSR2);
    let Ok(mine) = wake_fd() else { return 1 };
    let has_number = mine.as_raw_fd() == parents;
    let looks_once = matches!(drain_wake_fd(), Ok(true)) && !is_readable(parents);
    raise(libc::SIGUSR1);
    let woken = is_readable(parents) && take_pending(libc::SIGUSR1);
    i32::from(takes_parents)
        + 2 * i32::from(!has_number)
        + 4 * i32::from(!looks_once)
        + 8 * i32::from(!woken)
}

#[test]
fn a_forked_child_wakes_itself_and_not_its_parent() {
    let _turn = turn();
    let (one, two) = (
        install(libc::SIGUSR1).unwrap(),
        install(libc::SIGUSR2).unwrap(),
    );
    let parents = wake_fd().unwrap().as_raw_fd();
    raise(libc::SIGUSR2);
    drain_wake_fd().unwrap();
    assert_eq!(in_forked_child(|| raise_in_child(parents)), 0);
    assert!(!is_readable(parents));
    assert!(!take_pending(libc::SIGUSR1));
    assert!(take_pending(libc::SIGUSR2), "it came to the parent");
    assert_eq!(wake_fd().unwrap().as_raw_fd(), parents);
    restore(libc::SIGUSR2, two).unwrap();
    restore(libc::SIGUSR1, one).unwrap();
}
