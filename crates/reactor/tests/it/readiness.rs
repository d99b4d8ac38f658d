//! Readiness reaches who waits for it.

use std::io::{Read, Write};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant as StdInstant};

use parking_lot::Mutex;
use uring_reactor::{AsyncFd, Instant, Options, Sleep, Turn};

use crate::support::{fill, on_every_backend, on_every_backend_with, read_byte, socket_pair};

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

#[test]
fn who_has_waited_comes_before_who_finds_something_at_once() {
    // A request that stays is made once in the life of an fd: it is not put in order.
    let change = |options: Options| options.multishot_after(None);
    on_every_backend_with(change, |l| {
        let (patient, mut sends_once) = socket_pair();
        let (busy, mut sends_always) = socket_pair();
        sends_always.write_all(&[0]).unwrap();
        let _current = l.handle().enter();
        let [patient, busy] = [patient, busy].map(|stream| AsyncFd::new(stream).unwrap());
        let order = Arc::new(Mutex::new(Vec::new()));
        let noting = |name| {
            let order = Arc::clone(&order);
            Waker::from(Arc::new(Noting { name, order }))
        };
        let (patient_waker, busy_waker) = (noting("patient"), noting("busy"));

        let mut waits = pin!(patient.readable());
        let mut context = Context::from_waker(&patient_waker);
        assert!(waits.as_mut().poll(&mut context).is_pending());
        l.turn(Turn::Poll);
        assert!(order.lock().is_empty(), "{}: nothing was sent", l.name);

        sends_once.write_all(&[0]).unwrap();
        let mut asks = pin!(busy.readable());
        let mut context = Context::from_waker(&busy_waker);
        assert!(asks.as_mut().poll(&mut context).is_pending());
        l.until("both", || order.lock().len() == 2);
        assert_eq!(*order.lock(), ["patient", "busy"], "{}", l.name);
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
