//! Names and addresses.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4};
use std::sync::mpsc;

use futures_util::{FutureExt, poll};
use uring_rt::net::{TcpListener, ToSocketAddrs, UdpSocket, lookup_host};
use uring_rt::task::{spawn_blocking, yield_now};

use crate::support::{backends, for_each_backend};

async fn all(name: impl ToSocketAddrs) -> Vec<SocketAddr> {
    lookup_host(name).await.unwrap().collect()
}

#[test]
fn everything_that_names_an_address_is_taken_as_it_is() {
    for_each_backend(async || {
        let v4: SocketAddr = "127.0.0.1:80".parse().unwrap();
        let v6: SocketAddr = "[::1]:80".parse().unwrap();
        assert_eq!(all(v4).await, [v4]);
        assert_eq!(all(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 80)).await, [v4]);
        assert_eq!(all((IpAddr::from(Ipv4Addr::LOCALHOST), 80)).await, [v4]);
        assert_eq!(all((Ipv6Addr::LOCALHOST, 80)).await, [v6]);
        assert_eq!(all(&[v6, v4][..]).await, [v6, v4]);
        assert_eq!(all(String::from("127.0.0.1:80")).await, [v4]);
        for name in ["::1", "[::1]"] {
            assert_eq!(all((name, 80)).await, [v6]);
            assert_eq!(all((name.to_owned(), 80)).await, [v6]);
        }
        let at_once = lookup_host("[::1]:80").now_or_never();
        assert!(at_once.is_some(), "nobody is asked for an address");
    });
}

#[test]
fn what_is_no_name_is_an_error_of_every_call_that_takes_one() {
    for_each_backend(async || {
        for name in ["", "127.0.0.1", "localhost:", "localhost:65536", ":"] {
            let error = lookup_host(name).await.map(drop).unwrap_err();
            let expected = (name != ":").then_some(ErrorKind::InvalidInput);
            assert!(expected.is_none_or(|kind| error.kind() == kind), "{name:?}");
        }
        let error = TcpListener::bind("no port").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        let error = UdpSocket::bind("no port").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn a_lookup_that_takes_its_time_does_not_hold_the_loop() {
    for (_, mut builder) in backends() {
        let runtime = builder.max_blocking_threads(1).build().unwrap();
        runtime.block_on(async {
            // The pool's only thread is busy, so the resolver's answer cannot come before this is released.
            let (release, released) = mpsc::channel::<()>();
            let busy = spawn_blocking(move || released.recv());
            let mut lookup = Box::pin(lookup_host("localhost:80"));
            for _ in 0..100 {
                assert!(poll!(lookup.as_mut()).is_pending());
                yield_now().await;
            }
            release.send(()).unwrap();
            busy.await.unwrap().unwrap();
            let mut found = lookup.await.unwrap();
            assert!(found.all(|address| address.ip().is_loopback() && address.port() == 80));
        });
    }
}
