//! The process that is measured where the load comes from another one.
//!
//! It prints its address, then answers each line of its input with a line of its counters, and ends with its input.

mod http;
mod raw_echo;

use std::io::{self, BufRead, Write};
use std::net::TcpListener;
use std::process;
use std::thread;

use crate::echo::echo_all;
use crate::raw::Loop;
use crate::runtime::{Counters, LOOPBACK, Runtime, run};
use crate::runtimes::{self, Auto, Epoll, Glommio, Smol, Tokio, Visit};
use crate::transport::{Address, Transport, listen_on_name, own_name};
use raw_echo::RawEcho;

/// The echo server in C, if libev was there to build it with.
pub(crate) const LIBEV: Option<&str> = option_env!("LIBEV_ECHO");

/// An echo server, with a buffer of this size for each connection. It does not return.
pub(crate) fn serve(name: &str, transport: Transport, buffer: usize) -> Result<(), String> {
    let served = match Loop::named(name) {
        Some(raw) => serve_raw(raw, transport, buffer),
        None => runtimes::visit(name, Serve { transport, buffer })?,
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
    transport: Transport,
    buffer: usize,
}

impl Visit for Serve {
    type Output = io::Result<()>;

    fn visit<R: Runtime>(self) -> io::Result<()> {
        let Self { transport, buffer } = self;
        run::<R, _>(async move {
            match transport {
                Transport::Tcp => {
                    let (listener, address) = R::listen().await?;
                    announce(&Address::Tcp(address.port()), R::counters());
                    echo_all::<R, _>(async || R::accept(&listener).await, buffer).await
                }
                Transport::Unix => {
                    let name = own_name();
                    let listener = R::listen_unix(&name)?;
                    announce(&Address::Unix(name), R::counters());
                    echo_all::<R, _>(async || R::accept_unix(&listener).await, buffer).await
                }
            }
        })
    }
}

fn serve_raw(raw: Loop, transport: Transport, buffer: usize) -> io::Result<()> {
    match transport {
        Transport::Tcp => {
            let listener = TcpListener::bind(LOOPBACK)?;
            listener.set_nonblocking(true)?;
            let address = Address::Tcp(listener.local_addr()?.port());
            announce(&address, Box::new(Vec::new));
            raw.run(RawEcho { listener, buffer })
        }
        Transport::Unix => {
            let name = own_name();
            let listener = listen_on_name(&name)?;
            listener.set_nonblocking(true)?;
            announce(&Address::Unix(name), Box::new(Vec::new));
            raw.run(RawEcho { listener, buffer })
        }
    }
}

/// The thread that answers the parent sleeps in a read of its own, and costs the server nothing.
fn announce(address: &Address, counters: Counters) {
    print_line(&address.to_string());
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
