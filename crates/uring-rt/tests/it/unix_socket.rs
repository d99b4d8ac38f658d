//! Unix sockets that are bound before they connect or listen, and who is at the other end.

use std::io::ErrorKind;
use std::os::fd::OwnedFd;

use futures_util::{AsyncReadExt, AsyncWriteExt, FutureExt};
use uring_rt::net::{UnixListener, UnixSocket, UnixStream};

use crate::child::in_child;
use crate::support::for_each_backend;
use crate::unix::{fresh_name, fresh_path};

#[test]
fn a_bound_client_is_known_by_its_path() {
    for_each_backend(async || {
        let (there, here) = (fresh_path(), fresh_path());
        let socket = UnixSocket::new_stream().unwrap();
        socket.bind(&there).unwrap();
        let listener = socket.listen(8).unwrap();
        let client = UnixSocket::new_stream().unwrap();
        client.bind(&here).unwrap();
        let mut client = client.connect(&there).await.unwrap();
        let (mut server, peer) = listener.accept().await.unwrap();
        assert_eq!(peer.as_pathname(), Some(&*here));
        client.write_all(b"hello").await.unwrap();
        server.read_exact(&mut [0; 5]).await.unwrap();
        std::fs::remove_file(there).unwrap();
        std::fs::remove_file(here).unwrap();
    });
}

#[test]
fn each_kind_of_socket_does_only_what_it_can() {
    for_each_backend(async || {
        let datagram = || UnixSocket::new_datagram().unwrap();
        assert_eq!(datagram().listen(1).unwrap_err().kind(), ErrorKind::Other);
        let connected = datagram().connect("/nowhere").await;
        assert_eq!(connected.unwrap_err().kind(), ErrorKind::Other);
        let stream = UnixSocket::new_stream().unwrap();
        assert_eq!(stream.datagram().unwrap_err().kind(), ErrorKind::Other);
        let name = fresh_name();
        let socket = datagram();
        socket.bind(&name).unwrap();
        let socket = socket.datagram().unwrap();
        socket.send_to(b"to myself", &name).await.unwrap();
        assert_eq!(socket.recv(&mut [0; 16]).await.unwrap(), 9);
    });
}

#[test]
fn abstract_names_with_any_bytes_are_kept() {
    in_child(
        "unix_socket::abstract_names_with_any_bytes_are_kept",
        || {
            for_each_backend(async || {
                let name = fresh_name() + "\0with zeros\0";
                let listener = UnixListener::bind(&name).unwrap();
                let address = listener.local_addr().unwrap();
                assert_eq!(address.as_abstract_name(), Some(&name.as_bytes()[1..]));
                assert!(address.as_pathname().is_none() && !address.is_unnamed());
                let client = UnixStream::connect_addr(&address).await.unwrap();
                let peer = client.peer_addr().unwrap();
                assert_eq!(peer.as_abstract_name(), address.as_abstract_name());
                let taken = UnixListener::bind_addr(&address).unwrap_err();
                assert_eq!(taken.kind(), ErrorKind::AddrInUse);
                drop((listener, client));
                UnixListener::bind(&name).expect("free at once, as no file is left");
            })
        },
    );
}

#[test]
fn paths_that_cannot_be_are_errors() {
    for_each_backend(async || {
        for path in [
            "x".repeat(200),
            "\0".to_owned() + &"x".repeat(200),
            "with\0zero".to_owned(),
        ] {
            let kinds = [
                UnixListener::bind(&path).unwrap_err().kind(),
                UnixStream::connect(&path).await.unwrap_err().kind(),
                UnixSocket::new_stream()
                    .unwrap()
                    .bind(&path)
                    .unwrap_err()
                    .kind(),
            ];
            assert_eq!(kinds, [ErrorKind::InvalidInput; 3], "{path:?}");
        }
    });
}

#[test]
fn a_full_backlog_is_an_error_as_nobody_can_wait_for_it() {
    for_each_backend(async || {
        let name = fresh_name();
        let socket = UnixSocket::new_stream().unwrap();
        socket.bind(&name).unwrap();
        let listener = socket.listen(0).unwrap();
        let _first = UnixStream::connect(&name).await.unwrap();
        let full = UnixStream::connect(&name).await.unwrap_err();
        assert_eq!(full.raw_os_error(), Some(libc::EAGAIN));
        listener.accept().await.unwrap();
        UnixStream::connect(&name).await.unwrap();
    });
}

#[test]
fn the_peer_is_who_it_is() {
    for_each_backend(async || {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let peer = ours.peer_cred().unwrap();
        assert_eq!(peer.pid().map(i32::unsigned_abs), Some(std::process::id()));
        assert_eq!(peer.uid(), rustix::process::geteuid().as_raw());
        assert_eq!(peer.gid(), rustix::process::getegid().as_raw());
        assert_eq!(theirs.peer_cred().unwrap(), peer);
    });
}

#[test]
fn a_foreign_socket_is_made_non_blocking() {
    for_each_backend(async || {
        let name = fresh_name();
        let blocking = || {
            let kind = socket2::Type::STREAM;
            let socket = socket2::Socket::new(socket2::Domain::UNIX, kind, None).unwrap();
            UnixSocket::from(OwnedFd::from(socket))
        };
        let socket = blocking();
        socket.bind(&name).unwrap();
        let listener = socket.listen(4).unwrap();
        assert!(listener.accept().now_or_never().is_none());
        let mut client = blocking().connect(&name).await.unwrap();
        assert!(client.read(&mut [0; 4]).now_or_never().is_none());
    });
}
