//! Messages between processes of one machine.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::Shutdown;
use std::pin::pin;

use futures_util::{FutureExt, poll};
use uring_rt::io::Interest;
use uring_rt::net::UnixDatagram;
use uring_rt::task::yield_now;

use crate::support::{for_each_backend, pattern};
use crate::unix::{fresh_name, fresh_path};

#[test]
fn a_message_goes_to_a_path_and_tells_its_sender() {
    for_each_backend(async || {
        let (ours, theirs) = (fresh_path(), fresh_path());
        let server = UnixDatagram::bind(&ours).unwrap();
        let client = UnixDatagram::bind(&theirs).unwrap();
        client.send_to(b"ping", &ours).await.unwrap();
        let mut buffer = [0; 16];
        let (count, from) = server.recv_from(&mut buffer).await.unwrap();
        assert_eq!(
            (&buffer[..count], from.as_pathname()),
            (&b"ping"[..], Some(&*theirs))
        );
        client.connect(&ours).unwrap();
        assert_eq!(client.peer_addr().unwrap().as_pathname(), Some(&*ours));
        client.send(b"connected").await.unwrap();
        assert_eq!(server.recv(&mut buffer).await.unwrap(), 9);
        std::fs::remove_file(ours).unwrap();
        std::fs::remove_file(theirs).unwrap();
    });
}

#[test]
fn abstract_names_reach_it_and_unbound_senders_have_none() {
    for_each_backend(async || {
        let name = fresh_name();
        let server = UnixDatagram::bind(&name).unwrap();
        let local = server.local_addr().unwrap();
        assert_eq!(local.as_abstract_name(), Some(&name.as_bytes()[1..]));
        let client = UnixDatagram::unbound().unwrap();
        client.writable().await.unwrap();
        assert_eq!(client.try_send_to(b"hi", &name).unwrap(), 2);
        let (count, from) = server.recv_from(&mut [0; 8]).await.unwrap();
        assert!(count == 2 && from.is_unnamed(), "{from:?}");
        let sent = poll_fn(|cx| client.poll_send_to(cx, b"polled", &name)).await;
        assert_eq!(sent.unwrap(), 6);
        let mut buffer = [0; 8];
        let (count, _) = poll_fn(|cx| server.poll_recv_from(cx, &mut buffer))
            .await
            .unwrap();
        assert_eq!(&buffer[..count], b"polled");
    });
}

#[test]
fn paths_that_cannot_be_are_errors() {
    for_each_backend(async || {
        let socket = UnixDatagram::unbound().unwrap();
        let long = "x".repeat(200);
        for path in [long.as_str(), "with\0zero"] {
            let kinds = [
                UnixDatagram::bind(path).unwrap_err().kind(),
                socket.connect(path).unwrap_err().kind(),
                socket.send_to(b"", path).await.unwrap_err().kind(),
                socket.try_send_to(b"", path).unwrap_err().kind(),
            ];
            assert_eq!(kinds, [ErrorKind::InvalidInput; 4], "{path:?}");
        }
        let absent = socket.connect(fresh_path()).unwrap_err();
        assert_eq!(absent.kind(), ErrorKind::NotFound);
        let unconnected = socket.send(b"to whom").await.unwrap_err();
        assert_eq!(unconnected.kind(), ErrorKind::NotConnected);
    });
}

#[test]
fn a_full_queue_makes_the_sender_wait_and_loses_nothing() {
    for_each_backend(async || {
        let (ours, theirs) = UnixDatagram::pair().unwrap();
        let mut sent = 0_u32;
        let stopped = loop {
            ours.writable().await.unwrap();
            match ours.try_send(&sent.to_ne_bytes()) {
                Ok(_) => sent += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(stopped.kind(), ErrorKind::WouldBlock);
        let last = sent.to_ne_bytes();
        let mut sending = pin!(ours.send(&last));
        assert!(poll!(sending.as_mut()).is_pending());
        for expected in 0..=sent {
            let mut buffer = [0; 4];
            let receiving = theirs.recv(&mut buffer);
            if expected == sent {
                sending.as_mut().await.unwrap();
            }
            receiving.await.unwrap();
            assert_eq!(u32::from_ne_bytes(buffer), expected);
        }
    });
}

#[test]
fn what_does_not_fit_is_lost_and_an_empty_message_is_one() {
    for_each_backend(async || {
        let (ours, theirs) = UnixDatagram::pair().unwrap();
        for message in [&b"longer than that"[..], b"", b"next"] {
            ours.send(message).await.unwrap();
        }
        let mut buffer = [0; 6];
        assert_eq!(theirs.recv(&mut buffer).await.unwrap(), 6);
        assert_eq!(&buffer, b"longer");
        assert_eq!(theirs.recv(&mut buffer).await.unwrap(), 0);
        assert_eq!(theirs.recv(&mut []).await.unwrap(), 0, "no room at all");
        assert!(theirs.recv(&mut buffer).now_or_never().is_none());
        let large = pattern(2, 100_000);
        ours.send(&large).await.unwrap();
        let mut received = vec![0; large.len() + 1];
        assert_eq!(theirs.recv(&mut received).await.unwrap(), large.len());
        assert!(received[..large.len()] == large);
        let huge = ours.send(&vec![0; 64 << 20]).await.unwrap_err();
        assert_eq!(huge.raw_os_error(), Some(libc::EMSGSIZE));
    });
}

#[test]
fn a_shutdown_ends_what_waits_and_what_comes() {
    for_each_backend(async || {
        let (ours, theirs) = UnixDatagram::pair().unwrap();
        let (mut first, mut second) = ([0; 4], [0; 4]);
        let mut waiting = pin!(ours.recv(&mut first));
        assert!(poll!(waiting.as_mut()).is_pending());
        yield_now().await;
        theirs.send(b"last").await.unwrap();
        ours.shutdown(Shutdown::Both).unwrap();
        assert_eq!(waiting.await.unwrap(), 4, "what was there comes first");
        assert_eq!(ours.recv(&mut second).await.unwrap(), 0);
        let (count, from) = ours.recv_from(&mut second).await.unwrap();
        assert!(count == 0 && from.is_unnamed());
        let broken = ours.send(b"x").await.unwrap_err();
        assert_eq!(broken.kind(), ErrorKind::BrokenPipe);
        let refused = theirs.send(b"x").await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn readiness_tries_and_polls_are_those_of_all_sockets() {
    for_each_backend(async || {
        let (ours, theirs) = UnixDatagram::pair().unwrap();
        let mut buffer = [0; 8];
        let early = ours.try_recv(&mut buffer).unwrap_err();
        assert_eq!(early.kind(), ErrorKind::WouldBlock);
        poll_fn(|cx| theirs.poll_send_ready(cx)).await.unwrap();
        poll_fn(|cx| theirs.poll_send(cx, b"one")).await.unwrap();
        poll_fn(|cx| ours.poll_recv_ready(cx)).await.unwrap();
        assert!(ours.ready(Interest::READABLE).await.unwrap().is_readable());
        assert_eq!(ours.try_recv(&mut buffer).unwrap(), 3);
        theirs.send(b"two").await.unwrap();
        ours.readable().await.unwrap();
        assert_eq!(ours.try_recv_from(&mut buffer).unwrap().0, 3);
        theirs.send(b"three").await.unwrap();
        let count = poll_fn(|cx| ours.poll_recv(cx, &mut buffer)).await.unwrap();
        assert_eq!(&buffer[..count], b"three");
        assert!(ours.take_error().unwrap().is_none());
        let std = ours.into_std().unwrap();
        std.set_nonblocking(false).unwrap();
        let blocking = UnixDatagram::from_std(std).unwrap_err();
        assert_eq!(blocking.kind(), ErrorKind::InvalidInput);
    });
}

#[cfg(feature = "bytes")]
#[test]
fn buffers_grow_by_what_is_received() {
    for_each_backend(async || {
        let (ours, theirs) = UnixDatagram::pair().unwrap();
        let mut buffer = Vec::with_capacity(64);
        for (message, expected) in [(&b"one"[..], &b"one"[..]), (b" two", b"one two")] {
            theirs.send(message).await.unwrap();
            assert_eq!(ours.recv_buf(&mut buffer).await.unwrap(), message.len());
            assert_eq!(buffer, expected);
        }
        theirs.send(b"x").await.unwrap();
        assert_eq!(ours.recv_buf_from(&mut buffer).await.unwrap().0, 1);
        let early = ours.try_recv_buf(&mut buffer).unwrap_err();
        assert_eq!(early.kind(), ErrorKind::WouldBlock);
        assert_eq!(buffer, b"one twox");
    });
}
