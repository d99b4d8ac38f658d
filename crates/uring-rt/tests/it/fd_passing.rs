//! Descriptors that travel with bytes.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, OwnedFd};

use futures_util::{AsyncReadExt, AsyncWriteExt, FutureExt};
use rustix::io::{FdFlags, fcntl_getfd};
use uring_rt::net::unix::Received;
use uring_rt::net::{UnixDatagram, UnixSeqpacket, UnixStream};
use uring_rt::task::yield_now;

use crate::support::for_each_backend;

/// Both ends of `count` pipes.
fn pipes(count: usize) -> (Vec<std::io::PipeReader>, Vec<OwnedFd>) {
    (0..count)
        .map(|_| std::io::pipe().unwrap())
        .map(|(reader, writer)| (reader, writer.into()))
        .unzip()
}

/// Whether the other ends of these pipes are closed everywhere.
fn are_closed(readers: Vec<std::io::PipeReader>) -> bool {
    readers.into_iter().all(|mut reader| {
        rustix::io::ioctl_fionbio(&reader, true).unwrap();
        matches!(reader.read(&mut [0; 1]), Ok(0))
    })
}

fn check_that_it_works(mut reader: std::io::PipeReader, mut received: Received) {
    assert!(!received.is_truncated);
    let fd = received.fds.remove(0);
    assert!(fcntl_getfd(&fd).unwrap().contains(FdFlags::CLOEXEC));
    File::from(fd).write_all(b"through").unwrap();
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, "through");
}

#[test]
fn a_descriptor_arrives_with_its_bytes_on_every_kind_of_socket() {
    for_each_backend(async || {
        let mut buffer = [0; 8];
        let (ours, theirs) = UnixStream::pair().unwrap();
        assert!(ours.recv_fds(&mut buffer, 1).now_or_never().is_none());
        let (mut readers, writers) = pipes(3);
        let mut writers = writers.into_iter();
        let mut next = || [writers.next().unwrap()];
        assert_eq!(theirs.send_fds(b"stream", &next()).await.unwrap(), 6);
        let received = ours.recv_fds(&mut buffer, 1).await.unwrap();
        assert_eq!(&buffer[..received.count], b"stream");
        check_that_it_works(readers.remove(0), received);

        let (ours, theirs) = UnixDatagram::pair().unwrap();
        assert_eq!(theirs.send_fds(b"", &next()).await.unwrap(), 0);
        let received = ours.recv_fds(&mut buffer, 1).await.unwrap();
        assert_eq!(received.count, 0);
        check_that_it_works(readers.remove(0), received);

        let (ours, theirs) = UnixSeqpacket::pair().unwrap();
        let receiver = uring_rt::spawn(async move { ours.recv_fds(&mut [0; 8], 4).await });
        yield_now().await;
        assert_eq!(theirs.send_fds(b"packet", &next()).await.unwrap(), 6);
        check_that_it_works(readers.remove(0), receiver.await.unwrap().unwrap());
    });
}

#[test]
fn descriptors_of_two_sends_do_not_mix() {
    for_each_backend(async || {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let (_readers, writers) = pipes(3);
        theirs.send_fds(b"one", &writers[..1]).await.unwrap();
        theirs.send_fds(b"two", &writers[1..]).await.unwrap();
        theirs.write_all(b"none").await.unwrap();
        let mut seen = Vec::new();
        let mut buffer = [0; 32];
        while seen.iter().map(|(count, _)| count).sum::<usize>() < 10 {
            let received = ours.recv_fds(&mut buffer, 8).await.unwrap();
            seen.push((received.count, received.fds.len()));
        }
        assert_eq!(seen[0], (3, 1));
        let rest: usize = seen[1..].iter().map(|(_, fds)| fds).sum();
        assert_eq!(rest, 2, "{seen:?}");
    });
}

#[test]
fn what_is_truncated_or_read_without_asking_is_closed() {
    for_each_backend(async || {
        for room in [0, 1, 2, 3] {
            let (ours, theirs) = UnixStream::pair().unwrap();
            let (readers, writers) = pipes(5);
            theirs.send_fds(b"x", &writers).await.unwrap();
            drop(writers);
            let received = ours.recv_fds(&mut [0; 4], room).await.unwrap();
            assert_eq!((received.fds.len(), received.is_truncated), (room, true));
            drop(received);
            assert!(are_closed(readers), "with room for {room}");
        }
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let (readers, writers) = pipes(2);
        theirs.send_fds(b"x", &writers).await.unwrap();
        drop(writers);
        ours.read_exact(&mut [0; 1]).await.unwrap();
        assert!(are_closed(readers), "an ordinary read");
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (readers, writers) = pipes(2);
        theirs.send_fds(b"x", &writers).await.unwrap();
        drop((writers, ours));
        assert!(are_closed(readers), "a receiver that is gone");
    });
}

#[test]
fn the_most_that_one_message_carries_arrives_and_more_is_refused() {
    for_each_backend(async || {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let fds = vec![ours.as_fd(); 254];
        let refused = theirs.send_fds(b"x", &fds).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput);
        theirs.send_fds(b"x", &fds[..253]).await.unwrap();
        let received = ours.recv_fds(&mut [0; 4], usize::MAX).await.unwrap();
        assert_eq!((received.fds.len(), received.is_truncated), (253, false));
        let nothing: [&OwnedFd; 0] = [];
        assert_eq!(theirs.send_fds(b"plain", &nothing).await.unwrap(), 5);
        assert!(ours.recv_fds(&mut [0; 8], 4).await.unwrap().fds.is_empty());
    });
}

#[test]
fn a_stream_cannot_carry_descriptors_without_bytes() {
    for_each_backend(async || {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let error = ours.send_fds(b"", &[&ours]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn a_connection_is_handed_over_and_goes_on() {
    for_each_backend(async || {
        let (courier, receiver) = UnixStream::pair().unwrap();
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.write_all(b"before ").await.unwrap();
        courier.send_fds(b"x", &[ours]).await.unwrap();
        theirs.write_all(b"after").await.unwrap();
        let mut received = receiver.recv_fds(&mut [0; 1], 1).await.unwrap();
        let fd = received.fds.remove(0);
        let mut ours = UnixStream::from_std(fd.into()).unwrap();
        let mut buffer = [0; 12];
        ours.read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"before after");
    });
}
