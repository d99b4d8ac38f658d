//! Datagrams.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::rc::Rc;

use futures_util::FutureExt;
use uring_rt::io::Interest;
use uring_rt::net::UdpSocket;
use uring_rt::task::{JoinSet, yield_now};

use crate::support::for_each_backend;

async fn pair() -> (UdpSocket, UdpSocket) {
    let one = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let other = UdpSocket::bind(("127.0.0.1", 0)).await.unwrap();
    (one, other)
}

async fn connected_pair() -> (UdpSocket, UdpSocket) {
    let (one, other) = pair().await;
    one.connect(other.local_addr().unwrap()).await.unwrap();
    other.connect(one.local_addr().unwrap()).await.unwrap();
    (one, other)
}

#[test]
fn a_datagram_arrives_whole_with_its_sender() {
    for_each_backend(async || {
        let (one, other) = pair().await;
        let (from, to) = (one.local_addr().unwrap(), other.local_addr().unwrap());
        let mut buffer = [0; 2000];
        assert!(other.recv_from(&mut buffer).now_or_never().is_none());
        for len in [1, 0, 1400, 7] {
            let sent = crate::support::pattern(len, len);
            assert_eq!(one.send_to(&sent, to).await.unwrap(), len);
            assert_eq!(other.recv_from(&mut buffer).await.unwrap(), (len, from));
            assert!(buffer[..len] == sent);
        }
        one.send_to(b"by name", ("127.0.0.1", to.port()))
            .await
            .unwrap();
        assert_eq!(other.recv(&mut buffer).await.unwrap(), 7);
    });
}

#[test]
fn peeking_leaves_the_datagram_there() {
    for_each_backend(async || {
        let (one, other) = pair().await;
        let (from, to) = (one.local_addr().unwrap(), other.local_addr().unwrap());
        one.send_to(b"look", to).await.unwrap();
        let mut buffer = [0; 8];
        for _ in 0..2 {
            assert_eq!(other.peek_from(&mut buffer).await.unwrap(), (4, from));
        }
        assert_eq!(other.recv_from(&mut buffer).await.unwrap(), (4, from));
        assert!(other.peek_from(&mut buffer).now_or_never().is_none());
    });
}

#[test]
fn a_connected_socket_hears_only_its_peer() {
    for_each_backend(async || {
        let (one, other) = connected_pair().await;
        let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        stranger
            .send_to(b"no", other.local_addr().unwrap())
            .await
            .unwrap();
        one.send(b"yes").await.unwrap();
        let mut buffer = [0; 8];
        assert_eq!(other.recv(&mut buffer).await.unwrap(), 3);
        assert_eq!(other.peer_addr().unwrap(), one.local_addr().unwrap());
        assert!(other.recv(&mut buffer).now_or_never().is_none());
    });
}

#[test]
fn polls_do_what_the_futures_do() {
    for_each_backend(async || {
        let (one, other) = connected_pair().await;
        let mut buffer = [0; 8];
        poll_fn(|cx| one.poll_send(cx, b"one")).await.unwrap();
        assert_eq!(
            poll_fn(|cx| other.poll_recv(cx, &mut buffer))
                .await
                .unwrap(),
            3
        );
        let (one, other) = pair().await;
        let (from, to) = (one.local_addr().unwrap(), other.local_addr().unwrap());
        poll_fn(|cx| one.poll_send_to(cx, b"four", to))
            .await
            .unwrap();
        let received = poll_fn(|cx| other.poll_recv_from(cx, &mut buffer)).await;
        assert_eq!(received.unwrap(), (4, from));
    });
}

#[test]
fn trying_needs_a_wait_first() {
    for_each_backend(async || {
        let (one, other) = pair().await;
        let (from, to) = (one.local_addr().unwrap(), other.local_addr().unwrap());
        let mut buffer = [0; 8];
        let early = other.try_recv_from(&mut buffer).unwrap_err();
        assert_eq!(early.kind(), ErrorKind::WouldBlock);
        one.writable().await.unwrap();
        one.try_send_to(b"x", to).unwrap();
        assert!(other.ready(Interest::READABLE).await.unwrap().is_readable());
        other.readable().await.unwrap();
        assert_eq!(other.try_recv_from(&mut buffer).unwrap(), (1, from));
        let empty = other.try_recv_from(&mut buffer).unwrap_err();
        assert_eq!(empty.kind(), ErrorKind::WouldBlock);
        assert!(other.readable().now_or_never().is_none());
    });
}

#[test]
fn several_tasks_receive_and_each_datagram_goes_to_one() {
    for_each_backend(async || {
        let (one, other) = pair().await;
        let to = other.local_addr().unwrap();
        let other = Rc::new(other);
        let mut receivers = JoinSet::new();
        for _ in 0..8 {
            let other = Rc::clone(&other);
            receivers.spawn(async move {
                let mut seen = Vec::new();
                for _ in 0..8 {
                    let mut byte = [0];
                    assert_eq!(other.recv(&mut byte).await.unwrap(), 1);
                    seen.push(byte[0]);
                }
                seen
            });
        }
        for n in 0..64 {
            one.send_to(&[n], to).await.unwrap();
            if n % 5 == 0 {
                yield_now().await;
            }
        }
        let mut seen: Vec<u8> = receivers.join_all().await.into_iter().flatten().collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..64).collect::<Vec<u8>>());
    });
}

#[test]
fn a_port_where_nobody_is_refuses_later_calls() {
    for_each_backend(async || {
        let (one, other) = connected_pair().await;
        drop(other);
        one.send(b"x").await.unwrap();
        let error = one.recv(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert!(one.take_error().unwrap().is_none(), "it was taken");
    });
}

#[test]
fn a_socket_goes_to_std_and_back() {
    for_each_backend(async || {
        let (one, other) = pair().await;
        let to = other.local_addr().unwrap();
        let std = one.into_std().unwrap();
        std.send_to(b"std", to).unwrap();
        assert_eq!(other.recv(&mut [0; 8]).await.unwrap(), 3);
        let one = UdpSocket::from_std(std).unwrap();
        one.send_to(b"back", to).await.unwrap();
        assert_eq!(other.recv(&mut [0; 8]).await.unwrap(), 4);
    });
}
