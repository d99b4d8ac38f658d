//! Measures round trips of UDP datagrams.
//!
//! ```text
//! udp_ping serve ADDRESS         answers each datagram with itself until Ctrl-C, as on 127.0.0.1:7000
//! udp_ping to ADDRESS [COUNT]    sends COUNT datagrams (default 10) and waits for each to come back
//! udp_ping                       does both in one process
//! ```

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Write};
use std::pin::pin;
use std::process::ExitCode;

use futures_util::future::{Either, select};
use uring_rt::net::{UdpSocket, lookup_host};
use uring_rt::signal::ctrl_c;
use uring_rt::time::{Duration, Instant, interval, timeout};

const USAGE: &str = "usage: udp_ping [serve ADDRESS | to ADDRESS [COUNT]]";
const PERIOD: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(1);
const DEFAULT_COUNT: u64 = 10;

type Outcome = Result<(), Box<dyn Error>>;

#[uring_rt::main]
#[expect(clippy::print_stderr, reason = "a program reports its errors")]
async fn main() -> ExitCode {
    let args: Vec<OsString> = env::args_os().skip(1).collect();
    let args: Vec<&str> = args.iter().map(|arg| arg.to_str().unwrap_or("?")).collect();
    let outcome = match args.as_slice() {
        [] => demo().await,
        ["serve", address] => serve(address).await,
        ["to", address] => ping(address, DEFAULT_COUNT).await,
        ["to", address, count] if count.parse().is_ok_and(|count: u64| count > 0) => {
            ping(address, count.parse().unwrap_or(DEFAULT_COUNT)).await
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("udp_ping: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn demo() -> Outcome {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    let address = socket.local_addr()?.to_string();
    // The task is dropped, and its socket closed, with the runtime.
    uring_rt::spawn(async move { echo(&socket).await });
    ping(&address, DEFAULT_COUNT).await
}

async fn serve(address: &str) -> Outcome {
    let socket = UdpSocket::bind(address)
        .await
        .map_err(|error| format!("cannot bind {address}: {error}"))?;
    writeln!(
        io::stdout(),
        "answering on {}; Ctrl-C ends",
        socket.local_addr()?
    )?;
    match select(pin!(echo(&socket)), pin!(ctrl_c())).await {
        Either::Left((failed, _)) => failed?,
        Either::Right((interrupted, _)) => interrupted?,
    }
    Ok(())
}

async fn echo(socket: &UdpSocket) -> io::Result<()> {
    let mut datagram = vec![0; 65_535];
    loop {
        let (length, peer) = socket.recv_from(&mut datagram).await?;
        // An answer that cannot be sent is the same to the peer as one that got lost.
        let _ = socket.send_to(&datagram[..length], peer).await;
    }
}

async fn ping(address: &str, count: u64) -> Outcome {
    let failed = |error: io::Error| format!("cannot ping {address}: {error}");
    let socket = connect(address).await.map_err(failed)?;
    let mut out = io::stdout();
    let mut ticks = interval(PERIOD);
    let mut trips = Vec::new();
    for number in 1..=count {
        ticks.tick().await;
        let start = Instant::now();
        socket.send(&number.to_be_bytes()).await.map_err(failed)?;
        match timeout(PATIENCE, answer(&socket, number)).await {
            Ok(answered) => {
                answered.map_err(failed)?;
                trips.push(start.elapsed());
                writeln!(out, "{number:>4}: {:.1?}", start.elapsed())?;
            }
            Err(_elapsed) => writeln!(out, "{number:>4}: no answer within {PATIENCE:?}")?,
        }
    }
    trips.sort_unstable();
    let Some(median) = trips.get(trips.len() / 2) else {
        return Err(format!("{address} did not answer").into());
    };
    writeln!(
        out,
        "{} of {count} answered, median {median:.1?}",
        trips.len()
    )?;
    Ok(())
}

/// A connected socket, of the address's own family: it receives from that peer only, and hears of a port
/// where nobody listens.
async fn connect(address: &str) -> io::Result<UdpSocket> {
    let mut found = lookup_host(address).await?;
    let peer = found.next().ok_or(io::ErrorKind::NotFound)?;
    let any = if peer.is_ipv4() {
        "0.0.0.0:0"
    } else {
        "[::]:0"
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(peer).await?;
    Ok(socket)
}

/// Waits for the answer of that number, past late ones of earlier numbers.
async fn answer(socket: &UdpSocket, number: u64) -> io::Result<()> {
    let mut datagram = [0; 16];
    loop {
        let length = socket.recv(&mut datagram).await?;
        if datagram[..length] == number.to_be_bytes() {
            return Ok(());
        }
    }
}
