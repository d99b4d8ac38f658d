//! Readiness reaches who waits for it.

use std::io::{Read, Write};
use std::time::{Duration, Instant as StdInstant};

use uring_reactor::{AsyncFd, Instant, Sleep};

use crate::support::{fill, on_every_backend, read_byte, socket_pair};

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
