//! One address for all shards.

use std::io::{ErrorKind, Read};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, mpsc};

use futures_util::AsyncWriteExt;
use futures_util::future::{Either, select};
use uring_rt::net::TcpListener;
use uring_rt::runtime::{Backend, is_rt_shutdown_err};
use uring_rt::shard::{self, Builder, stopping};

use super::{FALLS, LONG, for_each_backend, wait};

/// Tells each client which shard it has met; how many there were.
async fn tell_which(listener: TcpListener) -> usize {
    let which = u8::try_from(shard::current().unwrap()).unwrap();
    let mut count = 0;
    loop {
        match select(Box::pin(listener.accept()), stopping()).await {
            Either::Left((accepted, _)) => {
                let (mut stream, _peer) = accepted.unwrap();
                stream.write_all(&[which]).await.unwrap();
                count += 1;
            }
            Either::Right(_) => return count,
        }
    }
}

fn ask(address: SocketAddr) -> usize {
    let mut which = [0];
    let mut stream = TcpStream::connect(address).unwrap();
    stream.read_exact(&mut which).unwrap();
    which[0].into()
}

#[test]
fn every_shard_gets_connections_and_counts_its_own() {
    const COUNT: usize = 3;
    for_each_backend(COUNT, |shards| {
        let listeners = shards.listen("localhost:0").unwrap();
        let address = listeners.local_addr();
        let servers = listeners.serve(tell_which);
        let mut met = [0; COUNT];
        // Dealt by a hash: that one is left out of a thousand is as good as impossible.
        for _ in 0..1000 {
            met[ask(address)] += 1;
            if met.iter().all(|&count| count > 0) {
                break;
            }
        }
        assert!(met.iter().all(|&count| count > 0), "{met:?}");
        shards.shutdown(LONG).unwrap();
        let counted: Vec<usize> = servers.into_iter().map(wait).collect();
        assert_eq!(counted, met);
        let refused = TcpStream::connect(address).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    });
}

#[test]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn listeners_share_an_address_of_version_6_as_well() {
    for_each_backend(2, |shards| match shards.listen("[::1]:0") {
        Err(error) => println!("skipped: this machine has no IPv6: {error}"),
        Ok(listeners) => {
            let address = listeners.local_addr();
            assert_ne!(address.port(), 0);
            listeners.serve(tell_which);
            assert!(ask(address) < 2);
        }
    });
}

#[test]
fn an_address_that_somebody_has_for_himself_is_refused() {
    for_each_backend(2, |shards| {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let error = shards.listen(taken.local_addr().unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        let error = shards.listen("no address").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn connections_go_to_the_shards_that_still_listen() {
    for_each_backend(2, |shards| {
        let listeners = shards.listen("127.0.0.1:0").unwrap();
        let address = listeners.local_addr();
        let mut servers = listeners.serve(tell_which);
        let first = servers.remove(0);
        first.abort();
        assert!(
            uring_rt::runtime::Runtime::new()
                .unwrap()
                .block_on(first)
                .is_err()
        );
        for _ in 0..50 {
            assert_eq!(ask(address), 1);
        }
        shards.shutdown(LONG).unwrap();
    });
}

#[test]
fn a_shard_that_fell_before_is_left_out_be_it_the_first() {
    for backend in [Backend::Auto, Backend::Epoll] {
        let (tell, told) = mpsc::channel();
        let mut builder = Builder::new();
        builder.shards(2).runtime(move |_, runtime| {
            runtime
                .backend(backend)
                .on_thread_park(|| assert!(!FALLS.get(), "bad day"));
        });
        builder.on_shard_panic(move |panic| tell.send(panic.shard()).unwrap());
        let shards = builder.build().unwrap();
        drop(shards.spawn_on(0, async || FALLS.set(true)));
        assert_eq!(told.recv(), Ok(0));
        let listeners = shards.listen("127.0.0.1:0").unwrap();
        let address = listeners.local_addr();
        assert_eq!(listeners.serve(tell_which).len(), 1);
        for _ in 0..20 {
            assert_eq!(ask(address), 1);
        }
        drop(shards.spawn_on(1, async || FALLS.set(true)));
        assert_eq!(told.recv(), Ok(1));
        let error = shards.listen("127.0.0.1:0").unwrap_err();
        assert!(is_rt_shutdown_err(&error), "{error}");
    }
}

#[test]
fn a_task_of_a_shard_may_open_the_listeners_of_all() {
    for_each_backend(2, |shards| {
        let shards = Arc::new(shards);
        let theirs = Arc::clone(&shards);
        let address = shards.spawn_on(1, || async move {
            let listeners = theirs.listen("127.0.0.1:0").unwrap();
            let address = listeners.local_addr();
            assert_eq!(listeners.serve(tell_which).len(), 2);
            address
        });
        assert!(ask(wait(address)) < 2);
        Arc::into_inner(shards).unwrap().shutdown(LONG).unwrap();
    });
}
