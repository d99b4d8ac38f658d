//! Every byte of many connections comes back.

use std::io;
use std::net::SocketAddr;

use futures_util::{AsyncReadExt, AsyncWriteExt};
use uring_rt::net::{TcpListener, TcpStream};
use uring_rt::task::JoinSet;

use crate::support::{echo, for_each_backend, pattern};

/// Sends three messages, each after the answer to the last, and checks the end as well.
async fn client(address: SocketAddr, seed: usize) -> io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    for round in 0..3 {
        let sent = pattern(seed * 3 + round, 1 + (seed * 977 + round * 4099) % 6000);
        let mut answer = vec![0; sent.len()];
        stream.write_all(&sent).await?;
        stream.read_exact(&mut answer).await?;
        assert!(answer == sent, "client {seed}, round {round}");
    }
    stream.close().await?;
    assert_eq!(stream.read(&mut [0; 1]).await?, 0);
    Ok(())
}

async fn echo_with_clients(count: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = uring_rt::spawn(async move {
        let mut connections = JoinSet::new();
        for _ in 0..count {
            connections.spawn(echo(listener.accept().await.unwrap().0));
        }
        connections.join_all().await
    });
    let mut clients = JoinSet::new();
    for seed in 0..count {
        clients.spawn(client(address, seed));
    }
    for ended in clients.join_all().await {
        ended.unwrap();
    }
    assert_eq!(server.await.unwrap().into_iter().flatten().count(), count);
}

#[test]
fn one_client_gets_its_bytes_back() {
    for_each_backend(async || echo_with_clients(1).await);
}

#[test]
fn sixty_four_clients_get_their_bytes_back() {
    for_each_backend(async || echo_with_clients(64).await);
}

#[test]
fn a_thousand_clients_get_their_bytes_back() {
    for_each_backend(async || echo_with_clients(1000).await);
}
