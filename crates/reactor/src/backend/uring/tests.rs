//! What only shows between the steps of a turn.

use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use uring_sys::abi::{POLLIN, POLLRDHUP};
use uring_sys::{Cqe, Sqe};

use crate::backend::deadline::Wait;
use crate::backend::kernel::Kernel;
use crate::backend::rung::Rung;
use crate::backend::uring::Uring;
use crate::backend::{Arm, Backend, Env, Outcome, Route, ladder};
use crate::driver::Choice;
use crate::interest::{Direction, Interest};
use crate::options::Options;
use crate::token::{Internal, Token};

#[expect(clippy::print_stdout, reason = "what is skipped is said")]
fn on_every_rung(test: impl Fn(&mut Backend, &Env)) {
    for rung in Rung::ALL {
        let env = Env::new(Kernel::Linux).unwrap();
        let options = Options::new().choice(Choice::IoUring).top_rung(rung);
        match ladder::open(&options, &env) {
            Ok((mut backend, _)) => test(&mut backend, &env),
            Err(error) => println!("skipped on rung {}: {error}", rung.name()),
        }
    }
}

#[test]
fn a_notification_between_the_announcement_and_the_sleep_ends_it() {
    on_every_rung(|backend, env| {
        let mut out = Vec::new();
        // The wake-up poll is in the kernel.
        backend.wait(Wait::NonBlocking, &mut out).unwrap();
        for _ in 0..3 {
            assert!(env.notifier.prepare_park());
            // Without deferred task work, its completion is there at once.
            assert!(env.notifier.notify());
            // A lost wake leaves the test here.
            backend.wait(Wait::Until(None), &mut out).unwrap();
            assert!(env.notifier.unpark());
            backend.wait(Wait::NonBlocking, &mut out).unwrap();
        }
    });
}

/// What comes of a read poll that is answered with `result`, in the kernel's place: the real one is taken back first.
fn answered(uring: &mut Uring, arm: Arm, result: i32) -> Vec<Outcome> {
    let mut out = Vec::new();
    uring.arm(arm);
    uring.wait(Wait::NonBlocking, &mut out).unwrap();
    uring.push(Sqe::poll_remove(arm.token.pack()).with_user_data(Internal::Ignore.pack()));
    uring.ring.submit_and_get_events().unwrap();
    while uring.ring.pop().is_some() {}
    out.retain(|completion| completion.outcome != Outcome::Stays);
    assert!(out.is_empty(), "nothing is ready");
    let cqe = Cqe {
        user_data: arm.token.pack(),
        result,
        flags: 0,
    };
    uring.complete_source(arm.token, cqe, &mut out);
    out.into_iter()
        .map(|completion| completion.outcome)
        .collect()
}

/// Tries it with a socket that is not ready, on every rung.
fn with_a_quiet_socket(test: impl Fn(&mut Uring, Arm)) {
    on_every_rung(|backend, _| {
        let Backend::Uring(uring) = backend else {
            return;
        };
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let direction = Direction::Read;
        let token = Token {
            slot: 3,
            generation: 7,
            direction: Some(direction),
        };
        let fd = ours.as_raw_fd();
        let interest = Interest::READABLE;
        test(
            uring,
            Arm {
                token,
                direction,
                fd,
                interest,
            },
        );
        uring.shut_down();
    });
}

#[test]
fn a_poll_for_which_there_is_no_memory_is_tried_again_and_at_last_goes_to_epoll() {
    for errno in [libc::ENOMEM, libc::EAGAIN] {
        with_a_quiet_socket(|uring, arm| {
            for _ in 0..16 {
                // Nothing is ready, so the core arms it again.
                assert_eq!(answered(uring, arm, -errno), [Outcome::Ready(0)]);
            }
            let moved = [Outcome::Moved(Route::Epoll)];
            assert_eq!(answered(uring, arm, -errno), moved);
        });
        with_a_quiet_socket(|uring, arm| {
            for _ in 0..40 {
                assert_eq!(answered(uring, arm, -errno), [Outcome::Ready(0)]);
                // One that gets through ends the count.
                let in_ring = i32::try_from(POLLIN).unwrap();
                assert_eq!(answered(uring, arm, in_ring), [Outcome::Ready(POLLIN)]);
            }
        });
    }
}

#[test]
fn a_poll_that_was_cancelled_is_to_be_armed_again() {
    with_a_quiet_socket(|uring, arm| {
        for _ in 0..100 {
            // With ECANCELED, or with an empty mask before Linux 5.4.
            assert_eq!(answered(uring, arm, -libc::ECANCELED), [Outcome::Ready(0)]);
            assert_eq!(answered(uring, arm, 0), [Outcome::Ready(0)]);
        }
    });
}

#[test]
fn a_poll_of_a_closed_fd_fails() {
    with_a_quiet_socket(|uring, arm| {
        let failed = [Outcome::Failed(libc::EBADF)];
        assert_eq!(answered(uring, arm, -libc::EBADF), failed);
    });
}

#[test]
fn whatever_else_a_poll_answers_moves_its_direction_to_epoll() {
    let errnos = [
        libc::EINVAL,
        libc::EOPNOTSUPP,
        libc::EACCES,
        libc::EPERM,
        libc::EIO,
    ];
    for errno in errnos {
        with_a_quiet_socket(|uring, arm| {
            let moved = [Outcome::Moved(Route::Epoll)];
            assert_eq!(answered(uring, arm, -errno), moved);
            // For good: the ring is not asked again.
            let mut out = Vec::new();
            uring.arm(arm);
            assert_eq!(uring.routes.tokens_in_ring().count(), 0);
            uring.wait(Wait::NonBlocking, &mut out).unwrap();
            assert!(uring.owes(arm.token));
        });
    }
}

#[test]
fn a_poll_that_reports_only_the_peers_half_close_moves_its_direction_to_epoll() {
    with_a_quiet_socket(|uring, mut arm| {
        arm.direction = Direction::Write;
        arm.token.direction = Some(Direction::Write);
        arm.interest = Interest::READABLE | Interest::WRITABLE;
        let cqe = Cqe {
            user_data: arm.token.pack(),
            result: i32::try_from(POLLRDHUP).unwrap(),
            flags: 0,
        };
        uring.routes.of(&arm).in_ring.insert(Direction::Write);
        let mut out = Vec::new();
        uring.complete_source(arm.token, cqe, &mut out);
        let outcomes: Vec<_> = out.iter().map(|completion| completion.outcome).collect();
        let expected = [Outcome::Ready(POLLRDHUP), Outcome::Moved(Route::Epoll)];
        assert_eq!(outcomes, expected);
        assert!(out.iter().all(|completion| completion.more));
    });
}

impl Uring {
    /// Cancels everything, as the end of the thread that submitted it does, or a cancel by file from elsewhere.
    pub(crate) fn cancel_behind_our_back(&mut self) -> bool {
        self.push(Sqe::cancel_all().with_user_data(Internal::Ignore.pack()));
        self.caps.cancel_all
    }

    /// Makes the next wait find that completions were lost, as before Linux 5.5.
    pub(crate) fn pretend_loss(&mut self) {
        self.lost = self.lost.wrapping_sub(1);
    }
}
