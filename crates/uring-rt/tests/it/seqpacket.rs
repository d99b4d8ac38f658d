//! Connections that keep messages apart.

use std::io::ErrorKind;
use std::net::Shutdown;

use futures_util::{FutureExt, StreamExt};
use uring_rt::net::{UnixSeqpacket, UnixSeqpacketListener, UnixStream};
use uring_rt::task::yield_now;

use crate::support::for_each_backend;
use crate::unix::{fresh_name, fresh_path};

#[test]
fn messages_arrive_whole_in_order_and_then_the_end() {
    for_each_backend(async || {
        let path = fresh_path();
        let listener = UnixSeqpacketListener::bind(&path).unwrap();
        let client = UnixSeqpacket::connect(&path).await.unwrap();
        assert_eq!(client.peer_addr().unwrap().as_pathname(), Some(&*path));
        let (server, peer) = listener.accept().await.unwrap();
        assert!(peer.is_unnamed());
        let mut buffer = [0; 16];
        assert!(server.recv(&mut buffer).now_or_never().is_none());
        for message in [&b"one"[..], b"three"] {
            client.send(message).await.unwrap();
        }
        assert_eq!(
            server.recv(&mut buffer[..2]).await.unwrap(),
            2,
            "the rest is lost"
        );
        assert_eq!(server.recv(&mut buffer).await.unwrap(), 5);
        assert_eq!(&buffer[..5], b"three");
        let waiting = uring_rt::spawn(async move { server.recv(&mut [0; 4]).await });
        yield_now().await;
        drop(client);
        assert_eq!(waiting.await.unwrap().unwrap(), 0);
        std::fs::remove_file(path).unwrap();
    });
}

#[test]
fn each_half_is_shut_down_by_itself() {
    for_each_backend(async || {
        let (ours, theirs) = UnixSeqpacket::pair().unwrap();
        ours.shutdown(Shutdown::Write).unwrap();
        assert_eq!(theirs.recv(&mut [0; 4]).await.unwrap(), 0);
        let broken = ours.send(b"x").await.unwrap_err();
        assert_eq!(broken.kind(), ErrorKind::BrokenPipe);
        theirs.send(b"still").await.unwrap();
        assert_eq!(ours.recv(&mut [0; 8]).await.unwrap(), 5);
        assert_eq!(ours.peer_cred().unwrap(), theirs.peer_cred().unwrap());
    });
}

#[test]
fn another_kind_of_socket_is_refused() {
    for_each_backend(async || {
        let path = fresh_path();
        let _listener = UnixSeqpacketListener::bind(&path).unwrap();
        let wrong = UnixStream::connect(&path).await.unwrap_err();
        std::fs::remove_file(path).unwrap();
        assert_eq!(wrong.raw_os_error(), Some(libc::EPROTOTYPE));
        let nobody = UnixSeqpacket::connect(fresh_path()).await.unwrap_err();
        assert_eq!(nobody.kind(), ErrorKind::NotFound);
    });
}

#[test]
fn a_full_queue_makes_the_sender_wait() {
    for_each_backend(async || {
        let (ours, theirs) = UnixSeqpacket::pair().unwrap();
        ours.writable().await.unwrap();
        let mut sent = 0_usize;
        while ours.try_send(&[0; 1000]).is_ok() {
            sent += 1;
        }
        assert!(ours.send(&[0; 1000]).now_or_never().is_none());
        let sender = uring_rt::spawn(async move {
            ours.send(b"last").await.unwrap();
            ours
        });
        for _ in 0..sent {
            assert_eq!(theirs.recv(&mut [0; 1000]).await.unwrap(), 1000);
        }
        assert_eq!(theirs.recv(&mut [0; 1000]).await.unwrap(), 4);
        sender.await.unwrap();
    });
}

#[test]
fn listeners_and_connections_go_to_descriptors_and_back() {
    for_each_backend(async || {
        let name = fresh_name();
        let listener = UnixSeqpacketListener::bind(&name).unwrap();
        let listener = UnixSeqpacketListener::from_std(listener.into_std().unwrap()).unwrap();
        let client = UnixSeqpacket::connect(&name).await.unwrap();
        let client = UnixSeqpacket::from_std(client.into_std().unwrap()).unwrap();
        let server = listener.incoming().next().await.unwrap().unwrap();
        server.send(b"hi").await.unwrap();
        assert_eq!(client.recv_from(&mut [0; 4]).await.unwrap().0, 2);
    });
}
