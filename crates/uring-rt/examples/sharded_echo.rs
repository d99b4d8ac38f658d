//! An echo server with a runtime on each core, and how evenly the kernel deals out its connections.
//!
//! ```text
//! sharded_echo [--shards N] [--connections N]     its own clients, and who got how many of them
//! sharded_echo [--shards N] --listen ADDRESS      a server until Ctrl-C
//! ```
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program's output"
)]

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use futures_util::future::{Either, select};
use futures_util::{AsyncReadExt, AsyncWriteExt, StreamExt, stream};
use uring_rt::net::{TcpListener, TcpSocket, TcpStream};
use uring_rt::runtime::Runtime;
use uring_rt::shard::{self, stopping};
use uring_rt::task::JoinSet;

const USAGE: &str = "usage: sharded_echo [--shards N] [--connections N | --listen ADDRESS]";
/// How long connections may take to end.
const PATIENCE: Duration = Duration::from_secs(5);
/// Clients at a time.
const AT_ONCE: usize = 100;

struct Args {
    shards: Option<usize>,
    connections: usize,
    listen: Option<String>,
}

fn main() -> ExitCode {
    let Some(args) = parse(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sharded_echo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn parse(mut words: impl Iterator<Item = String>) -> Option<Args> {
    let mut args = Args {
        shards: None,
        connections: 2000,
        listen: None,
    };
    while let Some(option) = words.next() {
        let value = words.next()?;
        match option.as_str() {
            "--shards" => args.shards = Some(value.parse().ok().filter(|&count| count > 0)?),
            "--connections" => args.connections = value.parse().ok()?,
            "--listen" => args.listen = Some(value),
            _ => return None,
        }
    }
    Some(args)
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let mut builder = shard::Builder::new();
    if let Some(count) = args.shards {
        builder.shards(count);
    }
    let shards = builder.build()?;
    let listeners = shards.listen(args.listen.as_deref().unwrap_or("127.0.0.1:0"))?;
    let address = listeners.local_addr();
    println!("{} shards listen at {address}", shards.count());
    let servers = listeners.serve(serve);

    // This thread has a runtime of its own, for what is not the shards' business.
    let runtime = Runtime::new()?;
    if args.listen.is_some() {
        runtime.block_on(uring_rt::signal::ctrl_c())?;
    } else {
        runtime.block_on(visit(address, args.connections))?;
    }
    let cpus: Vec<_> = (0..shards.count()).map(|shard| shards.cpu(shard)).collect();
    shards.shutdown(PATIENCE)?;
    let mut counts = Vec::new();
    for server in servers {
        counts.push(runtime.block_on(server)??);
    }
    report(&counts, &cpus);
    if args.listen.is_none() && counts.iter().sum::<usize>() != args.connections {
        return Err("a connection is missing".into());
    }
    Ok(())
}

/// One shard's part: accepts until the stop, then waits for its clients to leave. How many there were.
async fn serve(listener: TcpListener) -> io::Result<usize> {
    let mut connections = JoinSet::new();
    let mut count = 0;
    {
        let mut incoming = listener.incoming();
        let mut stopping = stopping();
        while let Either::Left((Some(stream), still)) = select(incoming.next(), stopping).await {
            count += 1;
            connections.spawn(echo(stream?));
            while connections.try_join_next().is_some() {}
            stopping = still;
        }
    }
    drop(listener);
    connections.join_all().await;
    Ok(count)
}

/// A connection that breaks is a client that has left.
async fn echo(mut stream: TcpStream) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        if stream.write_all(&buffer[..count]).await.is_err() {
            break;
        }
    }
}

/// So many clients, each with a connection and one round trip.
async fn visit(address: SocketAddr, count: usize) -> io::Result<()> {
    let visits = stream::iter(0..count).map(async |at| {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        // Closed by a reset, or the ports of this machine would run out: each would be kept for a minute.
        socket.set_zero_linger()?;
        let mut stream = socket.connect(address).await?;
        let sent = at.to_ne_bytes();
        stream.write_all(&sent).await?;
        let mut answer = sent.map(|byte| !byte);
        stream.read_exact(&mut answer).await?;
        if answer != sent {
            return Err(io::Error::other("the answer is not what was sent"));
        }
        Ok(())
    });
    let mut visits = visits.buffer_unordered(AT_ONCE);
    while let Some(visit) = visits.next().await {
        visit?;
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
fn report(counts: &[usize], cpus: &[Option<usize>]) {
    let fair = counts.iter().sum::<usize>() as f64 / counts.len() as f64;
    for (shard, (&count, cpu)) in counts.iter().zip(cpus).enumerate() {
        let core = cpu.map_or("any core".to_owned(), |cpu| format!("core {cpu}"));
        let percent = if fair > 0.0 {
            (count as f64 / fair - 1.0) * 100.0
        } else {
            0.0
        };
        println!("shard {shard} on {core}: {count} connections, {percent:+.1} % of its share");
    }
}
