//! What the kernel makes on request: descriptors of signals, watches, queues, and of other loops.

use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::mqueue::{MQ_OFlag, MqAttr, mq_close, mq_open, mq_receive, mq_send, mq_unlink};
use nix::sys::fanotify::{EventFFlags, Fanotify, InitFlags, MarkFlags, MaskFlags};
use nix::sys::signal::{SigSet, Signal, raise};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::stat::Mode;
use tokio_test::assert_ready;
use uring_reactor::{AsyncFd, Interest, Route};
use uring_sys::abi::IORING_SETUP_R_DISABLED;
use uring_sys::{Ring, Setup, Sqe};

use super::{becomes_ready, is_ready};
use crate::support::{in_child, on_every_backend, open_fds};

#[test]
fn a_signalfd_reports_signals() {
    const NAME: &str = "kinds::objects::a_signalfd_reports_signals";
    // Its thread must not be one that other tests share.
    in_child(NAME, || {
        let mut mask = SigSet::empty();
        mask.add(Signal::SIGUSR2);
        mask.thread_block().unwrap();
        on_every_backend(|l| {
            let signals = SignalFd::with_flags(&mask, SfdFlags::SFD_NONBLOCK).unwrap();
            becomes_ready(l, &signals, Interest::READABLE, || {
                raise(Signal::SIGUSR2).unwrap();
            });
            let signal = signals.read_signal().unwrap().expect("one is pending");
            assert_eq!(signal.ssi_signo, Signal::SIGUSR2 as u32);
        });
    });
}

#[test]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn fanotify_reports_changes() {
    let watch = || {
        let flags = InitFlags::FAN_CLASS_NOTIF | InitFlags::FAN_NONBLOCK;
        Fanotify::init(flags, EventFFlags::O_RDONLY)
    };
    if let Err(error) = watch() {
        return println!("skipped: fanotify_init: {error}");
    }
    on_every_backend(|l| {
        let directory = tempfile::tempdir().unwrap();
        let watch = watch().unwrap();
        let mask = MaskFlags::FAN_OPEN | MaskFlags::FAN_EVENT_ON_CHILD;
        let path = Some(directory.path());
        watch
            .mark(MarkFlags::FAN_MARK_ADD, mask, rustix::fs::CWD, path)
            .unwrap();
        becomes_ready(l, &watch, Interest::READABLE, || {
            File::create(directory.path().join("new")).unwrap();
        });
        // Events hold files open.
        drop(watch.read_events().unwrap());
    });
}

#[test]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn a_message_queue_reports_messages_and_room() {
    let name = format!("/uring-reactor-test-{}", std::process::id());
    let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_RDWR | MQ_OFlag::O_NONBLOCK;
    let attributes = MqAttr::new(0, 1, 8, 0);
    let open = || mq_open(name.as_str(), flags, Mode::S_IRWXU, Some(&attributes));
    match open() {
        Ok(queue) => mq_close(queue).unwrap(),
        Err(error) => return println!("skipped: mq_open: {error}"),
    }
    on_every_backend(|l| {
        let queue = open().unwrap();
        is_ready(l, &queue, Interest::WRITABLE, Route::Epoll);
        becomes_ready(l, &queue, Interest::READABLE, || {
            mq_send(&queue, b"message", 0).unwrap();
        });
        becomes_ready(l, &queue, Interest::WRITABLE, || {
            mq_receive(&queue, &mut [0; 8], &mut 0).unwrap();
        });
        mq_close(queue).unwrap();
    });
    mq_unlink(name.as_str()).unwrap();
}

#[test]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn another_ring_is_readable_when_it_has_completions() {
    let setup = Setup {
        entries: 4,
        ..Setup::default()
    };
    if let Err(error) = Ring::new(&setup) {
        return println!("skipped: {error}");
    }
    on_every_backend(|l| {
        let mut ring = Ring::new(&setup).unwrap();
        // Room to submit.
        is_ready(l, &ring, Interest::WRITABLE, Route::Epoll);
        // The descriptor is the ring's for longer than the borrow, which the submit would not like.
        let twin = uring_sys::syscall::duplicate(ring.as_raw_fd()).unwrap();
        becomes_ready(l, &twin, Interest::READABLE, || {
            ring.push(Sqe::nop()).unwrap();
            ring.submit_and_get_events().unwrap();
        });
    });
}

#[test]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn a_ring_that_is_not_enabled_yet_can_be_waited_for() {
    let setup = Setup {
        entries: 4,
        flags: IORING_SETUP_R_DISABLED,
        ..Setup::default()
    };
    if let Err(error) = Ring::new(&setup) {
        return println!("skipped: {error}");
    }
    on_every_backend(|l| {
        let mut ring = Ring::new(&setup).unwrap();
        let twin = uring_sys::syscall::duplicate(ring.as_raw_fd()).unwrap();
        becomes_ready(l, &twin, Interest::READABLE, || {
            ring.enable().unwrap();
            ring.push(Sqe::nop()).unwrap();
            ring.submit_and_get_events().unwrap();
        });
    });
}

/// The loop's own ring or epoll set, found among the open descriptors.
fn own(kind: &str) -> Vec<OwnedFd> {
    let is_it = |fd: &i32| {
        std::fs::read_link(format!("/proc/self/fd/{fd}"))
            .is_ok_and(|target| target.to_string_lossy() == format!("anon_inode:[{kind}]"))
    };
    // Before the first duplicate, whose number may be that of the listing.
    let found: Vec<i32> = open_fds().into_iter().filter(is_it).collect();
    found
        .into_iter()
        .map(|fd| uring_sys::syscall::duplicate(fd).unwrap())
        .collect()
}

#[test]
fn a_loop_that_waits_for_itself_gets_an_event_or_an_error_and_goes_on() {
    const NAME: &str =
        "kinds::objects::a_loop_that_waits_for_itself_gets_an_event_or_an_error_and_goes_on";
    // Nobody else may have a loop.
    in_child(NAME, || {
        on_every_backend(|l| {
            let handle = l.handle();
            let _current = handle.enter();
            let own = own(if l.is_epoll() {
                "eventpoll"
            } else {
                "io_uring"
            });
            assert_eq!(own.len(), 1, "{}", l.name);
            let own = AsyncFd::with_interest(&own[0], Interest::READABLE).unwrap();
            let mut reader = tokio_test::task::spawn(own.readable());
            assert!(reader.poll().is_pending());
            l.settle();
            // The kernel refuses an epoll set that contains itself; a ring is ready when it has something to say.
            if l.is_epoll() {
                assert!(assert_ready!(l.next("the error", &mut reader)).is_err());
            }
            drop(reader);
            let turns = handle.metrics().turns;
            let event = uring_sys::eventfd::EventFd::new().unwrap();
            becomes_ready(l, &event, Interest::READABLE, || event.notify().unwrap());
            assert!(handle.metrics().turns - turns < 100, "{}", l.name);
        });
    });
}
