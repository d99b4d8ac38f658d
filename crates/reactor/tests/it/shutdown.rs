//! A reactor that goes away: what it held is free at once, and nobody waits for ever.

use std::io::Read;
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::sync::{Arc, mpsc};

use tokio_test::{assert_pending, assert_ready, task};
use uring_reactor::{AsyncFd, Choice, Interest, Options, Rung, Sleep, Turn};

use crate::support::{Loop, fill, has_rung, sees_end, socket_pair};

fn on_every_choice(test: impl Fn(Loop)) {
    for rung in Rung::ALL.into_iter().filter(|&rung| has_rung(rung)) {
        let options = Options::new().choice(Choice::IoUring).top_rung(rung);
        test(Loop::new(rung.name(), options));
    }
    test(Loop::new("epoll", Options::new().choice(Choice::Epoll)));
}

#[test]
fn a_reactor_dropped_with_armed_fds_lets_go_of_them_at_once() {
    on_every_choice(|mut l| {
        let handle = l.handle();
        let _current = handle.enter();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        let listener = AsyncFd::new(listener).unwrap();
        drop(l.park(listener.readable()));
        let (ours, theirs) = socket_pair();
        let filled = fill(&ours);
        let ours = AsyncFd::new(ours).unwrap();
        drop(l.park(ours.readable()));
        drop(l.park(ours.writable()));
        drop(l);
        drop((listener, ours));
        (&theirs).read_exact(&mut vec![0; filled]).unwrap();
        assert_eq!(sees_end(&theirs), Some(true));
        drop(TcpListener::bind(address).unwrap());
    });
}

#[test]
fn a_second_registration_does_not_outlive_its_reactor() {
    on_every_choice(|mut l| {
        let handle = l.handle();
        let _current = handle.enter();
        let (ours, theirs) = socket_pair();
        let first = AsyncFd::new(ours.as_fd()).unwrap();
        let second = AsyncFd::new(ours.as_fd()).unwrap();
        for fd in [&first, &second] {
            drop(l.park(fd.ready(Interest::PRIORITY)));
            drop(l.park(fd.readable()));
        }
        let name = l.name.clone();
        drop(l);
        drop((first, second));
        drop(ours);
        // The handle lives on, and holds no file.
        assert_eq!(sees_end(&theirs), Some(true), "{name}");
        drop(handle);
    });
}

#[test]
fn waiters_get_an_error_when_the_reactor_goes() {
    on_every_choice(|mut l| {
        let handle = l.handle();
        let _current = handle.enter();
        let (ours, _theirs) = socket_pair();
        let ours = AsyncFd::new(ours).unwrap();
        let mut armed = l.park(ours.readable());
        let mut queued = task::spawn(ours.ready(Interest::PRIORITY));
        assert_pending!(queued.poll());
        drop(l);
        assert!(armed.is_woken() && queued.is_woken());
        assert_ready!(armed.poll()).unwrap_err();
        assert_ready!(queued.poll()).unwrap_err();
        assert_ready!(task::spawn(ours.writable()).poll()).unwrap_err();
        AsyncFd::new(ours.get_ref().try_clone().unwrap()).unwrap_err();
    });
}

#[test]
fn a_waiter_on_another_thread_does_not_wait_for_ever() {
    on_every_choice(|mut l| {
        let handle = l.handle();
        let (ours, _theirs) = socket_pair();
        let ours = {
            let _current = handle.enter();
            Arc::new(AsyncFd::new(ours).unwrap())
        };
        let (waits, is_waiting) = mpsc::channel();
        let remote = ours.clone();
        let waiter = std::thread::spawn(move || {
            let mut reader = task::spawn(remote.readable());
            assert_pending!(reader.poll());
            waits.send(()).unwrap();
            while !reader.is_woken() {
                std::thread::yield_now();
            }
            assert_ready!(reader.poll()).map(|_| ()).unwrap_err();
        });
        is_waiting.recv().unwrap();
        l.turn(Turn::Wait);
        drop(l);
        waiter.join().unwrap();
    });
}

#[test]
fn timers_are_woken_when_the_reactor_goes() {
    on_every_choice(|l| {
        let handle = l.handle();
        let _current = handle.enter();
        let mut sleep = task::spawn(Sleep::until(uring_reactor::Instant::far_future()));
        assert_pending!(sleep.poll());
        drop(l);
        assert!(sleep.is_woken());
        drop(sleep);
        assert_eq!(handle.metrics().timers, 0);
    });
}

#[test]
fn two_reactors_on_one_thread_do_not_mix() {
    on_every_choice(|mut one| {
        let mut two = Loop::new("the other", Options::new());
        let (ours, theirs) = socket_pair();
        let (its, its_peer) = socket_pair();
        let ours = {
            let _current = one.handle().enter();
            AsyncFd::new(ours).unwrap()
        };
        let its = {
            let _current = two.handle().enter();
            AsyncFd::new(its).unwrap()
        };
        drop(one.park(ours.readable()));
        let mut reader = two.park(its.readable());
        drop(ours);
        assert_eq!(sees_end(&theirs), Some(true), "{}", one.name);
        drop(one);
        std::io::Write::write_all(&mut &its_peer, b"x").unwrap();
        assert!(two.next("the byte", &mut reader).is_ready());
        drop(reader);
        drop(its);
        assert_eq!(two.handle().metrics().sources, 0);
    });
}

#[test]
fn an_error_of_the_wait_does_not_keep_the_drop_from_ending() {
    on_every_choice(|mut l| {
        let handle = l.handle();
        let _current = handle.enter();
        let (ours, _theirs) = socket_pair();
        let ours = AsyncFd::new(ours).unwrap();
        let mut reader = l.park(ours.readable());
        handle.unparker().wake();
        drop(l);
        handle.unparker().wake();
        assert_ready!(reader.poll()).map(|_| ()).unwrap_err();
    });
}
