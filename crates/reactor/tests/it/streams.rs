//! Polled operations: the first try costs no arm, a short read costs no EAGAIN, and no data is left behind.

use std::cell::Cell;
use std::io::{self, IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::task::Poll;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};
use tokio_test::{assert_pending, assert_ready, task};
use uring_reactor::{AsyncFd, Turn};

use crate::support::{fill, on_every_backend, socket_pair, tcp_pair};

#[test]
fn the_first_operation_is_tried_without_an_arm() {
    on_every_backend(|l| {
        let (ours, mut theirs) = socket_pair();
        let _current = l.handle().enter();
        let ours = AsyncFd::new(ours).unwrap();
        theirs.write_all(b"early").unwrap();
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        let read = ours.poll_read_io(&mut cx, |mut fd| fd.read(&mut [0; 16]));
        assert_eq!(assert_ready!(read).unwrap(), 5);
        let written = ours.poll_write_io(&mut cx, |mut fd| fd.write(b"answer"));
        assert_eq!(assert_ready!(written).unwrap(), 6);
        l.settle();
        assert_eq!(l.handle().metrics().arms, 0, "{}", l.name);
    });
}

/// Reads of up to 16 bytes, one after the other, and how many calls they make.
fn counted_reads<'a>(
    fd: &'a AsyncFd<UnixStream>,
    calls: &'a Cell<u32>,
) -> task::Spawn<impl Future<Output = io::Result<usize>> + 'a> {
    task::spawn(std::future::poll_fn(move |cx| {
        fd.poll_read_stream(cx, 16, |mut fd| {
            calls.set(calls.get() + 1);
            fd.read(&mut [0; 16])
        })
    }))
}

#[test]
fn a_short_read_waits_without_asking_again() {
    on_every_backend(|l| {
        let (ours, mut theirs) = socket_pair();
        let _current = l.handle().enter();
        let ours = AsyncFd::new(ours).unwrap();
        let calls = Cell::new(0);
        let mut reader = counted_reads(&ours, &calls);
        theirs.write_all(b"short").unwrap();
        assert_eq!(assert_ready!(reader.poll()).unwrap(), 5);
        assert_pending!(reader.poll());
        l.settle();
        assert_eq!(calls.get(), 1, "{}", l.name);
        theirs.write_all(b"more").unwrap();
        let read = loop {
            if let Poll::Ready(read) = l.next("more", &mut reader) {
                break read;
            }
        };
        assert_eq!(read.unwrap(), 4);
    });
}

#[test]
fn a_short_write_waits_for_room() {
    on_every_backend(|l| {
        let (ours, mut theirs) = tcp_pair();
        let _current = l.handle().enter();
        let ours = AsyncFd::new(ours).unwrap();
        let mut sent = 0;
        let mut writer = task::spawn(std::future::poll_fn(|cx| {
            ours.poll_write_stream(cx, 1 << 20, |mut fd| fd.write(&vec![7; 1 << 20]))
        }));
        while let Poll::Ready(written) = writer.poll() {
            sent += written.unwrap();
        }
        l.settle();
        theirs.read_exact(&mut vec![0; sent]).unwrap();
        let written = loop {
            if let Poll::Ready(written) = l.next("room", &mut writer) {
                break written.unwrap();
            }
        };
        assert!(written > 0);
    });
}

/// Reads all that there is by short reads, waiting in between.
fn read_all(l: &mut crate::support::Loop, fd: &AsyncFd<impl AsFd>, wanted: usize) {
    let mut left = wanted;
    let mut reader = task::spawn(std::future::poll_fn(|cx| {
        let mut buffer = [0; 64];
        fd.poll_read_stream(cx, buffer.len(), |fd| {
            rustix::io::read(fd, &mut buffer).map_err(io::Error::from)
        })
    }));
    let mut read = reader.poll();
    while left > 0 {
        read = match read {
            Poll::Ready(count) => {
                left -= count.unwrap();
                reader.poll()
            }
            Poll::Pending => l.next("the rest of the data", &mut reader),
        };
    }
}

#[test]
fn a_read_that_stops_at_passed_fds_leaves_nothing_behind() {
    on_every_backend(|l| {
        let (ours, theirs) = socket_pair();
        let _current = l.handle().enter();
        let ours = AsyncFd::new(ours).unwrap();
        let mut reader = l.park(ours.readable());
        send_with_fd(&theirs, b"one");
        send_with_fd(&theirs, b"two");
        (&theirs).write_all(b"three").unwrap();
        drop(l.next("data", &mut reader));
        // Each read ends where fds were passed, although there is more.
        read_all(l, &ours, 11);
    });
}

fn send_with_fd(stream: &UnixStream, data: &[u8]) {
    let fds = [stream.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    assert!(control.push(SendAncillaryMessage::ScmRights(&fds)));
    let iov = [IoSlice::new(data)];
    rustix::net::sendmsg(stream, &iov, &mut control, SendFlags::empty()).unwrap();
}

#[test]
fn each_short_read_is_one_call() {
    on_every_backend(|l| {
        let (ours, mut theirs) = socket_pair();
        let _current = l.handle().enter();
        let ours = AsyncFd::new(ours).unwrap();
        let calls = Cell::new(0);
        let mut reader = counted_reads(&ours, &calls);
        for message in 1..=20 {
            theirs.write_all(b"short").unwrap();
            let mut read = reader.poll();
            while read.is_pending() {
                read = l.next("a message", &mut reader);
            }
            assert_eq!(assert_ready!(read).unwrap(), 5);
            assert_pending!(reader.poll());
            assert_eq!(calls.get(), message, "{}", l.name);
        }
    });
}

/// Without a sleep, and with this before each turn.
fn what_a_read_has_left_is_found(meanwhile: impl Fn(&AsyncFd<UnixStream>)) {
    on_every_backend(|l| {
        let (ours, theirs) = socket_pair();
        let _current = l.handle().enter();
        let ours = AsyncFd::new(ours).unwrap();
        let mut reader = l.park(ours.readable());
        send_with_fd(&theirs, b"one");
        (&theirs).write_all(b"two").unwrap();
        drop(l.next("data", &mut reader));
        let calls = Cell::new(0);
        let mut reader = counted_reads(&ours, &calls);
        assert_eq!(assert_ready!(reader.poll()).unwrap(), 3, "{}", l.name);
        let mut read = reader.poll();
        let mut turns = 0;
        while read.is_pending() {
            assert!(turns < 40, "{}: nobody has looked", l.name);
            meanwhile(&ours);
            l.turn(Turn::Poll);
            turns += 1;
            if reader.is_woken() {
                read = reader.poll();
            }
        }
        assert_eq!(assert_ready!(read).unwrap(), 3, "{}", l.name);
    });
}

#[test]
fn what_a_read_has_left_is_found_although_the_loop_never_sleeps() {
    what_a_read_has_left_is_found(|_| {});
}

#[test]
fn what_a_read_has_left_is_found_although_there_is_always_room_to_write() {
    what_a_read_has_left_is_found(|ours| {
        let mut writer = task::spawn(ours.writable());
        if let Poll::Ready(guard) = writer.poll() {
            // Asks again, and hears of it in the next turn.
            guard.unwrap().clear_ready();
            assert_pending!(task::spawn(ours.writable()).poll());
        }
    });
}

#[test]
fn a_read_that_stops_at_urgent_data_leaves_nothing_behind() {
    on_every_backend(|l| {
        let (ours, mut theirs) = tcp_pair();
        let _current = l.handle().enter();
        let ours = AsyncFd::new(ours).unwrap();
        let mut reader = l.park(ours.readable());
        theirs.write_all(b"before").unwrap();
        rustix::net::send(&theirs, b"!", SendFlags::OOB).unwrap();
        theirs.write_all(b"after").unwrap();
        drop(l.next("data", &mut reader));
        read_all(l, &ours, 11);
    });
}

#[test]
fn the_end_is_seen_after_a_short_read_that_came_with_it() {
    on_every_backend(|l| {
        let (ours, mut theirs) = socket_pair();
        let _current = l.handle().enter();
        let ours = AsyncFd::new(ours).unwrap();
        let mut waiting = l.park(ours.readable());
        theirs.write_all(b"last words").unwrap();
        drop(theirs);
        drop(l.next("data", &mut waiting));
        read_all(l, &ours, 10);
        let mut reader = task::spawn(std::future::poll_fn(|cx| {
            ours.poll_read_stream(cx, 64, |mut fd| fd.read(&mut [0; 64]))
        }));
        let mut end = reader.poll();
        while end.is_pending() {
            end = l.next("the end", &mut reader);
        }
        assert_eq!(assert_ready!(end).unwrap(), 0);
    });
}

#[test]
fn a_polled_write_waits_for_room_and_not_for_data() {
    on_every_backend(|l| {
        let (ours, mut theirs) = socket_pair();
        let _current = l.handle().enter();
        let filled = fill(&ours);
        let ours = AsyncFd::new(ours).unwrap();
        let mut writer = l.park(std::future::poll_fn(|cx| {
            ours.poll_write_io(cx, |mut fd| fd.write(b"x"))
        }));
        theirs.write_all(b"noise").unwrap();
        l.settle();
        assert!(!writer.is_woken(), "{}", l.name);
        theirs.read_exact(&mut vec![0; filled]).unwrap();
        assert_eq!(assert_ready!(l.next("room", &mut writer)).unwrap(), 1);
    });
}
