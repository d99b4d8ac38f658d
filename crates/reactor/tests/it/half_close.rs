//! A writer with a full buffer whose peer has ended its own half: neither a spin nor a lost wake.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::AsFd;

use uring_reactor::{AsyncFd, Turn};

use crate::support::{Loop, fill, on_every_backend, socket_pair, tcp_pair};

/// Turns the loop may take while nothing changes for the writer.
const FEW: u64 = 50;

fn writer_waits_quietly(l: &mut Loop, ours: &AsyncFd<impl AsFd>, drain: impl FnOnce() + Send) {
    let mut writer = l.park(ours.writable());
    l.settle();
    assert!(!writer.is_woken(), "{}: there is no room", l.name);
    let before = l.handle().metrics();
    // The loop may sleep all the time until this thread ends its sleep.
    let unparker = l.handle().unparker();
    for _ in 0..10 {
        let unparker = unparker.clone();
        let waker = std::thread::spawn(move || unparker.wake());
        l.turn(Turn::Wait);
        waker.join().unwrap();
    }
    let after = l.handle().metrics();
    assert!(after.turns - before.turns < FEW);
    assert!(after.completions - before.completions < FEW, "{}", l.name);
    assert!(!writer.is_woken(), "{}: there is still no room", l.name);
    std::thread::scope(|scope| {
        scope.spawn(drain);
        let ready = l.next("room", &mut writer);
        assert!(ready.is_ready());
    });
    let turns = l.handle().metrics().turns - before.turns;
    assert!(turns < FEW + 100, "{}: {turns} turns", l.name);
}

#[test]
fn over_unix_the_writer_sleeps_until_the_peer_drains() {
    on_every_backend(|l| {
        let (ours, mut theirs) = socket_pair();
        let _current = l.handle().enter();
        let filled = fill(&ours);
        theirs.shutdown(Shutdown::Write).unwrap();
        let ours = AsyncFd::new(ours).unwrap();
        writer_waits_quietly(l, &ours, move || {
            theirs.read_exact(&mut vec![0; filled]).unwrap();
        });
    });
}

#[test]
fn over_tcp_the_writer_sleeps_until_the_peer_drains() {
    on_every_backend(|l| {
        let (ours, mut theirs) = tcp_pair();
        let _current = l.handle().enter();
        let mut filled = 0;
        while let Ok(count) = (&ours).write(&[7; 65_536]) {
            filled += count;
        }
        theirs.shutdown(Shutdown::Write).unwrap();
        let ours = AsyncFd::new(ours).unwrap();
        writer_waits_quietly(l, &ours, move || {
            theirs.read_exact(&mut vec![0; filled]).unwrap();
        });
    });
}

#[test]
fn the_half_close_may_come_while_the_writer_waits() {
    on_every_backend(|l| {
        let (ours, mut theirs) = socket_pair();
        let _current = l.handle().enter();
        let filled = fill(&ours);
        let ours = AsyncFd::new(ours).unwrap();
        let early = l.park(ours.writable());
        theirs.shutdown(Shutdown::Write).unwrap();
        l.settle();
        assert!(!early.is_woken());
        drop(early);
        let mut reader = tokio_test::task::spawn(ours.readable());
        if reader.poll().is_pending() {
            assert!(l.next("the end of the reads", &mut reader).is_ready());
        }
        writer_waits_quietly(l, &ours, move || {
            theirs.read_exact(&mut vec![0; filled]).unwrap();
        });
    });
}
