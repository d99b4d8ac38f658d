//! Listeners: many acceptors, dropped futures, the port afterwards.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use futures_util::{AsyncReadExt, AsyncWriteExt, FutureExt};
use uring_rt::net::{TcpListener, TcpStream};
use uring_rt::task::{JoinSet, yield_now};

use crate::child::in_child;
use crate::support::{for_each_backend, foreign_block_on};

#[test]
fn several_tasks_accept_and_each_connection_goes_to_one() {
    for_each_backend(async || {
        const CONNECTIONS: usize = 64;
        let listener = Rc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
        let address = listener.local_addr().unwrap();
        let mut acceptors = JoinSet::new();
        for _ in 0..8 {
            let listener = Rc::clone(&listener);
            acceptors.spawn(async move {
                let mut accepted = Vec::new();
                for _ in 0..CONNECTIONS / 8 {
                    accepted.push(listener.accept().await.unwrap());
                }
                accepted
            });
        }
        yield_now().await;
        let mut clients = JoinSet::new();
        for _ in 0..CONNECTIONS {
            clients.spawn(TcpStream::connect(address));
        }
        let local = |stream: std::io::Result<TcpStream>| {
            let stream = stream.unwrap();
            let local = stream.local_addr().unwrap();
            (local, stream)
        };
        let clients: Vec<_> = clients.join_all().await.into_iter().map(local).collect();
        let accepted: Vec<_> = acceptors.join_all().await.into_iter().flatten().collect();
        let mut ours: Vec<_> = clients.iter().map(|(local, _)| *local).collect();
        let mut theirs: Vec<_> = accepted.iter().map(|(_, peer)| *peer).collect();
        ours.sort_unstable();
        theirs.sort_unstable();
        assert_eq!(ours, theirs);
    });
}

#[test]
fn poll_accept_is_accept() {
    for_each_backend(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = uring_rt::spawn(TcpStream::connect(address));
        let (mut stream, peer) = poll_fn(|cx| listener.poll_accept(cx)).await.unwrap();
        let mut client = client.await.unwrap().unwrap();
        assert_eq!(client.local_addr().unwrap(), peer);
        stream.write_all(b"hi").await.unwrap();
        client.read_exact(&mut [0; 2]).await.unwrap();
    });
}

#[test]
fn a_dropped_accept_loses_no_connection() {
    for_each_backend(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut clients = Vec::new();
        for round in 0..20 {
            {
                // Armed, perhaps even ready, and dropped.
                let mut accept = pin!(listener.accept());
                poll_fn(|cx| {
                    assert!(accept.as_mut().poll(cx).is_pending());
                    Poll::Ready(())
                })
                .await;
                yield_now().await;
                clients.push(TcpStream::connect(address).await.unwrap());
                if round % 2 == 0 {
                    yield_now().await;
                }
            }
            let (_, peer) = listener.accept().await.unwrap();
            assert_eq!(peer, clients.last().unwrap().local_addr().unwrap());
        }
    });
}

#[test]
fn a_dropped_listener_frees_its_port_at_once() {
    in_child("accept::a_dropped_listener_frees_its_port_at_once", || {
        for_each_backend(async || {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let taken = TcpListener::bind(address).await.unwrap_err();
            assert_eq!(taken.kind(), ErrorKind::AddrInUse);
            assert!(listener.accept().now_or_never().is_none());
            yield_now().await;
            drop(listener);
            std::net::TcpListener::bind(address).expect("the port is free");
            let again = TcpListener::bind(address).await.unwrap();
            let task = uring_rt::spawn(async move { again.accept().await.map(drop) });
            yield_now().await;
            task.abort();
            task.await.unwrap_err();
            std::net::TcpListener::bind(address).expect("free after an abort, too");
        })
    });
}

#[test]
fn a_listener_goes_to_std_and_back() {
    for_each_backend(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        listener.set_ttl(33).unwrap();
        assert_eq!(listener.ttl().unwrap(), 33);
        let std = listener.into_std().unwrap();
        assert_eq!(std.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
        let listener = TcpListener::from_std(std).unwrap();
        let client = TcpStream::connect(address).await.unwrap();
        let (_, peer) = listener.accept().await.unwrap();
        assert_eq!(peer, client.local_addr().unwrap());
    });
}

#[test]
fn a_port_that_is_taken_or_not_ours_is_an_error_of_bind() {
    for_each_backend(async || {
        let elsewhere = TcpListener::bind("192.0.2.1:0").await.unwrap_err();
        assert_eq!(elsewhere.kind(), ErrorKind::AddrNotAvailable);
        let no_port = TcpListener::bind("127.0.0.1").await.unwrap_err();
        assert_eq!(no_port.kind(), ErrorKind::InvalidInput);
        let both: [std::net::SocketAddr; 2] = [
            "192.0.2.1:0".parse().unwrap(),
            "127.0.0.1:0".parse().unwrap(),
        ];
        let listener = TcpListener::bind(&both[..]).await.unwrap();
        assert!(listener.local_addr().unwrap().ip().is_loopback());
    });
}

#[test]
fn a_listener_that_is_closed_on_another_thread_frees_its_port() {
    for_each_backend(async || {
        for _ in 0..10 {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            // Armed, and not waited for any more.
            let waits = uring_rt::time::timeout(Duration::from_micros(100), listener.accept());
            waits.await.unwrap_err();
            let bound = uring_rt::task::spawn_blocking(move || {
                foreign_block_on(listener.close())?;
                std::net::TcpListener::bind(address)
            });
            drop(bound.await.unwrap().unwrap());
        }
    });
}
