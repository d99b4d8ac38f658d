//! The shortcut of TCP reads: a short one has emptied the socket, unless urgent data stopped it.

use std::future::poll_fn;
use std::io::{Read, Write};
use std::net::TcpStream;

use rustix::net::SendFlags;
use uring_reactor::{AsyncFd, Interest};

use crate::support::{Loop, on_every_backend, tcp_pair};

const INTEREST: Interest = Interest::READABLE
    .add(Interest::WRITABLE)
    .add(Interest::PRIORITY);

/// Reads until this many bytes have come, and counts the calls that it took.
fn read_all(l: &mut Loop, fd: &AsyncFd<TcpStream>, wanted: usize) -> usize {
    let mut calls = 0;
    let mut total = 0;
    while total < wanted {
        let read = poll_fn(|cx| {
            fd.poll_read_tcp(cx, 64, |mut fd| {
                calls += 1;
                fd.read(&mut [0; 64])
            })
        });
        total += l.block_on(read).unwrap();
    }
    calls
}

#[test]
fn a_tcp_read_that_stops_at_urgent_data_leaves_nothing_behind() {
    on_every_backend(|l| {
        let (ours, mut theirs) = tcp_pair();
        let _current = l.handle().enter();
        let ours = AsyncFd::with_interest(ours, INTEREST).unwrap();
        for _ in 0..3 {
            let mut reader = l.park(ours.readable());
            theirs.write_all(b"before").unwrap();
            rustix::net::send(&theirs, b"!", SendFlags::OOB).unwrap();
            theirs.write_all(b"after").unwrap();
            drop(l.next("data", &mut reader));
            drop(reader);
            read_all(l, &ours, 11);
            // What the wait above has left known to be ready is used up by a read that would block.
            let _ = ours.try_io(Interest::READABLE, |mut fd| fd.read(&mut [0; 64]));
        }
    });
}

#[test]
fn a_short_tcp_read_is_followed_by_a_wait_and_not_by_a_vain_call() {
    on_every_backend(|l| {
        let (ours, mut theirs) = tcp_pair();
        let _current = l.handle().enter();
        let ours = AsyncFd::with_interest(ours, INTEREST).unwrap();
        theirs.write_all(b"first").unwrap();
        read_all(l, &ours, 5);
        for _ in 0..10 {
            let waker = std::task::Waker::noop();
            let mut cx = std::task::Context::from_waker(waker);
            let mut vain = 0;
            let poll = ours.poll_read_tcp(&mut cx, 64, |_| {
                vain += 1;
                Err(std::io::ErrorKind::WouldBlock.into())
            });
            assert!(poll.is_pending());
            assert_eq!(vain, 0, "{}: nothing is left to read", l.name);
            theirs.write_all(b"next").unwrap();
            assert_eq!(read_all(l, &ours, 4), 1, "{}", l.name);
        }
    });
}
