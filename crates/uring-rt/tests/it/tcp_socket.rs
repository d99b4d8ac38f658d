//! Sockets that are set up before they connect or listen.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd};
use std::time::Duration;

use futures_util::{AsyncReadExt, AsyncWriteExt, FutureExt};
use uring_rt::net::{TcpListener, TcpSocket, TcpStream};

use crate::support::{for_each_backend, panic_text};

fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

#[test]
fn a_bound_socket_listens_and_another_connects_from_its_address() {
    for_each_backend(async || {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(loopback()).unwrap();
        let address = socket.local_addr().unwrap();
        let listener = socket.listen(4).unwrap();
        assert_eq!(listener.local_addr().unwrap(), address);
        let client = TcpSocket::new_v4().unwrap();
        client.bind(loopback()).unwrap();
        let from = client.local_addr().unwrap();
        let mut client = client.connect(address).await.unwrap();
        let (mut server, peer) = listener.accept().await.unwrap();
        assert_eq!((peer, client.local_addr().unwrap()), (from, from));
        client.write_all(b"hello").await.unwrap();
        server.read_exact(&mut [0; 5]).await.unwrap();
    });
}

#[test]
fn options_are_the_kernels() {
    let socket = TcpSocket::new_v4().unwrap();
    for on in [true, false] {
        socket.set_keepalive(on).unwrap();
        socket.set_reuseaddr(on).unwrap();
        socket.set_reuseport(on).unwrap();
        socket.set_nodelay(on).unwrap();
        let got = [
            socket.keepalive().unwrap(),
            socket.reuseaddr().unwrap(),
            socket.reuseport().unwrap(),
            socket.nodelay().unwrap(),
        ];
        assert_eq!(got, [on; 4]);
    }
    socket.set_send_buffer_size(50_000).unwrap();
    socket.set_recv_buffer_size(60_000).unwrap();
    assert!(socket.send_buffer_size().unwrap() >= 50_000);
    assert!(socket.recv_buffer_size().unwrap() >= 60_000);
    socket.set_zero_linger().unwrap();
    assert_eq!(socket.linger().unwrap(), Some(Duration::ZERO));
    socket.set_tos_v4(16).unwrap();
    assert_eq!(socket.tos_v4().unwrap(), 16);
    socket.bind_device(Some(b"lo")).unwrap();
    assert_eq!(socket.device().unwrap().as_deref(), Some(&b"lo"[..]));
    let absent = socket.bind_device(Some(b"no such")).unwrap_err();
    assert_eq!(absent.raw_os_error(), Some(libc::ENODEV));
    assert!(socket.take_error().unwrap().is_none());
}

#[test]
#[expect(clippy::print_stderr, reason = "nothing is left out silently")]
fn sockets_of_version_6_have_a_traffic_class() {
    let Ok(socket) = TcpSocket::new_v6() else {
        eprintln!("skipped: this machine has no IPv6");
        return;
    };
    socket.set_tclass_v6(32).unwrap();
    assert_eq!(socket.tclass_v6().unwrap(), 32);
    let wrong_family = socket.bind(loopback()).unwrap_err();
    assert_eq!(wrong_family.kind(), ErrorKind::InvalidInput);
}

#[test]
fn several_listeners_share_a_port_when_all_asked_for_it() {
    for_each_backend(async || {
        let listen = |address| {
            let socket = TcpSocket::new_v4()?;
            socket.set_reuseport(true)?;
            socket.bind(address)?;
            socket.listen(16)
        };
        let first = listen(loopback()).unwrap();
        let address = first.local_addr().unwrap();
        let second = listen(address).unwrap();
        assert_eq!(second.local_addr().unwrap(), address);
        let alone = TcpListener::bind(address).await.unwrap_err();
        assert_eq!(alone.kind(), ErrorKind::AddrInUse);
    });
}

#[test]
fn a_foreign_socket_is_made_non_blocking() {
    for_each_backend(async || {
        let blocking = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
        let socket = TcpSocket::from_std_stream(blocking.unwrap().into());
        socket.bind(loopback()).unwrap();
        let listener = socket.listen(4).unwrap();
        assert!(
            listener.accept().now_or_never().is_none(),
            "it waits, and does not block"
        );
        let blocking = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
        let socket = TcpSocket::from(OwnedFd::from(blocking.unwrap()));
        let address = listener.local_addr().unwrap();
        let mut client = socket.connect(address).await.unwrap();
        assert!(client.read(&mut [0; 4]).now_or_never().is_none());
        let fd = TcpSocket::new_v4().unwrap();
        let number = fd.as_raw_fd();
        assert_eq!(OwnedFd::from(fd).into_raw_fd(), number);
    });
}

#[test]
fn refused_connections_and_taken_ports_are_errors_of_the_system() {
    for_each_backend(async || {
        let listener = TcpListener::bind(loopback()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let taken = TcpSocket::new_v4().unwrap().bind(address).unwrap_err();
        assert_eq!(taken.raw_os_error(), Some(libc::EADDRINUSE));
        drop(listener);
        let refused = TcpSocket::new_v4().unwrap().connect(address).await;
        assert_eq!(
            refused.unwrap_err().raw_os_error(),
            Some(libc::ECONNREFUSED)
        );
        let elsewhere = "192.0.2.1:0".parse().unwrap();
        let not_ours = TcpSocket::new_v4().unwrap().bind(elsewhere).unwrap_err();
        assert_eq!(not_ours.kind(), ErrorKind::AddrNotAvailable);
    });
}

#[test]
fn outside_of_a_runtime_listen_and_from_std_say_what_they_need() {
    let socket = TcpSocket::new_v4().unwrap();
    let text = panic_text(move || drop(socket.listen(1)));
    assert!(
        text.starts_with("TcpSocket::listen needs a running"),
        "{text}"
    );
    let std = std::net::TcpListener::bind(loopback()).unwrap();
    let text = panic_text(move || drop(TcpListener::from_std(std)));
    assert!(
        text.starts_with("TcpListener::from_std needs a running"),
        "{text}"
    );
}

#[test]
fn blocking_sockets_are_refused_by_every_from_std() {
    for_each_backend(async || {
        let std = std::net::TcpListener::bind(loopback()).unwrap();
        let stream = std::net::TcpStream::connect(std.local_addr().unwrap()).unwrap();
        let error = TcpStream::from_std(stream).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(
            error.to_string().contains("TcpStream is in blocking mode"),
            "{error}"
        );
        assert!(TcpListener::try_from(std).is_err());
        let udp = std::net::UdpSocket::bind(loopback()).unwrap();
        assert!(uring_rt::net::UdpSocket::try_from(udp).is_err());
    });
}

#[test]
fn a_file_that_is_no_socket_is_an_error() {
    for_each_backend(async || {
        let file = std::fs::File::open("/dev/null").unwrap();
        let socket = TcpSocket::from(OwnedFd::from(file));
        let bound = socket.bind(loopback()).unwrap_err();
        assert_eq!(bound.raw_os_error(), Some(libc::ENOTSOCK));
        let connected = socket.connect(loopback()).await.unwrap_err();
        assert_eq!(connected.raw_os_error(), Some(libc::ENOTSOCK));
    });
}
