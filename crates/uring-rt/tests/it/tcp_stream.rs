//! The calls of a stream besides reading and writing: peek, `try_*`, vectors, options, conversions.

use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::time::Duration;

use futures_util::{AsyncReadExt, AsyncWriteExt, FutureExt};
use uring_rt::io::Interest;
use uring_rt::net::TcpStream;

use crate::support::{for_each_backend, pattern, tcp_pair};

#[test]
fn peek_leaves_the_bytes_there() {
    for_each_backend(async || {
        let (mut ours, mut theirs) = tcp_pair().await;
        let mut buffer = [0; 8];
        assert!(ours.peek(&mut buffer).now_or_never().is_none());
        theirs.write_all(b"peekaboo").await.unwrap();
        for _ in 0..3 {
            assert_eq!(ours.peek(&mut buffer[..4]).await.unwrap(), 4);
            assert_eq!(&buffer[..4], b"peek");
        }
        ours.read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"peekaboo");
        assert!(ours.peek(&mut buffer).now_or_never().is_none());
        drop(theirs);
        assert_eq!(ours.peek(&mut buffer).await.unwrap(), 0, "the end");
    });
}

#[test]
fn try_read_needs_a_wait_first_and_would_block_when_nothing_is_left() {
    for_each_backend(async || {
        let (ours, mut theirs) = tcp_pair().await;
        let mut buffer = [0; 8];
        let early = ours.try_read(&mut buffer).unwrap_err();
        assert_eq!(early.kind(), ErrorKind::WouldBlock);
        for round in 0..3_u8 {
            theirs.write_all(&[round; 3]).await.unwrap();
            ours.readable().await.unwrap();
            ours.readable().await.expect("looking takes nothing away");
            assert_eq!(ours.try_read(&mut buffer).unwrap(), 3);
            assert_eq!(buffer[..3], [round; 3]);
            let empty = ours.try_read(&mut buffer).unwrap_err();
            assert_eq!(empty.kind(), ErrorKind::WouldBlock);
            assert!(ours.readable().now_or_never().is_none(), "it knows now");
        }
        drop(theirs);
        ours.readable().await.unwrap();
        assert_eq!(ours.try_read(&mut buffer).unwrap(), 0);
    });
}

#[test]
fn try_write_would_block_when_full_and_goes_on_when_the_peer_has_read() {
    for_each_backend(async || {
        let (mut theirs, ours) = tcp_pair().await;
        let data = pattern(8, 1 << 20);
        let mut sent = Vec::new();
        for _ in 0..3 {
            ours.writable().await.unwrap();
            loop {
                match ours.try_write(&data) {
                    Ok(count) => sent.extend_from_slice(&data[..count]),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => panic!("{error}"),
                }
            }
            assert!(ours.writable().now_or_never().is_none());
            let mut received = vec![0; sent.len()];
            theirs.read_exact(&mut received).await.unwrap();
            assert!(received == sent);
            sent.clear();
        }
    });
}

#[test]
fn try_io_forgets_readiness_only_when_the_call_would_block() {
    for_each_backend(async || {
        let (ours, mut theirs) = tcp_pair().await;
        theirs.write_all(b"x").await.unwrap();
        ours.readable().await.unwrap();
        assert_eq!(ours.try_io(Interest::READABLE, || Ok(5)).unwrap(), 5);
        let other = || Err::<(), _>(std::io::Error::other("mine"));
        assert_eq!(
            ours.try_io(Interest::READABLE, other)
                .unwrap_err()
                .to_string(),
            "mine"
        );
        assert!(ours.readable().now_or_never().is_some());
        let mut calls = 0;
        let count = ours.async_io(Interest::READABLE, || {
            calls += 1;
            ours.try_read(&mut [0; 4])
        });
        assert_eq!(count.await.unwrap(), 1);
        assert_eq!(calls, 1);
    });
}

#[test]
fn ready_tells_which_half_it_is() {
    for_each_backend(async || {
        let (ours, mut theirs) = tcp_pair().await;
        let both = Interest::READABLE | Interest::WRITABLE;
        let ready = ours.ready(both).await.unwrap();
        assert!(ready.is_writable() && !ready.is_readable(), "{ready:?}");
        theirs.write_all(b"x").await.unwrap();
        let ready = ours.ready(Interest::READABLE).await.unwrap();
        assert!(ready.is_readable() && !ready.is_read_closed(), "{ready:?}");
        std::future::poll_fn(|cx| ours.poll_read_ready(cx))
            .await
            .unwrap();
        std::future::poll_fn(|cx| ours.poll_write_ready(cx))
            .await
            .unwrap();
    });
}

#[test]
fn vectors_are_filled_and_sent_one_after_the_other() {
    for_each_backend(async || {
        let (mut ours, mut theirs) = tcp_pair().await;
        let parts = [
            IoSlice::new(b"one "),
            IoSlice::new(b""),
            IoSlice::new(b"two "),
        ];
        assert_eq!(ours.write_vectored(&parts).await.unwrap(), 8);
        ours.writable().await.unwrap();
        assert_eq!(ours.try_write_vectored(&parts[2..]).unwrap(), 4);
        let (mut head, mut tail) = ([0; 5], [0; 3]);
        let mut into = [IoSliceMut::new(&mut head), IoSliceMut::new(&mut tail)];
        assert_eq!(theirs.read_vectored(&mut into).await.unwrap(), 8);
        assert_eq!((&head, &tail), (b"one t", b"wo "));
        theirs.readable().await.unwrap();
        let mut into = [IoSliceMut::new(&mut head), IoSliceMut::new(&mut tail)];
        assert_eq!(theirs.try_read_vectored(&mut into).unwrap(), 4);
        assert_eq!(&head[..4], b"two ");
    });
}

#[test]
fn an_empty_buffer_is_answered_without_waiting() {
    for_each_backend(async || {
        let (mut ours, mut theirs) = tcp_pair().await;
        assert_eq!(ours.write(&[]).await.unwrap(), 0);
        theirs.write_all(b"x").await.unwrap();
        ours.readable().await.unwrap();
        assert_eq!(ours.read(&mut []).await.unwrap(), 0);
        assert_eq!(ours.read(&mut [0; 8]).await.unwrap(), 1);
    });
}

#[test]
fn options_are_the_kernels() {
    for_each_backend(async || {
        let (ours, theirs) = tcp_pair().await;
        for nodelay in [true, false] {
            ours.set_nodelay(nodelay).unwrap();
            assert_eq!(ours.nodelay().unwrap(), nodelay);
        }
        ours.set_ttl(17).unwrap();
        assert_eq!(ours.ttl().unwrap(), 17);
        assert_eq!(ours.linger().unwrap(), None);
        ours.set_zero_linger().unwrap();
        assert_eq!(ours.linger().unwrap(), Some(Duration::ZERO));
        assert_eq!(ours.local_addr().unwrap(), theirs.peer_addr().unwrap());
        assert_eq!(theirs.local_addr().unwrap(), ours.peer_addr().unwrap());
        assert!(
            rustix::io::fcntl_getfd(&ours)
                .unwrap()
                .contains(rustix::io::FdFlags::CLOEXEC)
        );
        assert!(
            rustix::io::fcntl_getfd(&theirs)
                .unwrap()
                .contains(rustix::io::FdFlags::CLOEXEC)
        );
    });
}

#[test]
fn a_stream_goes_to_std_and_back() {
    for_each_backend(async || {
        let (ours, mut theirs) = tcp_pair().await;
        // It has been waited on, so the kernel has to let go of it.
        assert!(ours.readable().now_or_never().is_none());
        uring_rt::task::yield_now().await;
        let mut std = ours.into_std().unwrap();
        let would_block = std.read(&mut [0; 1]).unwrap_err();
        assert_eq!(
            would_block.kind(),
            ErrorKind::WouldBlock,
            "it stays non-blocking"
        );
        std.write_all(b"from std").unwrap();
        let mut buffer = [0; 8];
        theirs.read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"from std");
        let mut ours = TcpStream::from_std(std).unwrap();
        theirs.write_all(b"and back").await.unwrap();
        ours.read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"and back");
    });
}

#[test]
fn a_dropped_read_takes_nothing_with_it() {
    for_each_backend(async || {
        let (mut ours, mut theirs) = tcp_pair().await;
        let mut buffer = [0; 8];
        for _ in 0..3 {
            assert!(ours.read(&mut buffer).now_or_never().is_none());
            uring_rt::task::yield_now().await;
        }
        theirs.write_all(b"all here").await.unwrap();
        ours.read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"all here");
    });
}
