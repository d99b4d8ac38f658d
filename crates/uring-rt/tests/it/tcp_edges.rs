//! What a TCP connection does at its edges: resets, urgent data, many who wait, and fds that are not what they seem.

use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use futures_util::{AsyncReadExt, AsyncWriteExt, FutureExt};
use rustix::net::{RecvFlags, SendFlags, recv, send};
use uring_rt::io::Interest;
use uring_rt::net::{TcpListener, TcpStream};
use uring_rt::task::{JoinSet, yield_now};

use crate::support::{for_each_backend, tcp_pair};

#[test]
fn a_reset_ends_reader_and_writer_with_the_systems_error() {
    for_each_backend(async || {
        let (ours, theirs) = tcp_pair().await;
        let ours = Rc::new(ours);
        let reader = uring_rt::spawn({
            let ours = Rc::clone(&ours);
            async move { (&*ours).read(&mut [0; 4]).await }
        });
        yield_now().await;
        theirs.set_zero_linger().unwrap();
        drop(theirs);
        let error = reader.await.unwrap().unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ECONNRESET));
        let broken = (&*ours).write(b"x").await.unwrap_err();
        assert_eq!(broken.kind(), ErrorKind::BrokenPipe);
        assert_eq!((&*ours).read(&mut [0; 4]).await.unwrap(), 0);
    });
}

#[test]
fn urgent_data_is_told_by_its_own_interest() {
    for_each_backend(async || {
        let (ours, theirs) = tcp_pair().await;
        assert!(ours.ready(Interest::PRIORITY).now_or_never().is_none());
        send(&theirs, b"!", SendFlags::OOB).unwrap();
        assert!(ours.ready(Interest::PRIORITY).await.unwrap().is_priority());
        let urgent = ours
            .async_io(Interest::PRIORITY, || {
                let mut byte = [0; 1];
                recv(&ours, &mut byte[..], RecvFlags::OOB)?;
                Ok(byte)
            })
            .await;
        assert_eq!(urgent.unwrap(), *b"!");
        theirs.writable().await.unwrap();
        theirs.try_write(b"ordinary").unwrap();
        ours.readable().await.unwrap();
        let mut buffer = [0; 16];
        while ours.try_read(&mut buffer).is_err() {
            ours.readable().await.unwrap();
        }
        assert_eq!(&buffer[..8], b"ordinary");
    });
}

#[test]
fn all_who_wait_for_a_direction_hear_of_it() {
    for_each_backend(async || {
        let (ours, mut theirs) = tcp_pair().await;
        let ours = Rc::new(ours);
        let mut waiting = JoinSet::new();
        for n in 0..10 {
            let ours = Rc::clone(&ours);
            waiting.spawn(async move {
                match n % 3 {
                    0 => ours.readable().await.unwrap(),
                    1 => drop(ours.ready(Interest::READABLE).await.unwrap()),
                    _ => drop(ours.peek(&mut [0; 1]).await.unwrap()),
                }
            });
        }
        yield_now().await;
        theirs.write_all(b"x").await.unwrap();
        waiting.join_all().await;
        assert_eq!(ours.try_read(&mut [0; 4]).unwrap(), 1);
    });
}

#[test]
fn a_half_closed_peer_still_answers() {
    for_each_backend(async || {
        let (mut ours, mut theirs) = tcp_pair().await;
        theirs.close().await.unwrap();
        assert_eq!(ours.read(&mut [0; 4]).await.unwrap(), 0);
        assert!(
            ours.ready(Interest::READABLE)
                .await
                .unwrap()
                .is_read_closed()
        );
        ours.write_all(b"answer").await.unwrap();
        theirs.read_exact(&mut [0; 6]).await.unwrap();
        let closed = theirs.write(b"x").await.unwrap_err();
        assert_eq!(closed.kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn quickack_and_addresses_are_the_kernels() {
    for_each_backend(async || {
        let (ours, theirs) = tcp_pair().await;
        ours.set_quickack(false).unwrap();
        assert!(!ours.quickack().unwrap());
        ours.set_quickack(true).unwrap();
        assert!(ours.quickack().unwrap());
        let (ours_text, theirs_text) = (format!("{ours:?}"), format!("{theirs:?}"));
        let std = ours.into_std().unwrap();
        assert_eq!(ours_text, format!("{std:?}"), "as the standard library's");
        assert_ne!(ours_text, theirs_text);
    });
}

#[test]
fn a_listening_socket_is_no_stream_and_a_stream_does_not_accept() {
    for_each_backend(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fd = OwnedFd::from(listener.into_std().unwrap());
        let mut no_stream = TcpStream::from_std(fd.into()).unwrap();
        let error = no_stream.write(b"x").await.unwrap_err();
        assert!(error.raw_os_error().is_some(), "{error}");
        let error = no_stream.read(&mut [0; 4]).await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ENOTCONN));
        let (ours, _theirs) = tcp_pair().await;
        let fd = OwnedFd::from(ours.into_std().unwrap());
        let no_listener = TcpListener::from_std(fd.into()).unwrap();
        // It is readable, and accept(2) is made, once the connection has ended.
        rustix::net::shutdown(&no_listener, rustix::net::Shutdown::Both).unwrap();
        let error = no_listener.accept().await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
    });
}

#[cfg(feature = "bytes")]
#[test]
fn a_buffer_grows_by_what_is_read() {
    for_each_backend(async || {
        let (ours, mut theirs) = tcp_pair().await;
        theirs.write_all(b"hello").await.unwrap();
        ours.readable().await.unwrap();
        let mut buffer = Vec::with_capacity(8);
        assert_eq!(ours.try_read_buf(&mut buffer).unwrap(), 5);
        assert_eq!(buffer, b"hello");
        let nothing = ours.try_read_buf(&mut buffer).unwrap_err();
        assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
        let huge = vec![7; 300_000];
        let writer = uring_rt::spawn(async move {
            theirs.write_all(&huge).await.unwrap();
        });
        let (read, _write) = ours.into_split();
        let mut received = Vec::with_capacity(400_000);
        while received.len() < 300_000 {
            read.readable().await.unwrap();
            let _ = read.try_read_buf(&mut received);
        }
        writer.await.unwrap();
        assert!(received.iter().all(|byte| *byte == 7));
    });
}
