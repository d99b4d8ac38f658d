//! A TCP server from the first connection to the last.

use std::error::Error;
use std::fs;
use std::future::Future;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::pin::pin;

use futures_util::future::{Either, FutureExt, LocalBoxFuture, Shared, select};
use futures_util::stream::StreamExt;
use uring_rt::net::{TcpListener, TcpStream};
use uring_rt::signal::unix::{SignalKind, signal};
use uring_rt::task::JoinSet;
use uring_rt::time::{Duration, timeout};

/// How long connections may take to end once the server is asked to stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// What ends a program, or one connection.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Ready when the server is to stop; for as many as want to know.
pub type Stop = Shared<LocalBoxFuture<'static, ()>>;

/// Listens at the address that is the program's first argument, or else at `default`, and prints where.
///
/// # Errors
///
/// Those of the listener, and of the standard output.
pub async fn listen(default: &str, scheme: &str) -> Result<TcpListener, Failure> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| default.to_owned());
    let listener = TcpListener::bind(address.as_str())
        .await
        .map_err(|error| format!("cannot listen at {address}: {error}"))?;
    announce(scheme, listener.local_addr()?)?;
    Ok(listener)
}

/// Prints where a server listens.
///
/// # Errors
///
/// Those of the standard output.
pub fn announce(scheme: &str, address: SocketAddr) -> io::Result<()> {
    writeln!(io::stdout(), "listening at {scheme}://{address}")
}

/// Writes the certificate that clients are to trust into the file that is the program's second argument, if there is one.
///
/// # Errors
///
/// Those of writing a file.
pub fn publish(certificate: &str) -> Result<(), Failure> {
    let Some(path) = std::env::args_os().nth(2) else {
        return Ok(());
    };
    fs::write(&path, certificate)
        .map_err(|error| format!("cannot write {}: {error}", path.display()).into())
}

/// Ready at Ctrl-C, and at SIGTERM, by which service managers ask.
///
/// # Errors
///
/// When the signals cannot be listened for.
pub fn stop_signal() -> io::Result<Stop> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let either = async move {
        select(pin!(interrupt.recv()), pin!(terminate.recv())).await;
    };
    Ok(either.boxed_local().shared())
}

/// Serves each connection by a task of its own until `stop`, which each is given, too. New ones are refused from then on, and those that are
/// there have `PATIENCE` to end; then they are cut off.
///
/// # Errors
///
/// When the listener fails for good. What passes, such as too many open files, is waited for.
pub async fn serve<C, F>(listener: TcpListener, stop: Stop, connection: C) -> Result<(), Failure>
where
    C: Fn(TcpStream, Stop) -> F,
    F: Future<Output = Result<(), Failure>> + 'static,
{
    let mut connections = JoinSet::new();
    {
        let mut incoming = listener.incoming();
        while let Either::Left((Some(stream), _)) = select(incoming.next(), stop.clone()).await {
            connections.spawn(reported(connection(stream?, stop.clone())));
            // What has ended is not kept.
            while connections.try_join_next().is_some() {}
        }
    }
    drop(listener);
    let count = connections.len();
    if timeout(PATIENCE, connections.join_all()).await.is_err() {
        report(&format!(
            "{count} connections were there, and some had to be cut off"
        ));
    }
    Ok(())
}

/// One connection's failure is no other's.
async fn reported(connection: impl Future<Output = Result<(), Failure>>) {
    if let Err(error) = connection.await {
        report(&format!("a connection failed: {error}"));
    }
}

#[expect(clippy::print_stderr, reason = "a server reports")]
fn report(message: &str) {
    eprintln!("{message}");
}
