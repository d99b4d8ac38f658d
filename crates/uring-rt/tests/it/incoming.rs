//! Connections as a stream, and the errors of accept(2) that it knows.

use std::pin::pin;
use std::task::Poll;

use futures_util::{FutureExt, StreamExt, poll};
use uring_rt::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use uring_rt::task::{JoinSet, yield_now};
use uring_rt::time::{Duration, Instant};

use crate::seccomp::under_filter;
use crate::support::{for_each_backend, paused_runtime};
use crate::unix::fresh_name;

#[test]
fn every_connection_is_an_item() {
    for_each_backend(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut clients = JoinSet::new();
        for _ in 0..20 {
            clients.spawn(TcpStream::connect(address));
        }
        let served = listener.incoming().take(20).map(Result::unwrap);
        let streams: Vec<TcpStream> = served.collect().await;
        let mut peers: Vec<_> = streams.iter().map(|s| s.peer_addr().unwrap()).collect();
        let clients: Vec<_> = clients.join_all().await;
        let mut locals: Vec<_> = clients
            .iter()
            .map(|client| client.as_ref().unwrap().local_addr().unwrap())
            .collect();
        peers.sort_unstable();
        locals.sort_unstable();
        assert_eq!(peers, locals);
        assert!(listener.incoming().next().now_or_never().is_none());
    });
}

#[test]
fn unix_listeners_have_it_too() {
    for_each_backend(async || {
        let name = fresh_name();
        let listener = UnixListener::bind(&name).unwrap();
        let _client = UnixStream::connect(&name).await.unwrap();
        let stream = listener.incoming().next().await.unwrap().unwrap();
        assert!(stream.peer_addr().unwrap().is_unnamed());
    });
}

#[test]
fn without_descriptors_it_pauses_and_does_not_spin() {
    under_filter(libc::SYS_accept4, libc::EMFILE, || {
        // The clock is one of tests: it moves only while nothing else can happen.
        paused_runtime().block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let _client = TcpStream::connect(address).await.unwrap();
            let start = Instant::now();
            let mut incoming = listener.incoming();
            let mut next = pin!(incoming.next());
            for _ in 0..100 {
                assert!(poll!(next.as_mut()).is_pending());
                yield_now().await;
            }
            let waited = uring_rt::time::timeout(Duration::from_secs(10), next).await;
            assert!(waited.is_err(), "the connection stays in the backlog");
            assert!(start.elapsed() >= Duration::from_secs(10));
        });
    });
}

#[test]
fn an_error_of_the_listener_is_an_item() {
    under_filter(libc::SYS_accept4, libc::EPERM, || {
        uring_rt::runtime::Runtime::new().unwrap().block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let _client = TcpStream::connect(listener.local_addr().unwrap())
                .await
                .unwrap();
            let mut incoming = listener.incoming();
            for _ in 0..2 {
                let error = incoming.next().await.unwrap().unwrap_err();
                assert_eq!(error.raw_os_error(), Some(libc::EPERM));
            }
        });
    });
}

#[test]
fn a_dropped_stream_of_connections_loses_none() {
    for_each_backend(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut incoming = listener.incoming();
        let polled = std::future::poll_fn(|cx| Poll::Ready(incoming.poll_next_unpin(cx))).await;
        assert!(polled.is_pending());
        let client = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        drop(incoming);
        let (_, peer) = listener.accept().await.unwrap();
        assert_eq!(peer, client.local_addr().unwrap());
    });
}
