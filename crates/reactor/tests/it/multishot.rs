//! Poll requests for reading that stay armed.

use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rustix::event::{EventfdFlags, eventfd};
use tokio_test::{assert_pending, assert_ready_ok, task};
use uring_reactor::{AsyncFd, Instant, Interest, Options, Rung, Turn};

use crate::support::{Loop, on_every_backend, on_every_backend_with, socket_pair};

/// Whether the backend has such requests.
fn has_them(l: &Loop) -> bool {
    let is_deferred = l.reactor.driver().rung.is_some_and(|rung| rung <= Rung::B);
    is_deferred && !l.name.contains("no features")
}

/// With requests that stay from the third read on.
fn on_every_backend_staying(test: impl Fn(&mut Loop)) {
    on_every_backend_with(|options: Options| options.multishot_after(Some(2)), test);
}

/// Reads of up to 8 bytes, one after the other.
fn reads(fd: &AsyncFd<UnixStream>) -> task::Spawn<impl Future<Output = io::Result<usize>>> {
    task::spawn(poll_fn(|cx| {
        fd.poll_read_stream(cx, 8, |mut fd| fd.read(&mut [0; 8]))
    }))
}

#[test]
fn one_is_enough_for_many_events() {
    on_every_backend_staying(|l| {
        let _current = l.handle().enter();
        let (ours, mut theirs) = socket_pair();
        let ours = AsyncFd::new(ours).unwrap();
        let before = l.handle().metrics().arms;
        for round in 0..100 {
            let mut reader = l.park(ours.readable());
            theirs.write_all(&[round]).unwrap();
            let mut guard = assert_ready_ok!(l.next("the byte", &mut reader));
            let mut read = || guard.try_io(|fd| fd.get_ref().read(&mut [0; 8]));
            assert_eq!(read().unwrap().unwrap(), 1);
            assert!(read().is_err(), "{}: it would block", l.name);
        }
        let arms = l.handle().metrics().arms - before;
        let stays = has_them(l) || l.is_epoll();
        assert_eq!(arms <= 4, stays, "{}: {arms} arms", l.name);
        assert_eq!(ours.is_edge_triggered(), stays, "{}", l.name);
    });
}

#[test]
fn one_that_needs_a_look_for_each_event_is_taken_back() {
    on_every_backend_staying(|l| {
        let _current = l.handle().enter();
        let (ours, mut theirs) = socket_pair();
        let ours = AsyncFd::new(ours).unwrap();
        let mut reader = reads(&ours);
        let before = l.handle().metrics().arms;
        let mut was_edge = false;
        for _ in 0..30 {
            assert_pending!(reader.poll());
            // Sleeps, so that it looks at what the last read may have left.
            l.turn(Turn::WaitUntil(Instant::now() + Duration::from_millis(1)));
            was_edge |= ours.is_edge_triggered();
            theirs.write_all(&[0]).unwrap();
            assert_eq!(assert_ready_ok!(l.next("the byte", &mut reader)), 1);
        }
        let arms = l.handle().metrics().arms - before;
        if has_them(l) {
            assert!(was_edge && !ours.is_edge_triggered(), "{}", l.name);
            assert!(arms > 10, "{}: {arms} arms", l.name);
        } else {
            assert_eq!(was_edge, l.is_epoll(), "{}", l.name);
        }
    });
}

/// The requests of some streams, each of which gets a byte before each wait, and whether they stay in the end.
fn after_thirty_bytes(l: &mut Loop, streams: usize) -> (u64, bool) {
    let _current = l.handle().enter();
    let pairs: Vec<_> = (0..streams).map(|_| socket_pair()).collect();
    let (ours, mut theirs): (Vec<_>, Vec<_>) = pairs
        .into_iter()
        .map(|(ours, theirs)| (AsyncFd::new(ours).unwrap(), theirs))
        .unzip();
    let mut readers: Vec<_> = ours.iter().map(reads).collect();
    let before = l.handle().metrics().arms;
    for _ in 0..30 {
        readers
            .iter_mut()
            .for_each(|reader| assert_pending!(reader.poll()));
        l.turn(Turn::Poll);
        for peer in &mut theirs {
            peer.write_all(&[0]).unwrap();
        }
        // Without a sleep, so without a look at what the last read may have left.
        for _ in 0..1000 {
            if readers.iter().all(task::Spawn::is_woken) {
                break;
            }
            l.turn(Turn::Poll);
        }
        for reader in &mut readers {
            assert_eq!(assert_ready_ok!(reader.poll()), 1);
        }
    }
    let arms = l.handle().metrics().arms - before;
    (arms, ours.iter().all(AsyncFd::is_edge_triggered))
}

#[test]
fn one_that_is_alone_in_each_wait_is_taken_back() {
    on_every_backend_staying(|l| {
        let (arms, stays) = after_thirty_bytes(l, 1);
        assert_eq!(stays, l.is_epoll(), "{}", l.name);
        assert!(l.is_epoll() || arms > 20, "{}: {arms} arms", l.name);
    });
}

#[test]
fn those_that_share_each_wait_stay() {
    on_every_backend_staying(|l| {
        let (arms, stays) = after_thirty_bytes(l, 8);
        assert_eq!(stays, has_them(l) || l.is_epoll(), "{}", l.name);
        assert_eq!(arms <= 8 * 4, stays, "{}: {arms} arms", l.name);
    });
}

#[test]
fn one_that_nobody_hears_is_taken_back() {
    on_every_backend(|l| {
        if l.is_epoll() {
            return;
        }
        let _current = l.handle().enter();
        let (ours, mut theirs) = socket_pair();
        let ours = AsyncFd::new(ours).unwrap();
        let read = || ours.try_io(Interest::READABLE, |mut fd| fd.read(&mut [0; 8]));
        for _ in 0..20 {
            let mut reader = l.park(ours.readable());
            theirs.write_all(b"x").unwrap();
            assert_ready_ok!(l.next("a byte", &mut reader)).retain_ready();
            drop(reader);
            while read().is_ok() {}
        }
        assert_eq!(ours.is_edge_triggered(), has_them(l), "{}", l.name);
        let before = l.handle().metrics().completions;
        for _ in 0..50 {
            theirs.write_all(b"y").unwrap();
            l.turn(Turn::Poll);
        }
        let events = l.handle().metrics().completions - before;
        assert!(events <= 5, "{}: {events} events for nobody", l.name);
        let mut bytes = 0;
        while let Ok(read) = read() {
            bytes += read;
        }
        assert_eq!(bytes, 50, "{}: what came is there", l.name);
        let mut reader = l.park(ours.readable());
        theirs.write_all(b"z").unwrap();
        drop(assert_ready_ok!(l.next("the last", &mut reader)));
    });
}

/// Nothing slows down who writes to a counter: it has been woken at any moment.
#[test]
fn a_drop_under_a_busy_peer_takes_it_back_at_once() {
    let stays_at_once = |options: Options| options.multishot_after(Some(0));
    on_every_backend_with(stays_at_once, |l| {
        if !has_them(l) {
            return;
        }
        let _current = l.handle().enter();
        for _ in 0..20 {
            let counter = eventfd(0, EventfdFlags::NONBLOCK).unwrap();
            let peer = counter.try_clone().unwrap();
            let write = || rustix::io::write(&peer, &1_u64.to_ne_bytes()).unwrap();
            let ours = AsyncFd::with_interest(counter, Interest::READABLE).unwrap();
            drop(l.park(ours.readable()));
            assert!(ours.is_edge_triggered(), "{}", l.name);
            let before = l.handle().metrics();
            let writes = AtomicU64::new(0);
            let is_over = AtomicBool::new(false);
            thread::scope(|scope| {
                scope.spawn(|| {
                    while !is_over.load(Ordering::Relaxed) {
                        write();
                        writes.fetch_add(1, Ordering::Relaxed);
                    }
                });
                while writes.load(Ordering::Relaxed) < 100 {
                    thread::yield_now();
                }
                drop(ours);
                is_over.store(true, Ordering::Relaxed);
            });
            let after = l.handle().metrics();
            let removals = after.cancels - before.cancels;
            let enters = after.enters - before.enters;
            assert_eq!((removals, enters), (1, 1), "{}", l.name);
            for _ in 0..20 {
                write();
                l.turn(Turn::Poll);
            }
            let stale = l.handle().metrics().stale_completions - after.stale_completions;
            assert_eq!(stale, 0, "{}: reports of what is gone", l.name);
        }
    });
}
