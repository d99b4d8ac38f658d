//! Connecting to several addresses at once. The clock of these tests moves only while nothing else can happen, so times
//! are exact.

use std::io::ErrorKind;
use std::net::SocketAddr;

use uring_rt::net::{TcpListener, TcpSocket, TcpStream};
use uring_rt::time::{Duration, Instant, timeout};

use crate::support::{backends, paused_runtime};

fn on_each_backend_with_paused_time(test: impl AsyncFn()) {
    for (_, mut builder) in backends() {
        let runtime = builder.start_paused(true).build().unwrap();
        runtime.block_on(test());
    }
}

/// A listener that answers nobody any more: its backlog is full, so the kernel drops what comes.
struct Silent {
    address: SocketAddr,
    _listener: TcpListener,
    _waiting: TcpStream,
}

impl Silent {
    async fn new() -> Silent {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = socket.local_addr().unwrap();
        let listener = socket.listen(0).unwrap();
        // A backlog of zero holds one connection. No timeout finds that out: the paused clock would run ahead of a
        // machine that is slow to answer.
        let waiting = TcpStream::connect(address).await.unwrap();
        Silent {
            address,
            _listener: listener,
            _waiting: waiting,
        }
    }

    /// How many connects to it are under way: lines of proc(5) with its port and the state SYN_SENT. The kernel may take
    /// a second to write that table, so it is not asked on every backend.
    fn attempts(&self) -> usize {
        let table = std::fs::read_to_string("/proc/thread-self/net/tcp").unwrap();
        let port = format!(":{:04X}", self.address.port());
        let is_attempt = |line: &&str| {
            let columns: Vec<_> = line.split_ascii_whitespace().collect();
            columns[2].ends_with(&port) && columns[3] == "02"
        };
        table.lines().filter(is_attempt).count()
    }
}

/// An address where nobody listens.
async fn refusing(host: &str) -> SocketAddr {
    let listener = TcpListener::bind((host, 0)).await.unwrap();
    listener.local_addr().unwrap()
}

#[test]
fn an_address_that_is_silent_costs_a_quarter_of_a_second() {
    on_each_backend_with_paused_time(async || {
        let silent = Silent::new().await;
        let good = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addresses = [silent.address, good.local_addr().unwrap()];
        let start = Instant::now();
        let stream = TcpStream::connect(&addresses[..]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), addresses[1]);
        assert_eq!(start.elapsed(), Duration::from_millis(250));
        good.accept().await.unwrap();
    });
}

#[test]
fn each_further_address_has_its_quarter() {
    on_each_backend_with_paused_time(async || {
        let silent = [Silent::new().await, Silent::new().await];
        let good = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = good.local_addr().unwrap();
        let addresses = [silent[0].address, silent[1].address, good];
        let start = Instant::now();
        TcpStream::connect(&addresses[..]).await.unwrap();
        assert_eq!(start.elapsed(), Duration::from_millis(500));
    });
}

#[test]
fn an_address_that_refuses_costs_nothing() {
    on_each_backend_with_paused_time(async || {
        let good = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = good.local_addr().unwrap();
        let addresses = [
            refusing("127.0.0.1").await,
            refusing("127.0.0.2").await,
            good,
        ];
        let start = Instant::now();
        let stream = TcpStream::connect(&addresses[..]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), good);
        assert_eq!(start.elapsed(), Duration::ZERO);
    });
}

#[test]
fn a_failure_lets_the_next_begin_while_another_still_runs() {
    on_each_backend_with_paused_time(async || {
        let silent = Silent::new().await;
        let good = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = good.local_addr().unwrap();
        let addresses = [silent.address, refusing("127.0.0.1").await, good];
        let start = Instant::now();
        TcpStream::connect(&addresses[..]).await.unwrap();
        assert_eq!(start.elapsed(), Duration::from_millis(250));
    });
}

#[test]
fn the_other_family_is_tried_before_more_of_the_first() {
    on_each_backend_with_paused_time(async || {
        let Ok(good) = TcpListener::bind("[::1]:0").await else {
            skip("this machine has no IPv6");
            return;
        };
        let silent = Silent::new().await;
        let good = good.local_addr().unwrap();
        let addresses = [silent.address, silent.address, silent.address, good];
        let start = Instant::now();
        let stream = TcpStream::connect(&addresses[..]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), good);
        assert_eq!(start.elapsed(), Duration::from_millis(250));
    });
}

#[test]
fn when_all_fail_the_error_is_the_last_addresss() {
    on_each_backend_with_paused_time(async || {
        let refusing = refusing("127.0.0.1").await;
        let invalid: SocketAddr = "255.255.255.255:1".parse().unwrap();
        let error = TcpStream::connect(&[refusing, invalid][..])
            .await
            .unwrap_err();
        assert_ne!(error.kind(), ErrorKind::ConnectionRefused, "{error}");
        let error = TcpStream::connect(&[invalid, refusing][..])
            .await
            .unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ECONNREFUSED));
        let none = TcpStream::connect(&[][..]).await.unwrap_err();
        assert_eq!(none.kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn the_losers_are_closed_and_so_are_all_when_the_connect_is_dropped() {
    paused_runtime().block_on(async {
        let silent = Silent::new().await;
        let good = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addresses = [silent.address, good.local_addr().unwrap()];
        let _winner = TcpStream::connect(&addresses[..]).await.unwrap();
        let addresses = [silent.address; 3];
        let connect = TcpStream::connect(&addresses[..]);
        assert!(timeout(Duration::from_secs(2), connect).await.is_err());
        assert_eq!(silent.attempts(), 0);
    });
}

#[test]
fn one_address_is_one_attempt_for_as_long_as_it_takes() {
    paused_runtime().block_on(async {
        let silent = Silent::new().await;
        let connect = TcpStream::connect(silent.address);
        assert!(timeout(Duration::from_millis(600), connect).await.is_err());
    });
}

#[expect(clippy::print_stderr, reason = "nothing is left out silently")]
fn skip(reason: &str) {
    eprintln!("skipped: {reason}");
}
