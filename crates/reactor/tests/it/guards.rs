//! Readiness stays until it is used up, and what comes meanwhile is not cleared with it.

use std::io::{self, Read, Write};

use tokio_test::{assert_pending, assert_ready_ok, task};
use uring_reactor::{AsyncFd, Interest, Ready, Turn};

use crate::support::{on_every_backend, socket_pair};

#[test]
fn readiness_that_is_retained_is_found_by_the_next_wait() {
    on_every_backend(|l| {
        let (ours, mut theirs) = socket_pair();
        let _current = l.handle().enter();
        let ours = AsyncFd::new(ours).unwrap();
        theirs.write_all(b"x").unwrap();
        let mut reader = l.await_read(&ours);
        reader.retain_ready();
        let turns = l.handle().metrics().turns;
        let mut again = task::spawn(ours.readable());
        assert_ready_ok!(again.poll()).retain_ready();
        assert_eq!(l.handle().metrics().turns, turns);
    });
}

#[test]
fn readiness_that_is_cleared_has_to_be_reported_again() {
    on_every_backend(|l| {
        let (ours, mut theirs) = socket_pair();
        let _current = l.handle().enter();
        let ours = AsyncFd::new(ours).unwrap();
        theirs.write_all(b"x").unwrap();
        l.await_read(&ours).clear_ready();
        let mut again = task::spawn(ours.readable());
        assert_pending!(again.poll());
        // With edges, it takes a change.
        theirs.write_all(b"y").unwrap();
        assert_ready_ok!(l.next("the next byte", &mut again)).retain_ready();
    });
}

#[test]
fn clearing_one_kind_of_readiness_keeps_the_other() {
    on_every_backend(|l| {
        let (ours, mut theirs) = socket_pair();
        let _current = l.handle().enter();
        let ours = AsyncFd::new(ours).unwrap();
        theirs.write_all(b"x").unwrap();
        let both = Interest::READABLE | Interest::WRITABLE;
        drop(l.await_read(&ours));
        l.block_on(async { drop(ours.writable().await) });
        let mut guard = assert_ready_ok!(task::spawn(ours.ready(both)).poll());
        assert_eq!(guard.ready(), Ready::READABLE | Ready::WRITABLE);
        guard.clear_ready_matching(Ready::READABLE);
        assert_eq!(guard.ready(), Ready::WRITABLE);
        assert_pending!(task::spawn(ours.readable()).poll());
        assert_ready_ok!(task::spawn(ours.writable()).poll()).retain_ready();
    });
}

#[test]
fn an_event_that_came_after_the_guard_is_not_cleared_by_it() {
    on_every_backend(|l| {
        let (ours, mut theirs) = socket_pair();
        let _current = l.handle().enter();
        let ours = AsyncFd::new(ours).unwrap();
        theirs.write_all(b"x").unwrap();
        let mut old = l.await_read(&ours);
        // A second waiter's arm brings the second event, while the first guard still lives.
        (&mut ours.get_ref()).read_exact(&mut [0]).unwrap();
        l.await_read(&ours).clear_ready();
        let mut waiting = l.park(ours.readable());
        theirs.write_all(b"y").unwrap();
        l.until("the second byte", || waiting.is_woken());
        old.clear_ready();
        assert_ready_ok!(waiting.poll()).retain_ready();
        assert_ready_ok!(task::spawn(ours.readable()).poll()).retain_ready();
    });
}

#[test]
fn an_operation_that_would_block_clears_and_waits_anew() {
    on_every_backend(|l| {
        let (ours, mut theirs) = socket_pair();
        let _current = l.handle().enter();
        let ours = AsyncFd::new(ours).unwrap();
        theirs.write_all(b"x").unwrap();
        let mut guard = l.await_read(&ours);
        let read = guard.try_io(|fd| fd.get_ref().read(&mut [0; 8]));
        assert_eq!(read.unwrap().unwrap(), 1);
        guard
            .try_io(|fd| fd.get_ref().read(&mut [0; 8]))
            .expect_err("would block");
        assert_eq!(guard.ready(), Ready::EMPTY);
        let mut again = task::spawn(ours.readable());
        assert_pending!(again.poll());
        theirs.write_all(b"y").unwrap();
        assert_ready_ok!(l.next("the next byte", &mut again)).retain_ready();
    });
}

#[test]
fn try_io_works_only_on_what_is_known_and_clears_what_blocks() {
    on_every_backend(|l| {
        let (ours, mut theirs) = socket_pair();
        let _current = l.handle().enter();
        let mut ours = AsyncFd::new(ours).unwrap();
        theirs.write_all(b"x").unwrap();
        let unknown = ours.try_io(Interest::READABLE, |_| Ok(()));
        assert_eq!(unknown.unwrap_err().kind(), io::ErrorKind::WouldBlock);
        drop(l.await_read(&ours));
        let read = ours.try_io(Interest::READABLE, |mut fd| fd.read(&mut [0; 8]));
        assert_eq!(read.unwrap(), 1);
        let read = ours.try_io_mut(Interest::READABLE, |fd| fd.read(&mut [0; 8]));
        assert_eq!(read.unwrap_err().kind(), io::ErrorKind::WouldBlock);
        let cleared = ours.try_io(Interest::READABLE, |_| -> io::Result<()> {
            panic!("nothing is known to be ready")
        });
        assert_eq!(cleared.unwrap_err().kind(), io::ErrorKind::WouldBlock);
    });
}

#[test]
fn the_mutable_guards_give_the_object() {
    on_every_backend(|l| {
        let (ours, mut theirs) = socket_pair();
        let _current = l.handle().enter();
        let mut ours = AsyncFd::new(ours).unwrap();
        theirs.write_all(b"xy").unwrap();
        let byte = l.block_on(async {
            let mut guard = ours.readable_mut().await.unwrap();
            let mut byte = [0];
            let read = guard.try_io(|fd| fd.get_mut().read(&mut byte)).unwrap();
            assert_eq!(read.unwrap(), 1);
            assert_eq!(guard.get_inner_mut().read(&mut byte).unwrap(), 1);
            byte[0]
        });
        assert_eq!(byte, b'y');
        let wrote = l.block_on(ours.async_io_mut(Interest::WRITABLE, |fd| fd.write(b"z")));
        assert_eq!(wrote.unwrap(), 1);
        theirs.read_exact(&mut [0]).unwrap();
    });
}

#[test]
fn an_operation_is_repeated_until_it_does_not_block() {
    on_every_backend(|l| {
        let (ours, mut theirs) = socket_pair();
        let _current = l.handle().enter();
        let ours = AsyncFd::new(ours).unwrap();
        let mut calls = 0;
        let mut reader = task::spawn(ours.async_io(Interest::READABLE, |mut fd| {
            calls += 1;
            let mut pair = [0; 2];
            // Both bytes or none.
            rustix::net::recv(fd, &mut pair, rustix::net::RecvFlags::PEEK)?;
            if pair[1] == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            fd.read(&mut pair)
        }));
        assert_pending!(reader.poll());
        theirs.write_all(b"a").unwrap();
        assert_pending!(l.next("half of it", &mut reader));
        l.turn(Turn::Poll);
        if reader.is_woken() {
            // The level is checked when the direction is armed again.
            assert_pending!(reader.poll());
        }
        theirs.write_all(b"b").unwrap();
        let read = loop {
            if let std::task::Poll::Ready(read) = l.next("the rest", &mut reader) {
                break read;
            }
        };
        assert_eq!(read.unwrap(), 2);
        drop(reader);
        assert!(calls >= 2);
    });
}
