//! A waker is foreign code: it may register, wait and drop, when it is woken, cloned or dropped.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use uring_reactor::{AsyncFd, Instant, Interest, Sleep, Turn};

use crate::support::{on_every_backend, sees_end, socket_pair};

/// Drops what it holds when it is woken, or with itself.
struct Holder {
    held: Mutex<Vec<AsyncFd<UnixStream>>>,
    reaction: fn(&Holder),
}

impl Wake for Holder {
    fn wake(self: Arc<Self>) {
        (self.reaction)(&self);
    }
}

/// Registers, arms and drops.
fn meddle() {
    let (ours, theirs) = socket_pair();
    let ours = AsyncFd::new(ours).unwrap();
    let mut waiting = tokio_test::task::spawn(ours.ready(Interest::READABLE));
    assert!(waiting.poll().is_pending());
    drop(waiting);
    drop(ours);
    assert_eq!(sees_end(&theirs), Some(true));
}

fn holder(held: Vec<AsyncFd<UnixStream>>, reaction: fn(&Holder)) -> Waker {
    Waker::from(Arc::new(Holder {
        held: Mutex::new(held),
        reaction,
    }))
}

#[test]
fn a_wake_may_drop_and_register() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        let (ours, mut theirs) = socket_pair();
        let (other, its_peer) = socket_pair();
        let ours = AsyncFd::new(ours).unwrap();
        let other = AsyncFd::new(other).unwrap();
        drop(l.park(other.readable()));
        let waker = holder(vec![other], |holder| {
            holder.held.lock().unwrap().clear();
            meddle();
        });
        let mut cx = Context::from_waker(&waker);
        assert!(ours.poll_read_ready(&mut cx).is_pending());
        theirs.write_all(b"x").unwrap();
        l.until("the drop", || sees_end(&its_peer) == Some(true));
        // The same with a timer.
        let (other, its_peer) = socket_pair();
        let waker = holder(vec![AsyncFd::new(other).unwrap()], |holder| {
            holder.held.lock().unwrap().clear();
            meddle();
        });
        let mut sleep = Sleep::until(Instant::now() + Duration::from_micros(10));
        let poll = std::pin::Pin::new(&mut sleep).poll(&mut Context::from_waker(&waker));
        if poll == Poll::Pending {
            l.until("the timer", || sees_end(&its_peer) == Some(true));
        }
    });
}

#[test]
fn the_drop_of_a_waker_may_drop_and_register() {
    struct Last(Option<AsyncFd<UnixStream>>, UnixStream);
    impl Wake for Last {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for Last {
        fn drop(&mut self) {
            self.0.take();
            assert_eq!(sees_end(&self.1), Some(true));
            meddle();
        }
    }
    on_every_backend(|l| {
        let _current = l.handle().enter();
        let (ours, mut theirs) = socket_pair();
        let ours = AsyncFd::new(ours).unwrap();
        let last = |l: &mut crate::support::Loop| {
            let (other, its_peer) = socket_pair();
            let other = AsyncFd::new(other).unwrap();
            drop(l.park(other.ready(Interest::PRIORITY)));
            Waker::from(Arc::new(Last(Some(other), its_peer)))
        };
        let noop = Waker::noop();
        for _ in 0..3 {
            // Replaced by another one, dropped with the future, woken, dropped with the registration.
            let waker = last(l);
            assert!(
                ours.poll_read_ready(&mut Context::from_waker(&waker))
                    .is_pending()
            );
            drop(waker);
            assert!(
                ours.poll_read_ready(&mut Context::from_waker(noop))
                    .is_pending()
            );
            let waker = last(l);
            let mut waiting = Box::pin(ours.readable());
            assert!(
                waiting
                    .as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            );
            drop(waker);
            drop(waiting);
            let waker = last(l);
            let mut sleep = Sleep::until(Instant::far_future());
            let sleep = std::pin::Pin::new(&mut sleep);
            assert!(sleep.poll(&mut Context::from_waker(&waker)).is_pending());
        }
        let waker = last(l);
        assert!(
            ours.poll_read_ready(&mut Context::from_waker(&waker))
                .is_pending()
        );
        drop(waker);
        theirs.write_all(b"x").unwrap();
        l.until("the byte", || {
            ours.try_io(Interest::READABLE, |_| Ok(())).is_ok()
        });
        let waker = last(l);
        assert!(
            ours.poll_write_ready(&mut Context::from_waker(&waker))
                .is_pending()
                || l.is_epoll()
        );
        drop(waker);
        drop(ours);
        l.turn(Turn::Poll);
        assert_eq!(l.handle().metrics().sources, 0, "{}", l.name);
    });
}

#[test]
fn a_wake_at_the_end_of_the_reactor_may_drop() {
    let mut l = crate::support::Loop::new("best", uring_reactor::Options::new());
    let handle = l.handle();
    let _current = handle.enter();
    let (ours, theirs) = socket_pair();
    let (other, its_peer) = socket_pair();
    let ours = AsyncFd::new(ours).unwrap();
    let waker = holder(vec![AsyncFd::new(other).unwrap()], |holder| {
        holder.held.lock().unwrap().clear();
    });
    assert!(
        ours.poll_read_ready(&mut Context::from_waker(&waker))
            .is_pending()
    );
    l.turn(Turn::Poll);
    drop(l);
    assert_eq!(sees_end(&its_peer), Some(true));
    drop(ours);
    assert_eq!(sees_end(&theirs), Some(true));
}

/// Panics when it is woken, and when it is dropped without that.
struct Bomb {
    is_live: AtomicBool,
}

impl Bomb {
    fn waker() -> Waker {
        Waker::from(Arc::new(Bomb {
            is_live: AtomicBool::new(true),
        }))
    }

    fn go_off(&self) {
        if self.is_live.swap(false, Ordering::Relaxed) {
            panic!("a waker that panics");
        }
    }
}

impl Wake for Bomb {
    fn wake(self: Arc<Self>) {
        self.go_off();
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        self.go_off();
    }
}

#[test]
fn a_panic_in_a_wake_at_the_end_of_the_reactor_stays_there_and_the_others_are_woken() {
    let l = crate::support::Loop::new("best", uring_reactor::Options::new());
    let handle = l.handle();
    let _current = handle.enter();
    let streams = [(); 3].map(|()| socket_pair());
    let streams = streams.map(|(ours, theirs)| (AsyncFd::new(ours).unwrap(), theirs));
    for (ours, _) in &streams[..2] {
        let poll = ours.poll_read_ready(&mut Context::from_waker(&Bomb::waker()));
        assert!(poll.is_pending());
    }
    let mut last = tokio_test::task::spawn(streams[2].0.readable());
    assert!(last.poll().is_pending());
    // A reactor is dropped in an unwinding too, where a second panic would end the process.
    assert!(catch_unwind(AssertUnwindSafe(|| drop(l))).is_ok());
    assert!(last.is_woken());
}

#[test]
fn a_panic_in_the_drop_of_a_waker_leaves_no_poll_behind() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        let (ours, theirs) = socket_pair();
        let ours = AsyncFd::new(ours).unwrap();
        let poll = ours.poll_read_ready(&mut Context::from_waker(&Bomb::waker()));
        assert!(poll.is_pending());
        l.turn(Turn::Poll);
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(ours)));
        assert!(dropped.is_err(), "it is the caller's own panic");
        assert_eq!(sees_end(&theirs), Some(true), "{}", l.name);
    });
}
