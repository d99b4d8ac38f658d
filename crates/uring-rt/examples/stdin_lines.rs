//! Numbers the lines of standard input, be it a terminal, a pipe, a file or /dev/null, and grows impatient meanwhile.
//!
//! ```text
//! stdin_lines [SECONDS]      SECONDS: how long to wait before a hint is printed (default 5)
//! ```

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::process::ExitCode;

use futures_util::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use uring_rt::io::{Stdin, stderr, stdin, stdout};
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
    let mut stdin = BufReader::new(stdin());
    let mut out = stdout();
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let in_time = timeout(patience, read_line(&mut stdin, &mut line)).await;
        match in_time {
            Ok(outcome) => outcome?,
            Err(_elapsed) => {
                let hint = format!("(no line for {patience:?}; {HOW_TO_END})\n");
                stderr().write_all(hint.as_bytes()).await?;
                // What the dropped future had read is in `line` and in `stdin`: nothing is lost.
                read_line(&mut stdin, &mut line).await?;
            }
        }
        if line.is_empty() {
            break;
        }
        // Bytes, as they came: nobody promised that they are UTF-8.
        let mut numbered = format!("{number:>6}  ").into_bytes();
        numbered.extend_from_slice(line.strip_suffix(b"\n").unwrap_or(&line));
        numbered.push(b'\n');
        out.write_all(&numbered).await?;
    }
    // A file is written on another thread; here its errors are told.
    out.flush().await?;
    Ok(())
}

/// Appends what is left of the line, with its line feed if it has one; nothing at the end of the input.
async fn read_line(stdin: &mut BufReader<Stdin>, line: &mut Vec<u8>) -> Result<(), String> {
    match stdin.read_until(b'\n', line).await {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("cannot read standard input: {error}")),
    }
}
