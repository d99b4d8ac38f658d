//! `io::unix::AsyncFd`, its guards, `Interest` and `Ready`.

use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::task::Poll;

use crate::rt;
use crate::rt::io::unix::{AsyncFd, AsyncFdReadyGuard};
use crate::rt::io::{Interest, Ready};
use crate::rt::task::{spawn, yield_now};
use crate::support::{Log, panics};

fn pair() -> (AsyncFd<UnixStream>, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    (AsyncFd::new(ours).unwrap(), theirs)
}

fn read(fd: &AsyncFd<UnixStream>) -> io::Result<usize> {
    fd.get_ref().read(&mut [0; 64])
}

/// Whether a wait for `interest` is ready without anything happening.
async fn is_ready(fd: &AsyncFd<UnixStream>, interest: Interest) -> bool {
    let mut waits = std::pin::pin!(fd.ready(interest));
    // The first poll may have to ask the kernel, whose answer comes after a look at it.
    for _ in 0..3 {
        if poll_fn(|cx| Poll::Ready(waits.as_mut().poll(cx).is_ready())).await {
            return true;
        }
        yield_now().await;
    }
    false
}

#[rt::test]
async fn a_wait_ends_when_data_comes_and_try_io_reads_it() {
    let (fd, mut peer) = pair();
    assert!(!is_ready(&fd, Interest::READABLE).await);
    peer.write_all(b"abc").unwrap();
    let mut guard = fd.readable().await.unwrap();
    assert!(guard.ready().is_readable());
    assert_eq!(guard.try_io(read).unwrap().unwrap(), 3);
    assert!(guard.try_io(read).is_err(), "would block");
    assert!(
        !is_ready(&fd, Interest::READABLE).await,
        "and is cleared by that"
    );
}

#[rt::test]
async fn readiness_stays_until_it_is_cleared() {
    let (fd, mut peer) = pair();
    peer.write_all(b"abc").unwrap();
    fd.readable().await.unwrap().retain_ready();
    assert_eq!(read(&fd).unwrap(), 3);
    drop(fd.readable().await.unwrap());
    fd.readable().await.unwrap().clear_ready();
    assert!(!is_ready(&fd, Interest::READABLE).await);
    peer.write_all(b"d").unwrap();
    drop(fd.readable().await.unwrap());
}

#[rt::test]
async fn any_number_of_tasks_wait_for_one_direction_and_all_are_woken() {
    let (fd, mut peer) = pair();
    let (fd, log) = (Arc::new(fd), Log::default());
    let tasks: Vec<_> = (0..5)
        .map(|n| {
            let (fd, log) = (Arc::clone(&fd), log.clone());
            spawn(async move {
                fd.readable().await.unwrap().retain_ready();
                log.add(n.to_string());
            })
        })
        .collect();
    let writer = spawn({
        let fd = Arc::clone(&fd);
        async move { drop(fd.writable().await.unwrap()) }
    });
    writer.await.unwrap();
    assert!(log.lines().is_empty(), "write readiness wakes no reader");
    peer.write_all(b"x").unwrap();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(log.lines().len(), 5);
}

#[rt::test]
async fn a_guard_does_not_clear_what_came_after_it() {
    let (fd, mut peer) = pair();
    peer.write_all(b"abc").unwrap();
    let mut old = fd.readable().await.unwrap();
    assert_eq!(read(&fd).unwrap(), 3);
    let mut newer = fd.readable().await.unwrap();
    assert!(newer.try_io(read).is_err(), "drained, and cleared");
    peer.write_all(b"more").unwrap();
    drop(fd.readable().await.unwrap());
    old.clear_ready();
    assert!(
        is_ready(&fd, Interest::READABLE).await,
        "a new event has come since"
    );
}

#[rt::test]
async fn one_direction_is_cleared_without_the_other() {
    let (fd, mut peer) = pair();
    peer.write_all(b"abc").unwrap();
    let both = Interest::READABLE | Interest::WRITABLE;
    drop(fd.readable().await.unwrap());
    drop(fd.writable().await.unwrap());
    let mut guard = fd.ready(both).await.unwrap();
    assert_eq!(
        guard.ready() & (Ready::READABLE | Ready::WRITABLE),
        Ready::READABLE | Ready::WRITABLE
    );
    guard.clear_ready_matching(Ready::READABLE);
    assert_eq!(guard.ready(), Ready::WRITABLE);
    drop(fd.writable().await.unwrap());
    assert_eq!(read(&fd).unwrap(), 3);
    assert!(!is_ready(&fd, Interest::READABLE).await);
    assert!(is_ready(&fd, both).await, "ready for writing still");
}

#[rt::test]
async fn the_end_of_the_peer_is_read_closed_and_is_not_cleared() {
    let (fd, peer) = pair();
    peer.shutdown(std::net::Shutdown::Write).unwrap();
    let mut guard = fd.readable().await.unwrap();
    assert!(guard.ready().is_read_closed() && guard.ready().is_readable());
    guard.clear_ready();
    assert!(is_ready(&fd, Interest::READABLE).await, "final");
    drop(peer);
    assert_eq!(read(&fd).unwrap(), 0);
}

#[rt::test]
async fn a_closed_peer_ends_both_waits() {
    let (fd, peer) = pair();
    drop(peer);
    assert!(fd.readable().await.unwrap().ready().is_read_closed());
    assert!(fd.writable().await.unwrap().ready().is_write_closed());
}

#[rt::test]
async fn async_io_tries_until_it_does_not_block() {
    let (fd, mut peer) = pair();
    let fd = Arc::new(fd);
    let theirs = Arc::clone(&fd);
    let reader = spawn(async move {
        let mut calls = 0;
        let count = theirs
            .async_io(Interest::READABLE, |mut stream| {
                calls += 1;
                stream.read(&mut [0; 8])
            })
            .await;
        (count.unwrap(), calls)
    });
    yield_now().await;
    peer.write_all(b"abcd").unwrap();
    let (count, calls) = reader.await.unwrap();
    assert_eq!(count, 4);
    assert!(calls >= 1);
    let other = fd.async_io(Interest::WRITABLE, |_| {
        Err::<(), _>(io::ErrorKind::Other.into())
    });
    assert_eq!(other.await.unwrap_err().kind(), io::ErrorKind::Other);
}

#[rt::test]
async fn try_io_calls_only_what_is_known_to_be_ready() {
    let (fd, mut peer) = pair();
    yield_now().await;
    let mut calls = 0;
    let mut attempt = |fd: &AsyncFd<UnixStream>| {
        fd.try_io(Interest::READABLE, |mut stream| {
            calls += 1;
            stream.read(&mut [0; 8])
        })
    };
    assert_eq!(attempt(&fd).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    peer.write_all(b"ab").unwrap();
    fd.readable().await.unwrap().retain_ready();
    assert_eq!(attempt(&fd).unwrap(), 2);
    assert_eq!(attempt(&fd).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    assert_eq!(
        calls, 2,
        "once for the data, once to find that there is no more"
    );
}

#[rt::test]
async fn the_mutable_forms_give_the_object_mutably() {
    let (mut fd, mut peer) = pair();
    peer.write_all(b"abc").unwrap();
    let mut buffer = [0; 2];
    let mut guard = fd.readable_mut().await.unwrap();
    let read = guard.try_io(|fd| fd.get_mut().read(&mut buffer));
    assert_eq!(read.unwrap().unwrap(), 2);
    assert!(guard.get_inner_mut().peer_addr().is_ok());
    guard.retain_ready();
    let rest = fd.async_io_mut(Interest::READABLE, |stream| stream.read(&mut buffer));
    assert_eq!(rest.await.unwrap(), 1);
    let mut guard = fd.ready_mut(Interest::WRITABLE).await.unwrap();
    guard.clear_ready_matching(Ready::WRITABLE);
    assert!(fd.try_io_mut(Interest::WRITABLE, |_| Ok(())).is_err());
}

#[rt::test]
async fn the_poll_forms_hold_one_waker_a_direction() {
    let (fd, mut peer) = pair();
    let waits = poll_fn(|cx| fd.poll_read_ready(cx));
    let mut waits = std::pin::pin!(waits);
    assert!(poll_fn(|cx| Poll::Ready(waits.as_mut().poll(cx).is_pending())).await);
    let writable: AsyncFdReadyGuard<'_, _> = poll_fn(|cx| fd.poll_write_ready(cx)).await.unwrap();
    assert!(writable.ready().is_writable());
    peer.write_all(b"x").unwrap();
    assert!(waits.await.unwrap().ready().is_readable());
}

#[rt::test]
async fn a_dropped_wait_loses_nothing() {
    let (fd, mut peer) = pair();
    assert!(!is_ready(&fd, Interest::READABLE).await);
    peer.write_all(b"x").unwrap();
    yield_now().await;
    assert!(is_ready(&fd, Interest::READABLE).await);
    assert_eq!(read(&fd).unwrap(), 1);
}

#[rt::test]
async fn into_inner_ends_the_registration_and_gives_the_object() {
    let (fd, mut peer) = pair();
    let number = fd.as_raw_fd();
    assert!(!is_ready(&fd, Interest::READABLE).await);
    let stream = fd.into_inner();
    assert_eq!(stream.as_raw_fd(), number);
    let again = AsyncFd::with_interest(stream, Interest::READABLE).unwrap();
    peer.write_all(b"x").unwrap();
    drop(again.readable().await.unwrap());
    assert_eq!(again.get_ref().as_raw_fd(), number);
}

#[test]
fn outside_of_a_runtime_it_panics() {
    let (stream, _peer) = UnixStream::pair().unwrap();
    assert!(panics(|| AsyncFd::new(stream)));
}

#[test]
fn interests_add_and_remove() {
    let both = Interest::READABLE.add(Interest::WRITABLE);
    assert_eq!(both, Interest::READABLE | Interest::WRITABLE);
    assert!(both.is_readable() && both.is_writable());
    assert!(!both.is_priority() && !both.is_error());
    assert_eq!(both.remove(Interest::WRITABLE), Some(Interest::READABLE));
    assert_eq!(Interest::READABLE.remove(Interest::READABLE), None);
    assert!(Interest::PRIORITY.is_priority() && Interest::ERROR.is_error());
    let mut sum = Interest::READABLE;
    sum |= Interest::ERROR;
    assert!(sum.is_readable() && sum.is_error());
    assert_eq!(format!("{both:?}"), "READABLE | WRITABLE");
}

#[test]
fn readiness_is_a_set() {
    let mut ready = Ready::READABLE | Ready::WRITE_CLOSED;
    assert!(ready.is_readable() && ready.is_write_closed());
    assert!(
        ready.is_writable(),
        "what is closed can be written to, for the error"
    );
    assert!(!ready.is_read_closed() && !ready.is_priority() && !ready.is_error());
    ready |= Ready::PRIORITY | Ready::ERROR;
    assert_eq!(
        ready - Ready::WRITE_CLOSED,
        Ready::READABLE | Ready::PRIORITY | Ready::ERROR
    );
    assert_eq!(ready & Ready::PRIORITY, Ready::PRIORITY);
    assert!(Ready::EMPTY.is_empty() && !Ready::ALL.is_empty());
    assert_eq!(Ready::ALL - Ready::ALL, Ready::EMPTY);
    let text = format!("{:?}", Ready::READABLE);
    assert!(
        text.contains("is_readable: true") && text.contains("is_writable: false"),
        "{text}"
    );
}
