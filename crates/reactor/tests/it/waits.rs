//! What is waited for can be listed, with whose it is.

use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use tokio_test::{assert_pending, task};
use uring_reactor::{AsyncFd, Handle, Instant, Interest, Sleep, Turn, Wait};

use crate::support::{fill, on_every_backend, socket_pair};

struct Nobody;

impl Wake for Nobody {
    fn wake(self: Arc<Self>) {}
}

/// Tells wakers apart by their data.
fn data_of(waker: &Waker) -> Option<usize> {
    Some(waker.data().addr())
}

/// Without how far off the timers are.
fn listed(handle: &Handle, waker: &Waker) -> Vec<String> {
    let mine = |(owner, wait): (usize, Wait)| {
        let text = match wait {
            Wait::Timer { .. } => "a timer".to_owned(),
            wait => wait.to_string(),
        };
        (owner == waker.data().addr()).then_some(text)
    };
    handle.waits(data_of).into_iter().filter_map(mine).collect()
}

#[test]
fn each_wait_is_listed_with_its_waker_until_it_is_over() {
    on_every_backend(|l| {
        let handle = l.handle();
        let _current = handle.enter();
        let (ours, mut theirs) = socket_pair();
        fill(&ours);
        let number = ours.as_raw_fd();
        let fd = AsyncFd::new(ours).unwrap();
        let (one, other) = (Waker::from(Arc::new(Nobody)), Waker::from(Arc::new(Nobody)));

        let mut poller = Context::from_waker(&one);
        assert!(fd.poll_read_ready(&mut poller).is_pending());
        assert!(fd.poll_write_ready(&mut poller).is_pending());
        let mut both = Box::pin(fd.ready(Interest::READABLE | Interest::PRIORITY));
        assert!(
            both.as_mut()
                .poll(&mut Context::from_waker(&other))
                .is_pending()
        );
        let mut sleep = Box::pin(Sleep::until(Instant::now() + Duration::from_secs(100)));
        assert!(
            sleep
                .as_mut()
                .poll(&mut Context::from_waker(&other))
                .is_pending()
        );

        let readable = format!("fd {number} to be READABLE");
        let writable = format!("fd {number} to be WRITABLE");
        assert_eq!(listed(&handle, &one), [readable, writable.clone()]);
        let either = format!("fd {number} to be READABLE | PRIORITY");
        assert_eq!(listed(&handle, &other), [either, "a timer".to_owned()]);

        std::io::Write::write_all(&mut theirs, &[1]).unwrap();
        while !listed(&handle, &other).iter().all(|wait| wait == "a timer") {
            l.turn(Turn::Wait);
        }
        assert_eq!(listed(&handle, &one), [writable], "that is not what came");
        drop(sleep);
        assert!(listed(&handle, &other).is_empty());
        drop(both);
    });
}

#[test]
fn a_wait_that_was_given_up_is_not_listed_and_strangers_are_left_out() {
    on_every_backend(|l| {
        let handle = l.handle();
        let _current = handle.enter();
        let (ours, _theirs) = socket_pair();
        let fd = AsyncFd::new(ours).unwrap();
        let mut readable = task::spawn(fd.readable());
        assert_pending!(readable.poll());
        assert_eq!(handle.waits(data_of).len(), 1);
        let stranger = |_: &Waker| None::<()>;
        assert!(handle.waits(stranger).is_empty());
        drop(readable);
        assert!(handle.waits(data_of).is_empty());
    });
}

#[test]
fn a_timer_says_how_far_off_it_is_by_the_clock_of_the_reactor() {
    on_every_backend(|l| {
        let handle = l.handle();
        let _current = handle.enter();
        assert!(handle.pause_clock());
        let mut sleep = task::spawn(Sleep::until(Instant::now() + Duration::from_secs(5)));
        assert_pending!(sleep.poll());
        handle.advance_clock(Duration::from_secs(2));
        let [(_, wait)] = handle.waits(data_of)[..] else {
            panic!("one timer")
        };
        let due_in = Duration::from_secs(3);
        assert_eq!(wait, Wait::Timer { due_in });
        assert_eq!(wait.to_string(), "a timer due in 3.0s");
    });
}
