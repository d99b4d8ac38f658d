//! Runs programs as a pipeline, with a time limit for all of them together, and kills them when the time is over.
//!
//! ```text
//! pipeline SECONDS PROGRAM [ARG]... ['|' PROGRAM [ARG]...]...
//! pipeline                     runs one that ends and one that does not, to show both
//! ```
//!
//! The exit status is that of the last program, and 124 when the time was over, as of timeout(1).

use std::env;
use std::io;
use std::process::{ExitCode, ExitStatus, Stdio};
use std::time::Duration;

use futures_util::{AsyncReadExt, AsyncWriteExt};
use uring_rt::io::{stderr, stdout};
use uring_rt::process::{Child, Command};
use uring_rt::time::timeout;

const USAGE: &str = "usage: pipeline [SECONDS PROGRAM [ARG]... ['|' PROGRAM [ARG]...]...]";
const TIME_IS_OVER: u8 = 124;

#[uring_rt::main]
async fn main() -> io::Result<ExitCode> {
    let args: Vec<String> = env::args().skip(1).collect();
    let Some((seconds, words)) = args.split_first() else {
        return show_both().await;
    };
    let limit = seconds
        .parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let programs = split(words);
    let (Some(limit), Some(programs)) = (limit, programs) else {
        say(USAGE).await?;
        return Ok(ExitCode::from(2));
    };
    match run(&programs, limit).await {
        Ok(Some(status)) => Ok(code(status)),
        Ok(None) => {
            say("the time was over").await?;
            Ok(ExitCode::from(TIME_IS_OVER))
        }
        Err(error) => {
            say(&error.to_string()).await?;
            Ok(ExitCode::from(127))
        }
    }
}

async fn say(text: &str) -> io::Result<()> {
    stderr()
        .write_all(format!("pipeline: {text}\n").as_bytes())
        .await
}

/// The exit status as a shell gives it: of a program that was killed, 128 and the signal.
fn code(status: ExitStatus) -> ExitCode {
    use std::os::unix::process::ExitStatusExt;
    let code = status
        .code()
        .or_else(|| status.signal().map(|signum| 128 + signum));
    let code = code.and_then(|code| u8::try_from(code).ok());
    ExitCode::from(code.unwrap_or(u8::MAX))
}

/// The words of each program; `None` where there is a program without any.
fn split(words: &[String]) -> Option<Vec<&[String]>> {
    let programs: Vec<&[String]> = words.split(|word| word == "|").collect();
    programs
        .iter()
        .all(|words| !words.is_empty())
        .then_some(programs)
}

/// Runs the programs and copies what the last one writes. `None`: the time was over, and they were killed.
async fn run(programs: &[&[String]], limit: Duration) -> io::Result<Option<ExitStatus>> {
    let mut children = start(programs)?;
    let work = async {
        copy_output(children.last_mut()).await?;
        let mut last = None;
        for child in &mut children {
            last = Some(child.wait().await?);
        }
        Ok::<_, io::Error>(last)
    };
    match timeout(limit, work).await {
        Ok(status) => status,
        Err(_elapsed) => {
            // All at once, and then each is waited for: none is left when this returns.
            for child in &mut children {
                child.start_kill()?;
            }
            for child in &mut children {
                child.wait().await?;
            }
            Ok(None)
        }
    }
}

/// Starts each program with the output of the one before as its input. If one cannot be started, the others are killed
/// by being dropped.
fn start(programs: &[&[String]]) -> io::Result<Vec<Child>> {
    let mut children: Vec<Child> = Vec::new();
    for words in programs {
        let (program, args) = words
            .split_first()
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        let mut command = Command::new(program);
        command.args(args).stdout(Stdio::piped()).kill_on_drop(true);
        if let Some(stdout) = children.last_mut().and_then(|child| child.stdout.take()) {
            let stdin: Stdio = stdout.try_into()?;
            command.stdin(stdin);
        }
        let child = command
            .spawn()
            .map_err(|error| io::Error::new(error.kind(), format!("{program}: {error}")))?;
        children.push(child);
    }
    Ok(children)
}

async fn copy_output(last: Option<&mut Child>) -> io::Result<()> {
    let Some(mut pipe) = last.and_then(|child| child.stdout.take()) else {
        return Ok(());
    };
    let mut out = stdout();
    let mut buffer = [0; 16 << 10];
    loop {
        let count = pipe.read(&mut buffer).await?;
        if count == 0 {
            return out.flush().await;
        }
        out.write_all(&buffer[..count]).await?;
    }
}

/// Without arguments: one that ends, one that would not.
async fn show_both() -> io::Result<ExitCode> {
    let words = |text: &str| -> Vec<String> { text.split(' ').map(str::to_owned).collect() };
    let ends = words("seq 1000 | sort -rn | head -n 3");
    let endless = words("sleep 1000 | cat");
    let long = Duration::from_secs(60);
    let short = Duration::from_millis(50);
    let first = run(&split(&ends).expect("three programs"), long).await?;
    let second = run(&split(&endless).expect("two programs"), short).await?;
    let first = first.map_or_else(
        || "the time was over".to_owned(),
        |status| status.to_string(),
    );
    let second = second.map_or_else(|| "killed in time".to_owned(), |status| status.to_string());
    let report = format!(
        "{}: {first}\n{}: {second}\n",
        ends.join(" "),
        endless.join(" ")
    );
    stdout().write_all(report.as_bytes()).await?;
    Ok(ExitCode::SUCCESS)
}
