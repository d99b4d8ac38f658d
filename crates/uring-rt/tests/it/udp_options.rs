//! Options, multicast, sizes and the other ways to look at a datagram.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::Ipv4Addr;

use futures_util::FutureExt;
use uring_rt::io::Interest;
use uring_rt::net::UdpSocket;
use uring_rt::task::{JoinSet, yield_now};

use crate::support::{for_each_backend, pattern};

async fn pair() -> (UdpSocket, UdpSocket) {
    let one = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let other = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    one.connect(other.local_addr().unwrap()).await.unwrap();
    other.connect(one.local_addr().unwrap()).await.unwrap();
    (one, other)
}

#[test]
fn options_are_the_kernels() {
    for_each_backend(async || {
        let (socket, _) = pair().await;
        for on in [true, false] {
            socket.set_broadcast(on).unwrap();
            socket.set_multicast_loop_v4(on).unwrap();
            assert_eq!(socket.broadcast().unwrap(), on);
            assert_eq!(socket.multicast_loop_v4().unwrap(), on);
        }
        socket.set_multicast_ttl_v4(4).unwrap();
        socket.set_ttl(5).unwrap();
        socket.set_tos_v4(16).unwrap();
        let got = [socket.multicast_ttl_v4(), socket.ttl(), socket.tos_v4()];
        assert_eq!(got.map(Result::unwrap), [4, 5, 16]);
        socket.bind_device(Some(b"lo")).unwrap();
        assert_eq!(socket.device().unwrap().as_deref(), Some(&b"lo"[..]));
        assert!(socket.take_error().unwrap().is_none());
        let wrong_family = socket.tclass_v6().unwrap_err();
        assert!(wrong_family.raw_os_error().is_some(), "{wrong_family}");
    });
}

#[test]
fn without_the_option_a_broadcast_is_refused() {
    for_each_backend(async || {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let refused = socket.send_to(b"x", "127.255.255.255:9").await.unwrap_err();
        assert_eq!(refused.raw_os_error(), Some(libc::EACCES));
        socket.set_broadcast(true).unwrap();
        socket.send_to(b"x", "127.255.255.255:9").await.unwrap();
    });
}

#[test]
fn a_member_of_a_group_hears_it_until_it_leaves() {
    for_each_backend(async || {
        let (group, interface) = (Ipv4Addr::new(239, 255, 7, 7), Ipv4Addr::LOCALHOST);
        let member = UdpSocket::bind("0.0.0.0:0").await.unwrap();
        let port = member.local_addr().unwrap().port();
        member.join_multicast_v4(group, interface).unwrap();
        let twice = member.join_multicast_v4(group, interface).unwrap_err();
        assert_eq!(twice.kind(), ErrorKind::AddrInUse);
        let sender =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).unwrap();
        sender.set_multicast_if_v4(&interface).unwrap();
        sender.set_nonblocking(true).unwrap();
        let sender = UdpSocket::from_std(sender.into()).unwrap();
        sender.send_to(b"to all", (group, port)).await.unwrap();
        assert_eq!(member.recv(&mut [0; 8]).await.unwrap(), 6);
        member.leave_multicast_v4(group, interface).unwrap();
        let gone = member.leave_multicast_v4(group, interface).unwrap_err();
        assert_eq!(gone.kind(), ErrorKind::AddrNotAvailable);
    });
}

#[test]
fn every_way_to_peek_leaves_the_datagram_there() {
    for_each_backend(async || {
        let (one, other) = pair().await;
        let from = one.local_addr().unwrap();
        let mut buffer = [0; 8];
        for early in [
            other.try_peek(&mut buffer).map(drop),
            other.try_peek_from(&mut buffer).map(drop),
            other.try_peek_sender().map(drop),
        ] {
            assert_eq!(early.unwrap_err().kind(), ErrorKind::WouldBlock);
        }
        one.send(b"look").await.unwrap();
        assert_eq!(other.peek(&mut buffer[..2]).await.unwrap(), 2);
        assert_eq!(other.peek_sender().await.unwrap(), from);
        assert_eq!(other.try_peek(&mut buffer).unwrap(), 4);
        assert_eq!(other.try_peek_from(&mut buffer).unwrap(), (4, from));
        assert_eq!(other.try_peek_sender().unwrap(), from);
        let count = poll_fn(|cx| other.poll_peek(cx, &mut buffer)).await;
        assert_eq!(count.unwrap(), 4);
        let peeked = poll_fn(|cx| other.poll_peek_from(cx, &mut buffer)).await;
        assert_eq!(peeked.unwrap(), (4, from));
        let sender = poll_fn(|cx| other.poll_peek_sender(cx)).await;
        assert_eq!(sender.unwrap(), from);
        assert_eq!(other.try_recv(&mut buffer).unwrap(), 4);
        assert!(other.peek_sender().now_or_never().is_none());
    });
}

#[test]
fn what_does_not_fit_is_lost_an_empty_datagram_is_one_and_a_huge_one_an_error() {
    for_each_backend(async || {
        let (one, other) = pair().await;
        for datagram in [&pattern(1, 1000)[..], b"", b"next"] {
            one.send(datagram).await.unwrap();
        }
        let mut buffer = [0; 10];
        assert_eq!(other.recv(&mut buffer).await.unwrap(), 10);
        assert!(buffer[..] == pattern(1, 1000)[..10]);
        assert_eq!(other.recv(&mut []).await.unwrap(), 0);
        assert_eq!(other.recv(&mut buffer).await.unwrap(), 4);
        let largest = pattern(2, 65_507);
        one.send(&largest).await.unwrap();
        let mut received = vec![0; 1 << 20];
        assert_eq!(other.recv(&mut received).await.unwrap(), largest.len());
        assert!(received[..largest.len()] == largest);
        let huge = one.send(&received).await.unwrap_err();
        assert_eq!(huge.raw_os_error(), Some(libc::EMSGSIZE));
    });
}

#[test]
fn bad_addresses_and_missing_peers_are_errors_of_the_right_kind() {
    for_each_backend(async || {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let invalid = socket.send_to(b"x", "no port").await.unwrap_err();
        assert_eq!(invalid.kind(), ErrorKind::InvalidInput);
        let nobody: [std::net::SocketAddr; 0] = [];
        let none = socket.send_to(b"x", &nobody[..]).await.unwrap_err();
        assert_eq!(none.kind(), ErrorKind::InvalidInput);
        let unconnected = socket.send(b"x").await.unwrap_err();
        assert_eq!(unconnected.raw_os_error(), Some(libc::EDESTADDRREQ));
        assert_eq!(
            socket.peer_addr().unwrap_err().kind(),
            ErrorKind::NotConnected
        );
        let taken = UdpSocket::bind(socket.local_addr().unwrap())
            .await
            .unwrap_err();
        assert_eq!(taken.kind(), ErrorKind::AddrInUse);
        let wrong_family = socket.send_to(b"x", "[::1]:9").await.unwrap_err();
        assert_eq!(wrong_family.raw_os_error(), Some(libc::EAFNOSUPPORT));
    });
}

#[test]
fn readers_and_writers_share_a_socket() {
    for_each_backend(async || {
        let (one, other) = pair().await;
        let (one, other) = (std::rc::Rc::new(one), std::rc::Rc::new(other));
        let mut tasks = JoinSet::new();
        for n in 0..8_u8 {
            let other = std::rc::Rc::clone(&other);
            tasks.spawn(async move {
                let mut buffer = [0; 1];
                other.ready(Interest::READABLE).await.unwrap();
                other.recv(&mut buffer).await.unwrap();
                buffer[0]
            });
            let one = std::rc::Rc::clone(&one);
            tasks.spawn(async move {
                yield_now().await;
                one.send(&[n]).await.unwrap();
                u8::MAX
            });
        }
        let mut seen: Vec<_> = tasks.join_all().await;
        seen.sort_unstable();
        assert_eq!(seen[..8], [0, 1, 2, 3, 4, 5, 6, 7]);
    });
}

#[cfg(feature = "tokio-io")]
#[test]
fn a_read_buf_counts_for_itself() {
    for_each_backend(async || {
        let (one, other) = pair().await;
        let mut space = [0; 8];
        let mut buffer = tokio::io::ReadBuf::new(&mut space);
        one.send(b"one").await.unwrap();
        let () = poll_fn(|cx| other.poll_recv(cx, &mut buffer))
            .await
            .unwrap();
        one.send(b"two").await.unwrap();
        let from = poll_fn(|cx| other.poll_recv_from(cx, &mut buffer)).await;
        assert_eq!(from.unwrap(), one.local_addr().unwrap());
        assert_eq!(buffer.filled(), b"onetwo");
    });
}
