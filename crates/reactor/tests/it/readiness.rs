//! Readiness reaches who waits for it.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant as StdInstant};

use parking_lot::Mutex;
use uring_reactor::{AsyncFd, Instant, Interest, Options, Sleep, Turn};

use crate::support::{Loop, fill, on_every_backend, on_every_backend_with, read_byte, socket_pair};

#[test]
fn a_byte_that_arrives_ends_the_wait() {
    on_every_backend(|l| {
        let (ours, mut theirs) = socket_pair();
        let _current = l.handle().enter();
        let ours = AsyncFd::new(ours).unwrap();
        for byte in 0..200 {
            theirs.write_all(&[byte]).unwrap();
            assert_eq!(l.block_on(read_byte(&ours)).unwrap(), Some(byte));
        }
        drop(theirs);
        assert_eq!(l.block_on(read_byte(&ours)).unwrap(), None, "the end");
    });
}

/// Notes its name when it is woken.
struct Noting {
    name: &'static str,
    order: Arc<Mutex<Vec<&'static str>>>,
}

impl Wake for Noting {
    fn wake(self: Arc<Self>) {
        self.order.lock().push(self.name);
    }
}

/// Two streams, and the order in which they are woken.
struct Pair {
    order: Arc<Mutex<Vec<&'static str>>>,
    patient: AsyncFd<UnixStream>,
    sends_once: UnixStream,
    busy: AsyncFd<UnixStream>,
    sends_always: UnixStream,
}

impl Pair {
    fn new() -> Pair {
        let (patient, sends_once) = socket_pair();
        let (busy, sends_always) = socket_pair();
        Pair {
            order: Arc::default(),
            patient: AsyncFd::new(patient).unwrap(),
            sends_once,
            busy: AsyncFd::new(busy).unwrap(),
            sends_always,
        }
    }

    fn ask(&self, name: &'static str, fd: &AsyncFd<UnixStream>) {
        let order = Arc::clone(&self.order);
        let waker = Waker::from(Arc::new(Noting { name, order }));
        let asked = fd.poll_read_ready(&mut Context::from_waker(&waker));
        assert!(asked.is_pending(), "{name}");
    }

    fn until_both(&self, l: &mut Loop) -> Vec<&'static str> {
        l.until("both", || self.order.lock().len() == 2);
        std::mem::take(&mut self.order.lock())
    }
}

/// With requests that are done with their first event, and with those that stay.
fn on_every_backend_both_ways(test: impl Fn(&mut Loop)) {
    for after in [None, Some(0)] {
        on_every_backend_with(|options: Options| options.multishot_after(after), &test);
    }
}

#[test]
fn who_has_waited_comes_before_who_finds_something_at_once() {
    on_every_backend_both_ways(|l| {
        let _current = l.handle().enter();
        let mut pair = Pair::new();
        pair.sends_always.write_all(&[0]).unwrap();
        pair.ask("patient", &pair.patient);
        l.turn(Turn::Poll);
        assert!(pair.order.lock().is_empty(), "{}: nothing came", l.name);
        pair.sends_once.write_all(&[0]).unwrap();
        pair.ask("busy", &pair.busy);
        assert_eq!(pair.until_both(l), ["patient", "busy"], "{}", l.name);
    });
}

#[test]
fn who_has_waited_comes_before_who_has_just_been_woken() {
    on_every_backend_both_ways(|l| {
        let _current = l.handle().enter();
        let mut pair = Pair::new();
        pair.ask("patient", &pair.patient);
        pair.ask("busy", &pair.busy);
        l.turn(Turn::Poll);
        pair.sends_always.write_all(&[0]).unwrap();
        l.until("the busy one", || pair.order.lock().len() == 1);
        pair.order.lock().clear();
        let read = pair.busy.try_io(Interest::READABLE, |mut fd| {
            fd.read_exact(&mut [0])?;
            fd.read(&mut [0])
        });
        assert!(read.is_err(), "{}: no more than one byte", l.name);
        pair.ask("busy", &pair.busy);
        pair.sends_always.write_all(&[0]).unwrap();
        pair.sends_once.write_all(&[0]).unwrap();
        let order = pair.until_both(l);
        if !l.is_epoll() {
            assert_eq!(order, ["patient", "busy"], "{}", l.name);
        }
    });
}

#[test]
fn a_writer_waits_until_there_is_room() {
    on_every_backend(|l| {
        let (ours, mut theirs) = socket_pair();
        let _current = l.handle().enter();
        let filled = fill(&ours);
        let ours = AsyncFd::new(ours).unwrap();
        let reader = std::thread::spawn(move || {
            let mut all = vec![0; filled];
            theirs.read_exact(&mut all).unwrap();
            theirs
        });
        l.block_on(async {
            ours.writable().await.unwrap().retain_ready();
        });
        drop(reader.join().unwrap());
    });
}

#[test]
fn a_timer_fires_and_not_early() {
    on_every_backend(|l| {
        let start = StdInstant::now();
        // sleep: the accuracy of the timer is what is tested.
        l.block_on(async { Sleep::until(Instant::now() + Duration::from_micros(1500)).await });
        assert!(start.elapsed() >= Duration::from_micros(1500));
    });
}
