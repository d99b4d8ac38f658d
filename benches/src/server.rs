//! The process that is measured where the load comes from another one.
//!
//! It prints its port, then answers each line of its input with a line of its counters, and ends with its input.

mod http;
mod raw_echo;

use std::io::{self, BufRead, Write};
use std::net::{SocketAddr, TcpListener};
use std::process;
use std::thread;

use crate::echo::echo_all;
use crate::raw::Loop;
use crate::runtime::{Counters, LOOPBACK, Runtime, run};
use crate::runtimes::{self, Auto, Epoll, Glommio, Smol, Tokio, Visit};
use raw_echo::RawEcho;

/// The echo server in C, if libev was there to build it with.
pub(crate) const LIBEV: Option<&str> = option_env!("LIBEV_ECHO");

/// An echo server, with a buffer of this size for each connection. It does not return.
pub(crate) fn serve(name: &str, buffer: usize) -> Result<(), String> {
    let served = match Loop::named(name) {
        Some(raw) => serve_raw(raw, buffer),
        None => runtimes::visit(name, Serve { buffer })?,
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

fn serve_raw(raw: Loop, buffer: usize) -> io::Result<()> {
    let listener = TcpListener::bind(LOOPBACK)?;
    listener.set_nonblocking(true)?;
    announce(listener.local_addr()?, Box::new(Vec::new));
    raw.run(RawEcho { listener, buffer })
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
