//! `quic_echo`. No program of Debian's speaks QUIC to such a server, so the clients are quinn's own.

use std::fs;
use std::net::UdpSocket;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use ecosystem_examples::quic::Runtime;
use ecosystem_examples::tls::roots;
use futures_util::join;
use quinn::{ClientConfig, Connection, ConnectionError, Endpoint, EndpointConfig};
use uring_rt::runtime::{Backend, Builder};
use uring_rt::task::JoinSet;
use uring_rt::time::{Duration, timeout};

use crate::support::{Server, for_each_backend, pattern};

const SERVER: &str = env!("CARGO_BIN_EXE_quic_echo");

/// A client on the current runtime.
fn client(certificate: &Path) -> Endpoint {
    let roots = roots(&fs::read_to_string(certificate).unwrap()).unwrap();
    let config = ClientConfig::with_root_certificates(Arc::new(roots)).unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let runtime = Runtime::current();
    let mut endpoint = Endpoint::new(EndpointConfig::default(), None, socket, runtime).unwrap();
    endpoint.set_default_client_config(config);
    endpoint
}

async fn echo(connection: &Connection, sent: &[u8]) {
    let (mut send, mut receive) = connection.open_bi().await.unwrap();
    let write = async {
        send.write_all(sent).await.unwrap();
        send.finish().unwrap();
    };
    let ((), received) = join!(write, receive.read_to_end(usize::MAX));
    assert!(received.unwrap() == sent);
}

fn for_each_server(test: impl Fn(&str, Server, &Path)) {
    let folder = tempfile::tempdir().unwrap();
    let certificate = folder.path().join("certificate.pem");
    for_each_backend(|backend| {
        let server = Server::start(SERVER, &[certificate.to_str().unwrap()], backend);
        test(backend, server, &certificate);
    });
}

#[test]
fn streams_come_back_and_a_stop_is_announced() {
    for_each_server(|backend, server, certificate| {
        let backend = if backend == "epoll" {
            Backend::Epoll
        } else {
            Backend::Auto
        };
        let runtime = Builder::new().backend(backend).build().unwrap();
        runtime.block_on(async {
            let endpoint = client(certificate);
            let connecting = endpoint.connect(server.address, "localhost").unwrap();
            let connection = connecting.await.unwrap();
            echo(&connection, b"").await;
            let mut streams = JoinSet::new();
            for n in 0..8 {
                let connection = connection.clone();
                streams.spawn(async move { echo(&connection, &pattern(100_000 * n)).await });
            }
            streams.join_all().await;

            server.terminate();
            let ConnectionError::ApplicationClosed(goodbye) = connection.closed().await else {
                panic!("no goodbye");
            };
            assert_eq!(goodbye.reason, "the server stops");
            endpoint.wait_idle().await;
        });
        assert!(server.wait().success());
    });
}

#[test]
fn a_connection_is_used_by_a_thread_that_runs_no_runtime() {
    for_each_server(|_, server, certificate| {
        let runtime = Builder::new().build().unwrap();
        let endpoint = runtime.block_on(async { client(certificate) });
        let (address, handle) = (server.address, runtime.handle().clone());
        // Timers are made, reset and dropped there, and sockets polled.
        let other = thread::spawn(move || {
            handle.block_on(async {
                let connection = endpoint
                    .connect(address, "localhost")
                    .unwrap()
                    .await
                    .unwrap();
                echo(&connection, &pattern(300_000)).await;
                connection.close(0_u32.into(), b"");
                endpoint.wait_idle().await;
            });
        });
        runtime.block_on(async {
            let joined = uring_rt::task::spawn_blocking(|| other.join());
            joined.await.unwrap().unwrap();
        });
        server.stop();
    });
}

#[test]
fn a_peer_that_is_not_there_is_given_up_by_a_timer() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = folder.path().join("certificate.pem");
    let pem = ecosystem_examples::tls::Identity::generate().unwrap().pem;
    fs::write(&certificate, pem).unwrap();
    // Half a minute, of a clock that moves on when there is nothing else to do.
    let runtime = Builder::new().start_paused(true).build().unwrap();
    runtime.block_on(async {
        // Takes datagrams and does not answer.
        let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
        let endpoint = client(&certificate);
        let connecting = endpoint
            .connect(silent.local_addr().unwrap(), "localhost")
            .unwrap();
        let outcome = timeout(Duration::from_secs(3600), connecting).await;
        assert_eq!(outcome.unwrap().unwrap_err(), ConnectionError::TimedOut);
    });
}
