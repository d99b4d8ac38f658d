//! A chat over a Unix socket: a server that passes lines on, and its clients.
//!
//! ```text
//! chat serve PATH         runs a server until Ctrl-C
//! chat join PATH NAME     joins; each line of standard input is said to the others
//! chat                    plays a conversation: a server and three clients in one process
//! ```

mod client;
mod server;

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::pin::pin;
use std::process::ExitCode;

use client::{converse, join};
use futures_channel::mpsc::{UnboundedReceiver, unbounded};
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use futures_util::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};
use server::Server;
use uring_rt::net::UnixStream;
use uring_rt::signal::ctrl_c;
use uring_rt::time::{Duration, timeout};

const USAGE: &str = "usage: chat [serve PATH | join PATH NAME]";
/// Longer lines are cut in pieces: nobody fills the server's memory.
const MAX_LINE: u64 = 4096;

type Outcome = Result<(), Box<dyn Error>>;

#[uring_rt::main]
#[expect(clippy::print_stderr, reason = "a program reports its errors")]
async fn main() -> ExitCode {
    let args: Vec<OsString> = env::args_os().skip(1).collect();
    let outcome = match args.as_slice() {
        [] => demo().await,
        [verb, path] if *verb == "serve" => serve_until_ctrl_c(Path::new(path)).await,
        [verb, path, name] if *verb == "join" && !name.is_empty() => {
            join(Path::new(path), &name.to_string_lossy()).await
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chat: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve_until_ctrl_c(path: &Path) -> Outcome {
    let server = Server::bind(path)?;
    writeln!(io::stdout(), "listening on {}; Ctrl-C ends", path.display())?;
    match select(pin!(server.run()), pin!(ctrl_c())).await {
        Either::Left(((), _)) => Ok(()),
        Either::Right((interrupted, _)) => Ok(interrupted?),
    }
}

/// A server and three clients as tasks of one runtime, on real sockets.
async fn demo() -> Outcome {
    const TALK: [(usize, &str); 3] = [
        (0, "Is anybody there?"),
        (2, "I am. Who woke me?"),
        (1, "The kernel did."),
    ];
    let path = env::temp_dir().join(format!("uring-rt-chat-{}.socket", std::process::id()));
    let server = Server::bind(&path)?;
    // Dropped with the runtime, as all tasks are that are still there; the path goes with it.
    uring_rt::spawn(async move { server.run().await });

    let (heard, mut hearing) = unbounded();
    let mut members = Vec::new();
    for name in ["Ada", "Bob", "Cyd"] {
        let stream = UnixStream::connect(&path).await?;
        let (say, input) = unbounded();
        let heard = heard.clone();
        let client = uring_rt::spawn(async move {
            let show = |line| {
                let sent = heard.unbounded_send((name, line));
                sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
            };
            converse(&stream, name, input, show).await
        });
        members.push((say, client));
        show_next(&mut hearing, members.len()).await?;
    }
    for (speaker, text) in TALK {
        members[speaker].0.unbounded_send(text.to_owned())?;
        show_next(&mut hearing, members.len() - 1).await?;
    }
    while let Some((say, client)) = members.pop() {
        drop(say);
        client.await??;
        show_next(&mut hearing, members.len()).await?;
    }
    Ok(())
}

/// Waits until that many members have heard something.
async fn show_next(
    hearing: &mut UnboundedReceiver<(&'static str, String)>,
    count: usize,
) -> Outcome {
    for _ in 0..count {
        let heard = timeout(Duration::from_secs(5), hearing.next()).await?;
        let (name, line) = heard.ok_or("nobody is left")?;
        writeln!(io::stdout(), "{name} hears | {line}")?;
    }
    Ok(())
}

/// A line without its end, or `None` when there are no more.
async fn next_line(lines: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    lines.take(MAX_LINE).read_until(b'\n', &mut line).await?;
    let text = String::from_utf8_lossy(&line);
    Ok((!line.is_empty()).then(|| text.trim_end().to_owned()))
}
