//! What waits for one direction of an fd hears of that direction, and of ends and errors.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use rustix::net::{RecvFlags, SendFlags};
use tokio_test::{assert_pending, assert_ready_ok};
use uring_reactor::{AsyncFd, Interest, Turn};

use crate::support::{fill, on_every_backend, sees_end, socket_pair, tcp_pair};

#[test]
fn both_directions_of_one_fd_get_their_events() {
    on_every_backend(|l| {
        let (ours, mut theirs) = socket_pair();
        let _current = l.handle().enter();
        let filled = fill(&ours);
        let ours = AsyncFd::new(ours).unwrap();
        let mut reader = l.park(ours.readable());
        let mut writer = l.park(ours.writable());
        theirs.write_all(b"x").unwrap();
        let guard = assert_ready_ok!(l.next("the byte", &mut reader));
        assert!(guard.ready().is_readable());
        l.settle();
        assert!(!writer.is_woken(), "{}: there is no room yet", l.name);
        theirs.read_exact(&mut vec![0; filled]).unwrap();
        let guard = assert_ready_ok!(l.next("room", &mut writer));
        assert!(guard.ready().is_writable());
    });
}

#[test]
fn a_direction_that_joins_later_loses_nothing() {
    on_every_backend(|l| {
        let (ours, mut theirs) = socket_pair();
        let _current = l.handle().enter();
        let ours = AsyncFd::new(ours).unwrap();
        let mut reader = l.park(ours.readable());
        // The writer joins while the reader waits; the byte comes before its arm is submitted.
        let mut writer = tokio_test::task::spawn(ours.writable());
        assert!(writer.poll().is_pending() || l.is_epoll());
        theirs.write_all(b"x").unwrap();
        assert_ready_ok!(l.next("the byte", &mut reader)).retain_ready();
        if !l.is_epoll() {
            assert_ready_ok!(l.next("room", &mut writer)).retain_ready();
        }
    });
}

#[test]
fn all_waiters_of_an_event_are_woken_and_no_others() {
    on_every_backend(|l| {
        let (ours, mut theirs) = socket_pair();
        let _current = l.handle().enter();
        fill(&ours);
        let ours = AsyncFd::new(ours).unwrap();
        let both = Interest::READABLE | Interest::WRITABLE;
        let mut readers: Vec<_> = (0..5).map(|_| l.park(ours.readable())).collect();
        let mut mixed: Vec<_> = (0..5).map(|_| l.park(ours.ready(both))).collect();
        let mut writers: Vec<_> = (0..5).map(|_| l.park(ours.writable())).collect();
        theirs.write_all(b"x").unwrap();
        for reader in &mut readers {
            assert_ready_ok!(l.next("the byte, by a reader", reader)).retain_ready();
        }
        for waiter in &mut mixed {
            let guard = assert_ready_ok!(l.next("the byte, by both", waiter));
            assert!(guard.ready().is_readable() && !guard.ready().is_writable());
        }
        l.settle();
        for writer in &mut writers {
            assert!(!writer.is_woken(), "{}: there is no room", l.name);
            assert_pending!(writer.poll());
        }
    });
}

#[test]
fn a_hangup_wakes_both_directions() {
    on_every_backend(|l| {
        let (ours, theirs) = socket_pair();
        let _current = l.handle().enter();
        fill(&ours);
        let ours = AsyncFd::new(ours).unwrap();
        let mut reader = l.park(ours.readable());
        let mut writer = l.park(ours.writable());
        drop(theirs);
        let ready = assert_ready_ok!(l.next("the end, by the reader", &mut reader)).ready();
        assert!(ready.is_read_closed(), "{ready:?}");
        let ready = assert_ready_ok!(l.next("the end, by the writer", &mut writer)).ready();
        assert!(ready.is_write_closed(), "{ready:?}");
    });
}

#[test]
fn a_reset_wakes_both_directions_and_who_waits_for_errors() {
    on_every_backend(|l| {
        let (ours, theirs) = tcp_pair();
        let _current = l.handle().enter();
        while (&ours).write(&[7; 65_536]).is_ok() {}
        let ours = AsyncFd::new(ours).unwrap();
        let mut reader = l.park(ours.readable());
        let mut writer = l.park(ours.writable());
        let mut fearful = l.park(ours.ready(Interest::ERROR));
        // Closed with unread data: a reset.
        drop(theirs);
        assert_ready_ok!(l.next("the reset, by the reader", &mut reader)).retain_ready();
        assert_ready_ok!(l.next("the reset, by the writer", &mut writer)).retain_ready();
        let guard = assert_ready_ok!(l.next("the reset, as an error", &mut fearful));
        assert!(guard.ready().is_error());
    });
}

#[test]
fn who_registers_for_errors_alone_waits_and_hears_of_one() {
    on_every_backend(|l| {
        let (receiver, sender) = std::io::pipe().unwrap();
        let _current = l.handle().enter();
        let sender = AsyncFd::with_interest(sender, Interest::ERROR).unwrap();
        let mut fearful = l.park(sender.ready(Interest::ERROR));
        l.settle();
        assert!(!fearful.is_woken(), "{}: room is no error", l.name);
        drop(receiver);
        let guard = assert_ready_ok!(l.next("the broken pipe", &mut fearful));
        assert!(guard.ready().is_error());
    });
}

#[test]
fn a_wait_for_errors_does_not_spin_on_a_hangup() {
    on_every_backend(|l| {
        let (ours, theirs) = socket_pair();
        let _current = l.handle().enter();
        let ours = AsyncFd::new(ours).unwrap();
        let fearful = l.park(ours.ready(Interest::ERROR));
        theirs.shutdown(Shutdown::Both).unwrap();
        let before = l.handle().metrics().completions;
        l.settle();
        assert!(!fearful.is_woken());
        let completions = l.handle().metrics().completions - before;
        assert!(completions < 15, "{}: {completions} completions", l.name);
    });
}

#[test]
fn a_half_close_ends_the_reads_and_not_the_writes() {
    on_every_backend(|l| {
        let (ours, theirs) = tcp_pair();
        let _current = l.handle().enter();
        let ours = AsyncFd::new(ours).unwrap();
        let mut reader = l.park(ours.readable());
        theirs.shutdown(Shutdown::Write).unwrap();
        let mut guard = assert_ready_ok!(l.next("the end", &mut reader));
        assert!(guard.ready().is_read_closed());
        let end = guard.try_io(|fd| fd.get_ref().read(&mut [0; 8])).unwrap();
        assert_eq!(end.unwrap(), 0);
        l.block_on(async {
            let guard = ours.writable().await.unwrap();
            assert!(guard.ready().is_writable() && !guard.ready().is_write_closed());
        });
        (&mut ours.get_ref()).write_all(b"still there").unwrap();
        let mut heard = [0; 11];
        (&theirs).read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"still there");
    });
}

#[test]
fn urgent_data_wakes_who_waits_for_it_and_no_reader_for_good() {
    on_every_backend(|l| {
        let (ours, theirs) = tcp_pair();
        let _current = l.handle().enter();
        let all = Interest::READABLE | Interest::WRITABLE | Interest::PRIORITY;
        let ours = AsyncFd::with_interest(ours, all).unwrap();
        let mut urgent = l.park(ours.ready(Interest::PRIORITY));
        let mut reader = l.park(ours.async_io(Interest::READABLE, |mut fd| fd.read(&mut [0; 8])));
        for byte in [b"!", b"?"] {
            rustix::net::send(&theirs, byte, SendFlags::OOB).unwrap();
            let mut guard = assert_ready_ok!(l.next("the urgent byte", &mut urgent));
            assert!(guard.ready().is_priority());
            let mut seen = [0];
            rustix::net::recv(ours.get_ref(), &mut seen, RecvFlags::OOB).unwrap();
            assert_eq!(&seen, byte);
            guard.clear_ready();
            urgent = tokio_test::task::spawn(ours.ready(Interest::PRIORITY));
            assert_pending!(urgent.poll());
        }
        // The ring tells a reader of the wake-up, which came with urgent data alone: once each, not for ever.
        let before = l.handle().metrics().completions;
        for _ in 0..100 {
            l.turn(Turn::Poll);
            if reader.is_woken() {
                assert_pending!(reader.poll());
            }
        }
        let completions = l.handle().metrics().completions - before;
        assert!(completions < 5, "{}: {completions} completions", l.name);
        (&theirs).write_all(b"x").unwrap();
        while l.next("the ordinary byte", &mut reader).is_pending() {}
    });
}

#[test]
fn what_somebody_else_consumed_is_a_spurious_event_and_no_lost_one() {
    on_every_backend(|l| {
        let (ours, mut theirs) = socket_pair();
        let _current = l.handle().enter();
        let thief = ours.try_clone().unwrap();
        let ours = AsyncFd::new(ours).unwrap();
        for round in 0..20 {
            let mut reader = tokio_test::task::spawn(async {
                ours.async_io(Interest::READABLE, |mut fd| {
                    let mut byte = [0];
                    fd.read_exact(&mut byte).map(|()| byte[0])
                })
                .await
            });
            assert_pending!(reader.poll());
            l.turn(Turn::Poll);
            theirs.write_all(b"stolen").unwrap();
            (&thief).read_exact(&mut [0; 6]).unwrap();
            for _ in 0..5 {
                l.turn(Turn::Poll);
                if reader.is_woken() {
                    assert_pending!(reader.poll());
                }
            }
            theirs.write_all(&[round]).unwrap();
            let byte = loop {
                if let std::task::Poll::Ready(byte) = l.next("the byte", &mut reader) {
                    break byte.unwrap();
                }
            };
            assert_eq!(byte, round);
        }
    });
}

#[test]
fn a_dropped_wait_loses_no_event() {
    on_every_backend(|l| {
        let (ours, mut theirs) = socket_pair();
        let _current = l.handle().enter();
        let ours = AsyncFd::new(ours).unwrap();
        // Dropped before the arm, while armed, and with the event already there.
        drop(tokio_test::task::spawn(ours.readable()));
        let mut early = tokio_test::task::spawn(ours.readable());
        assert_pending!(early.poll());
        drop(early);
        drop(l.park(ours.readable()));
        let waiting = l.park(ours.readable());
        theirs.write_all(b"x").unwrap();
        l.settle();
        drop(waiting);
        let mut reader = tokio_test::task::spawn(ours.readable());
        if reader.poll().is_pending() {
            assert_ready_ok!(l.next("the byte", &mut reader)).retain_ready();
        }
        drop(reader);
        (&mut ours.get_ref()).read_exact(&mut [0]).unwrap();
        drop(ours);
        l.settle();
        assert_eq!(sees_end(&theirs), Some(true));
    });
}

#[test]
fn who_waits_is_woken_in_the_order_of_the_waits_whoever_leaves_or_stays() {
    struct Note(usize, Arc<Mutex<Vec<usize>>>);
    impl Wake for Note {
        fn wake(self: Arc<Self>) {
            self.1.lock().unwrap().push(self.0);
        }
    }
    on_every_backend(|l| {
        let _current = l.handle().enter();
        let (ours, mut theirs) = socket_pair();
        let ours = AsyncFd::new(ours).unwrap();
        let woken = Arc::new(Mutex::new(Vec::new()));
        let mut waits: Vec<_> = (0..7)
            .map(|number| {
                // Every second one waits for what does not come.
                let is_silent = number % 2 == 1;
                let interest = if is_silent {
                    Interest::PRIORITY
                } else {
                    Interest::READABLE
                };
                (
                    Waker::from(Arc::new(Note(number, woken.clone()))),
                    Box::pin(ours.ready(interest)),
                )
            })
            .collect();
        for _ in 0..2 {
            for (waker, wait) in &mut waits {
                assert!(
                    wait.as_mut()
                        .poll(&mut Context::from_waker(waker))
                        .is_pending()
                );
            }
        }
        drop(waits.remove(2));
        theirs.write_all(b"x").unwrap();
        l.until("the readers", || woken.lock().unwrap().len() >= 3);
        assert_eq!(*woken.lock().unwrap(), [0, 4, 6], "{}", l.name);
        // What stays can be found again, in its place.
        drop(waits.drain(1..3));
        l.turn(Turn::Poll);
    });
}
