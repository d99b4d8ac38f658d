//! A TCP echo server with its own clients: what the runtime runs on, how fast it is, and that every byte is right.
//!
//! ```text
//! echo [--clients N] [--secs S] [--size B] [--backend auto|io_uring|epoll]
//! echo --listen ADDRESS [--backend ...]     a server until Ctrl-C
//! ```
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program's output"
)]

mod args;
mod latency;
mod load;
mod server;

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use args::{Args, Mode};
use futures_util::future::{Either, select};
use load::Outcome;
use server::Server;
use uring_rt::net::TcpListener;
use uring_rt::runtime::{Builder, Runtime};
use uring_rt::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    let args = match Args::parse(std::env::args().skip(1)) {
        Ok(args) => args,
        Err(message) => {
            eprintln!("echo: {message}");
            return ExitCode::from(2);
        }
    };
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("echo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> io::Result<()> {
    raise_file_limit();
    let runtime = Builder::new().backend(args.backend).build()?;
    println!("{}", runtime.driver());
    match &args.mode {
        Mode::Listen(address) => runtime.block_on(listen(address)),
        Mode::Measure(load) => measure(&runtime, args, load),
    }
}

/// A server for others, until somebody asks it to stop.
async fn listen(address: &str) -> io::Result<()> {
    let context =
        |error: io::Error| io::Error::new(error.kind(), format!("listening on {address}: {error}"));
    let listener = TcpListener::bind(address).await.map_err(context)?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    println!("listening {}", listener.local_addr()?);
    let mut server = Server::start(listener);
    let signals = select(Box::pin(interrupt.recv()), Box::pin(terminate.recv()));
    if let Either::Right((error, _)) = select(signals, Box::pin(server.failed())).await {
        return Err(error);
    }
    let served = server.stop().await?;
    println!("stopped   after {served} connections");
    Ok(())
}

/// A server and its clients on a thread of their own.
fn measure(runtime: &Runtime, args: &Args, load: &load::Load) -> io::Result<()> {
    let (outcome, counts) = runtime.block_on(async {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let address = listener.local_addr()?;
        let server = Server::start(listener);
        let before = runtime.metrics().snapshot().reactor;
        let outcome = load::run_on_thread(address, load.clone(), args.backend).await?;
        let after = runtime.metrics().snapshot().reactor;
        server.stop().await?;
        io::Result::Ok((
            outcome,
            [
                after.enters - before.enters,
                after.turns - before.turns,
                after.zero_timeout_turns - before.zero_timeout_turns,
            ],
        ))
    })?;
    report(load, &outcome, counts);
    Ok(())
}

fn report(load: &load::Load, outcome: &Outcome, [enters, turns, zero_timeout_turns]: [u64; 3]) {
    let Outcome {
        round_trips,
        elapsed,
        latency,
    } = outcome;
    let slept = turns - zero_timeout_turns;
    #[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
    let [count, enters, turns] = [*round_trips, enters, turns].map(|n| n as f64);
    println!(
        "load      {} clients, {} bytes, {:.1} s",
        load.clients,
        load.size,
        elapsed.as_secs_f64()
    );
    println!("checked   {round_trips} round trips, every byte as it was sent");
    println!(
        "speed     {:.0} round trips per second",
        count / elapsed.as_secs_f64()
    );
    println!(
        "latency   p50 {:?}, p99 {:?}",
        latency.percentile(50),
        latency.percentile(99)
    );
    println!(
        "enters    {:.3} enters per round trip (server)",
        enters / count
    );
    println!(
        "turns     {:.3} enters per turn, {turns} turns, {slept} slept (server)",
        enters / turns
    );
}

/// Each connection takes two descriptors here. What cannot be had is reported by the call that needs it.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: maximum,
            maximum,
        },
    );
}
