//! Numbers the lines of standard input, be it a terminal, a pipe, a file or /dev/null, without a helper thread.
//!
//! ```text
//! stdin_lines [SECONDS]      SECONDS: how long to wait before a hint is printed (default 5)
//! ```

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Write};
use std::pin::Pin;
use std::process::ExitCode;
use std::task::{Context, Poll};

use futures_util::io::{AsyncBufReadExt, AsyncRead, BufReader};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use uring_rt::AsyncFd;
use uring_rt::io::Interest;
use uring_rt::time::{Duration, timeout};

const USAGE: &str = "usage: stdin_lines [SECONDS]";
const HOW_TO_END: &str = "the end of the input ends this program, on a terminal Ctrl-D";

#[uring_rt::main]
#[expect(clippy::print_stderr, reason = "a program reports its errors")]
async fn main() -> ExitCode {
    let args: Vec<OsString> = env::args_os().skip(1).collect();
    let patience_secs = match args.as_slice() {
        [] => Some(5),
        [seconds] => seconds.to_str().and_then(|seconds| seconds.parse().ok()),
        _ => None,
    };
    let Some(patience_secs) = patience_secs else {
        eprintln!("stdin_lines: SECONDS is a whole number; {USAGE}");
        return ExitCode::from(2);
    };
    match number_lines(Duration::from_secs(patience_secs)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stdin_lines: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn number_lines(patience: Duration) -> Result<(), Box<dyn Error>> {
    let mut stdin = BufReader::new(Stdin::new()?);
    let mut out = io::stdout();
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let in_time = timeout(patience, read_line(&mut stdin, &mut line)).await;
        match in_time {
            Ok(outcome) => outcome?,
            Err(_elapsed) => {
                writeln!(io::stderr(), "(no line for {patience:?}; {HOW_TO_END})")?;
                // What the dropped future had read is in `line` and in `stdin`: nothing is lost.
                read_line(&mut stdin, &mut line).await?;
            }
        }
        if line.is_empty() {
            break;
        }
        // Bytes, as they came: nobody promised that they are UTF-8.
        write!(out, "{number:>6}  ")?;
        out.write_all(line.strip_suffix(b"\n").unwrap_or(&line))?;
        writeln!(out)?;
    }
    Ok(())
}

/// Appends what is left of the line, with its line feed if it has one; nothing at the end of the input.
async fn read_line(stdin: &mut BufReader<Stdin>, line: &mut Vec<u8>) -> Result<(), String> {
    match stdin.read_until(b'\n', line).await {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("cannot read standard input: {error}")),
    }
}

/// Standard input as a stream of bytes: how a library makes a reader of a file descriptor.
struct Stdin {
    fd: AsyncFd<io::Stdin>,
}

impl Stdin {
    fn new() -> io::Result<Stdin> {
        Ok(Stdin {
            fd: AsyncFd::with_interest(io::stdin(), Interest::READABLE)?,
        })
    }
}

impl AsyncRead for Stdin {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.fd
            .poll_read_io(cx, |stdin| read_if_ready(stdin, buffer))
    }
}

/// read(2), or `WouldBlock`.
///
/// The usual way to that answer, `O_NONBLOCK`, is not for standard input: the flag belongs to the open file,
/// which the shell and the other programs of a pipeline have too, and they do not expect it. So poll(2) is
/// asked first. A file and /dev/null are always ready for it, and so is the end of a pipe.
fn read_if_ready(stdin: &io::Stdin, buffer: &mut [u8]) -> io::Result<usize> {
    let mut fds = [PollFd::new(stdin, PollFlags::IN)];
    if poll(&mut fds, Some(&Timespec::default()))? == 0 {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    Ok(rustix::io::read(stdin, buffer)?)
}
