//! Polled on and dropped on other threads than the loop's.

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use tokio_test::{assert_pending, assert_ready_ok, task};
use uring_reactor::{AsyncFd, Interest, Turn};

use crate::support::{on_every_backend, read_byte, sees_end, socket_pair};

#[test]
fn a_drop_on_another_thread_makes_the_loop_take_the_arms_back() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        for _ in 0..50 {
            let (ours, theirs) = socket_pair();
            let ours = AsyncFd::new(ours).unwrap();
            drop(l.park(ours.readable()));
            std::thread::spawn(move || drop(ours)).join().unwrap();
            // The drop has notified the loop: this one does not sleep.
            l.turn(Turn::Wait);
            assert_eq!(sees_end(&theirs), Some(true), "{}", l.name);
        }
    });
}

#[test]
fn a_drop_on_another_thread_ends_the_sleep_of_the_loop() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        let (ours, theirs) = socket_pair();
        let ours = AsyncFd::new(ours).unwrap();
        drop(l.park(ours.readable()));
        let dropper = std::thread::spawn(move || drop(ours));
        let mut turns = 0..2;
        l.until("the notification", || turns.next() == Some(1));
        l.turn(Turn::Poll);
        dropper.join().unwrap();
        assert_eq!(sees_end(&theirs), Some(true), "{}", l.name);
    });
}

#[test]
fn a_drop_that_races_with_new_registrations_takes_its_arms_back() {
    on_every_backend(|l| {
        let handle = l.handle();
        let _current = handle.enter();
        let (send, receive) = mpsc::channel::<AsyncFd<UnixStream>>();
        let dropper = std::thread::spawn(move || receive.into_iter().for_each(drop));
        let mut peers = Vec::new();
        for _ in 0..2000 {
            let (ours, theirs) = socket_pair();
            let ours = AsyncFd::new(ours).unwrap();
            // Slots that become free right now are used again, and armed.
            assert_pending!(task::spawn(ours.readable()).poll());
            l.turn(Turn::Poll);
            send.send(ours).unwrap();
            peers.push(theirs);
        }
        drop(send);
        dropper.join().unwrap();
        l.turn(Turn::Wait);
        for (index, peer) in peers.iter().enumerate() {
            assert_eq!(sees_end(peer), Some(true), "{}: {index}", l.name);
        }
        assert_eq!(handle.metrics().sources, 0);
    });
}

#[test]
fn a_second_registration_dropped_elsewhere_leaves_the_first_one_alone() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        let (ours, mut theirs) = socket_pair();
        let ours = std::sync::Arc::new(ours);
        let first = AsyncFd::new(ArcFd(ours.clone())).unwrap();
        let second = AsyncFd::new(ArcFd(ours.clone())).unwrap();
        let mut reader = l.park(first.readable());
        drop(l.park(second.readable()));
        std::thread::spawn(move || drop(second)).join().unwrap();
        l.turn(Turn::Wait);
        theirs.write_all(b"x").unwrap();
        assert_ready_ok!(l.next("the byte", &mut reader)).retain_ready();
        (&*ours).read_exact(&mut [0]).unwrap();
        drop(reader);
        drop((first, ours));
        assert_eq!(sees_end(&theirs), Some(true), "{}", l.name);
    });
}

struct ArcFd(std::sync::Arc<UnixStream>);

impl AsFd for ArcFd {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[test]
fn what_another_thread_waits_for_is_armed_by_a_sleeping_loop() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        let (ours, mut theirs) = socket_pair();
        let ours = AsyncFd::new(ours).unwrap();
        let is_done = AtomicBool::new(false);
        let unparker = l.handle().unparker();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for round in 0..200 {
                    theirs.write_all(&[round]).unwrap();
                    let byte = block_on(read_byte(&ours));
                    assert_eq!(byte.unwrap(), Some(round));
                }
                is_done.store(true, Ordering::Release);
                unparker.wake();
            });
            l.until("the other thread's end", || is_done.load(Ordering::Acquire));
        });
    });
}

/// Polls on this thread, which sleeps until it is unparked.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = std::sync::Arc::new(Unpark(std::thread::current())).into();
    let mut cx = std::task::Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        std::thread::park();
    }
}

#[test]
fn many_threads_may_register_and_wait_and_drop_at_once() {
    on_every_backend(|l| {
        let handle = l.handle();
        let running = std::sync::atomic::AtomicUsize::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                let handle = handle.clone();
                let running = &running;
                scope.spawn(move || {
                    let _current = handle.enter();
                    for round in 0..100 {
                        let (ours, mut theirs) = socket_pair();
                        let ours = AsyncFd::new(ours).unwrap();
                        drop(task::spawn(ours.ready(Interest::WRITABLE)).poll());
                        theirs.write_all(&[round]).unwrap();
                        assert_eq!(block_on(read_byte(&ours)).unwrap(), Some(round));
                        drop(task::spawn(ours.writable()).poll());
                    }
                    running.fetch_sub(1, Ordering::AcqRel);
                    handle.unparker().wake();
                });
            }
            l.until("the other threads' end", || {
                running.load(Ordering::Acquire) == 0
            });
        });
        l.settle();
        assert_eq!(handle.metrics().sources, 0);
    });
}
