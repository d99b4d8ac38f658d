//! A backend that loses completions, which no present kernel does.

#![expect(clippy::print_stdout, reason = "a skip says why")]

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use tokio_test::{assert_pending, assert_ready_ok, task};

use super::*;
use crate::AsyncFd;
use crate::backend::rung::Rung;
use crate::driver::Choice;

fn lose(reactor: &Reactor) {
    if let Backend::Uring(uring) = &mut *reactor.local.backend.borrow_mut() {
        uring.pretend_loss();
    }
}

/// Whether this kernel can.
fn cancel_all(reactor: &Reactor) -> bool {
    match &mut *reactor.local.backend.borrow_mut() {
        Backend::Uring(uring) => uring.cancel_behind_our_back(),
        Backend::Epoll(_) => false,
    }
}

fn pair() -> (UnixStream, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    (ours, theirs)
}

#[test]
fn lost_completions_are_made_up_for_by_a_larger_ring_and_at_last_by_epoll() {
    let options = Options::new()
        .choice(Choice::IoUring)
        .top_rung(Rung::F)
        .entries(8);
    let mut reactor = match Reactor::new(options) {
        Ok(reactor) => reactor,
        Err(error) => return println!("skipped: {error}"),
    };
    let _current = reactor.handle().enter();
    let sockets: Vec<_> = (0..40).map(|_| pair()).collect();
    let fds: Vec<_> = sockets
        .iter()
        .map(|(ours, _)| AsyncFd::new(ours).unwrap())
        .collect();
    for round in 0_u64.. {
        let is_ring = reactor.driver().rung.is_some();
        let entries = reactor.driver().sq_entries;
        let mut waiting: Vec<_> = fds.iter().map(|fd| task::spawn(fd.readable())).collect();
        for reader in &mut waiting {
            assert_pending!(reader.poll());
        }
        reactor.turn(Turn::Poll).unwrap();
        // Half of the completions are there, and are handed out by the same wait that finds the loss.
        for (_, theirs) in sockets.iter().step_by(2) {
            (&*theirs).write_all(b"x").unwrap();
        }
        lose(&reactor);
        for _ in 0..10 {
            reactor.turn(Turn::Poll).unwrap();
        }
        for (_, theirs) in sockets.iter().skip(1).step_by(2) {
            (&*theirs).write_all(b"x").unwrap();
        }
        for reader in &mut waiting {
            while !reader.is_woken() {
                reactor.turn(Turn::Wait).unwrap();
            }
            let mut guard = assert_ready_ok!(reader.poll());
            let read = guard.try_io(|fd| (&mut &**fd.get_ref()).read(&mut [0; 8]));
            assert_eq!(read.unwrap().unwrap(), 1);
            guard.clear_ready();
        }
        if !is_ring {
            break;
        }
        assert_eq!(reactor.handle().metrics().backend_switches, round + 1);
        assert!(reactor.driver().sq_entries > entries || reactor.driver().rung.is_none());
    }
}

#[test]
fn a_ring_that_may_not_grow_goes_on_and_loses_nothing() {
    for rung in [Rung::A, Rung::D, Rung::E] {
        let mut options = Options::new()
            .choice(Choice::IoUring)
            .top_rung(rung)
            .entries(2);
        options.most_entries = 2;
        let mut reactor = match Reactor::new(options) {
            Ok(reactor) => reactor,
            Err(error) => {
                println!("skipped on rung {}: {error}", rung.name());
                continue;
            }
        };
        let _current = reactor.handle().enter();
        let sockets: Vec<_> = (0..100).map(|_| pair()).collect();
        let fds: Vec<_> = sockets
            .iter()
            .map(|(ours, _)| AsyncFd::new(ours).unwrap())
            .collect();
        let mut waiting: Vec<_> = fds.iter().map(|fd| task::spawn(fd.readable())).collect();
        for reader in &mut waiting {
            assert_pending!(reader.poll());
        }
        reactor.turn(Turn::Poll).unwrap();
        for (_, theirs) in &sockets {
            (&*theirs).write_all(b"x").unwrap();
        }
        while !waiting.iter().all(|reader| reader.is_woken()) {
            reactor.turn(Turn::Wait).unwrap();
        }
        let metrics = reactor.handle().metrics();
        assert!(metrics.overflows > 3, "{metrics:?}");
        assert_eq!((metrics.ring_growths, metrics.backend_switches), (0, 0));
        assert_eq!(reactor.driver().sq_entries, 2);
    }
}

#[test]
fn polls_that_were_cancelled_behind_our_back_are_armed_again() {
    for rung in [Rung::A, Rung::B, Rung::C] {
        let options = Options::new().choice(Choice::IoUring).top_rung(rung);
        let mut reactor = match Reactor::new(options) {
            Ok(reactor) => reactor,
            Err(error) => {
                println!("skipped on rung {}: {error}", rung.name());
                continue;
            }
        };
        let _current = reactor.handle().enter();
        let (ours, theirs) = pair();
        let ours = AsyncFd::new(ours).unwrap();
        let mut reader = task::spawn(ours.readable());
        assert_pending!(reader.poll());
        reactor.turn(Turn::Poll).unwrap();
        if !cancel_all(&reactor) {
            println!("skipped on rung {}: nothing cancels all there", rung.name());
            continue;
        }
        for _ in 0..3 {
            reactor.turn(Turn::Poll).unwrap();
        }
        assert!(!reader.is_woken(), "nothing has happened");
        (&theirs).write_all(b"x").unwrap();
        while !reader.is_woken() {
            reactor.turn(Turn::Wait).unwrap();
        }
        assert_eq!(ours.registration(), crate::Route::Ring);
        // The wake-up poll was cancelled, too.
        let unparker = reactor.handle().unparker();
        let waker = std::thread::spawn(move || unparker.wake());
        reactor.turn(Turn::Wait).unwrap();
        waker.join().unwrap();
    }
}

#[test]
fn a_child_knows_nothing_of_the_loss_of_its_parents_backend() {
    let mut reactor = Reactor::new(Options::new()).unwrap();
    reactor.loss = Some(io::Error::from_raw_os_error(libc::EBADF));
    // What the first turn of a child does; no fork is needed for it.
    reactor.rebuild_in_child().unwrap();
    reactor.turn(Turn::Poll).unwrap();
    assert_eq!(reactor.handle().metrics().backend_switches, 0);
}

#[test]
fn a_loss_that_comes_again_stands_in_the_report_once() {
    let mut options = Options::new().choice(Choice::IoUring).entries(2);
    options.most_entries = 2;
    let mut reactor = match Reactor::new(options) {
        Ok(reactor) => reactor,
        Err(error) => return println!("skipped: {error}"),
    };
    for _ in 0..3 {
        let loss = io::Error::from_raw_os_error(libc::EBADR);
        reactor.replace_backend(loss).unwrap();
    }
    let refused = &reactor.driver().refused;
    let losses = refused
        .iter()
        .filter(|refusal| refusal.errno == Some(libc::EBADR));
    assert_eq!(losses.count(), 1, "{refused:?}");
}
