//! The process that is measured where the load comes from another one.
//!
//! It prints its port, then answers each line of its input with a line of its counters, and ends with its input.

mod http;
mod raw_epoll;
mod raw_poll_add;

use std::io::{self, BufRead, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process;
use std::thread;

use crate::echo::echo_all;
use crate::runtime::{Counters, Runtime, run};
use crate::runtimes::{self, Auto, Epoll, Glommio, Smol, Tokio, Visit};

/// The echo server in C, if libev was there to build it with.
pub(crate) const LIBEV: Option<&str> = option_env!("LIBEV_ECHO");

/// An echo server, with a buffer of this size for each connection. It does not return.
pub(crate) fn serve(name: &str, buffer: usize) -> Result<(), String> {
    let served = match name {
        "raw-epoll" => raw_epoll::serve(buffer),
        "raw-poll-add" => raw_poll_add::serve(buffer, raw_poll_add::DEFERRED),
        "raw-poll-add-plain" => raw_poll_add::serve(buffer, raw_poll_add::PLAIN),
        _ => runtimes::visit(name, Serve { buffer })?,
    };
    served.map_err(|error| error.to_string())
}

/// An HTTP server by hyper. It does not return.
pub(crate) fn serve_http(name: &str) -> Result<(), String> {
    let served = match name {
        "uring-rt" => http::serve::<Auto>(),
        "uring-rt-epoll" => http::serve::<Epoll>(),
        "tokio" => http::serve::<Tokio>(),
        "smol" => http::serve::<Smol>(),
        "glommio" => http::serve::<Glommio>(),
        _ => return Err(format!("hyper does not run on `{name}`")),
    };
    served.map_err(|error| error.to_string())
}

struct Serve {
    buffer: usize,
}

impl Visit for Serve {
    type Output = io::Result<()>;

    fn visit<R: Runtime>(self) -> io::Result<()> {
        run::<R, _>(async move {
            let (listener, address) = R::listen().await?;
            announce(address, R::counters());
            echo_all::<R>(listener, self.buffer).await
        })
    }
}

/// Of a raw loop. Each has a buffer of its own, as with the runtimes: one for all of them would stay in the cache.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    fn new(stream: TcpStream, buffer: usize) -> Self {
        Self {
            stream,
            buffer: vec![0; buffer],
        }
    }
}

/// Takes every connection that waits. `watch` is told the index that each will have.
fn accept_all(
    listener: &TcpListener,
    connections: &mut Vec<Option<Connection>>,
    buffer: usize,
    mut watch: impl FnMut(&TcpStream, u64) -> io::Result<()>,
) -> io::Result<()> {
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(true)?;
                stream.set_nodelay(true)?;
                watch(&stream, connections.len() as u64)?;
                connections.push(Some(Connection::new(stream, buffer)));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// The thread that answers the parent sleeps in a read of its own, and costs the server nothing.
fn announce(address: SocketAddr, counters: Counters) {
    print_line(&address.port().to_string());
    thread::spawn(move || {
        for _ in io::stdin().lock().lines() {
            let counters = counters();
            let words = counters
                .iter()
                .map(|(name, value)| format!("{name} {value}"));
            print_line(&words.collect::<Vec<_>>().join("\t"));
        }
        process::exit(0);
    });
}

fn print_line(line: &str) {
    let mut out = io::stdout().lock();
    // Nobody reads any more when the parent is gone; then the input ends, too.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
