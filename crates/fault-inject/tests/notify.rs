//! The kernel answers `io_uring_enter` as a closure says.

use std::io;
use std::sync::mpsc::channel;
use std::thread;

use uring_fault_inject::{Answer, answer_enters};

/// Enters a ring that does not exist.
fn enter() -> Option<i32> {
    // SAFETY: with no valid descriptor and no argument, the kernel touches nothing of ours.
    let answer = unsafe { libc::syscall(libc::SYS_io_uring_enter, -1, 0, 0, 0, 0, 0) };
    assert_eq!(answer, -1);
    io::Error::last_os_error().raw_os_error()
}

#[test]
fn a_call_fails_as_the_answer_says_or_is_carried_out() {
    thread::spawn(|| {
        let mut calls = 0;
        let tally = answer_enters(move || {
            calls += 1;
            match calls % 3 {
                0 => Answer::Kernel,
                1 => Answer::Errno(libc::EBUSY),
                _ => Answer::Errno(libc::EINTR),
            }
        })
        .unwrap();
        for _ in 0..10 {
            assert_eq!(enter(), Some(libc::EBUSY));
            assert_eq!(enter(), Some(libc::EINTR));
            assert_eq!(enter(), Some(libc::EBADF), "the kernel's own answer");
        }
        assert_eq!((tally.asked(), tally.refused()), (30, 20));
    })
    .join()
    .unwrap();
}

#[test]
fn other_threads_are_not_asked_about_and_the_helper_ends_with_the_thread() {
    let (alive, ended) = channel::<()>();
    let confined = thread::spawn(|| {
        answer_enters(move || {
            let _held = &alive;
            Answer::Errno(libc::EAGAIN)
        })
        .unwrap();
        assert_eq!(enter(), Some(libc::EAGAIN));
    });
    assert_eq!(enter(), Some(libc::EBADF));
    confined.join().unwrap();
    ended
        .recv()
        .expect_err("the closure goes away, without a word");
}
