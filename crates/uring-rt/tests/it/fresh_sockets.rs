//! What a socket does before anybody has waited for it: as tokio since 1.54, an accepted one is taken for readable and
//! writable, and every new one for writable, until a call would block.

use std::io::{ErrorKind, Write};
use std::os::fd::AsFd;

use futures_util::FutureExt;
use rustix::net::{RecvFlags, recv};
use uring_rt::io::Interest;
use uring_rt::net::unix::pipe;
use uring_rt::net::{
    TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixSeqpacket,
    UnixSeqpacketListener, UnixStream,
};

use crate::support::{for_each_backend, spin_until};
use crate::unix::fresh_name;

/// Until the bytes are there, without any help from the runtime.
fn wait_for_bytes(socket: &impl AsFd) {
    let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
    spin_until(|| recv(socket, &mut [0; 1][..], flags).is_ok());
}

#[test]
fn what_a_client_has_sent_is_read_without_waiting_when_it_is_accepted() {
    for_each_backend(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.write_all(b"hello").unwrap();
        let (server, _) = listener.accept().await.unwrap();
        wait_for_bytes(&server);
        assert_eq!(server.try_read(&mut [0; 8]).unwrap(), 5);
        assert_eq!(server.try_write(b"answer").unwrap(), 6);

        let name = fresh_name();
        let listener = UnixListener::bind(&name).unwrap();
        let client = UnixStream::connect(&name).await.unwrap();
        client.try_write(b"hello").unwrap();
        let (server, _) = listener.accept().await.unwrap();
        assert_eq!(server.try_read(&mut [0; 8]).unwrap(), 5);

        let name = format!("{name}-packets");
        let listener = UnixSeqpacketListener::bind(&name).unwrap();
        let client = UnixSeqpacket::connect(&name).await.unwrap();
        client.try_send(b"hello").unwrap();
        let (server, _) = listener.accept().await.unwrap();
        assert_eq!(server.try_recv(&mut [0; 8]).unwrap(), 5);
    });
}

#[test]
fn an_accepted_socket_is_taken_for_readable_until_a_read_finds_nothing() {
    for_each_backend(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().await.unwrap();
        assert!(server.readable().now_or_never().is_some());
        let nothing = server.try_read(&mut [0; 8]).unwrap_err();
        assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
        assert!(server.readable().now_or_never().is_none());
        client.write_all(b"later").unwrap();
        server.readable().await.unwrap();
        assert_eq!(server.try_read(&mut [0; 8]).unwrap(), 5);
    });
}

#[test]
fn async_io_calls_again_when_what_was_taken_for_granted_is_not_so() {
    for_each_backend(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().await.unwrap();
        let mut calls = 0;
        let mut peeking = Box::pin(server.async_io(Interest::READABLE, || {
            calls += 1;
            Ok(recv(&server, &mut [0; 8][..], RecvFlags::PEEK)?.1)
        }));
        assert!(peeking.as_mut().now_or_never().is_none());
        client.write_all(b"now").unwrap();
        assert_eq!(peeking.await.unwrap(), 3);
        assert!(calls >= 2, "{calls}");
    });
}

#[test]
fn every_new_socket_is_written_to_without_waiting() {
    for_each_backend(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        assert_eq!(stream.try_write(b"x").unwrap(), 1);
        let (ours, _theirs) = UnixStream::pair().unwrap();
        assert_eq!(ours.try_write(b"x").unwrap(), 1);
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        assert_eq!(udp.try_send_to(b"x", udp.local_addr().unwrap()).unwrap(), 1);
        let (ours, _theirs) = UnixDatagram::pair().unwrap();
        assert_eq!(ours.try_send(b"x").unwrap(), 1);
        let (sender, _receiver) = pipe::pipe().unwrap();
        assert_eq!(sender.try_write(b"x").unwrap(), 1);
        let std = ours.into_std().unwrap();
        assert_eq!(
            UnixDatagram::from_std(std).unwrap().try_send(b"x").unwrap(),
            1
        );
    });
}

#[test]
fn a_connect_is_waited_for_although_new_sockets_are_taken_for_writable() {
    for_each_backend(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let refused = TcpStream::connect(address).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    });
}
