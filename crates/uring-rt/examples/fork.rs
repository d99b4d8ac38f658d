//! A process forks while its runtime has sockets and timers armed; parent and child both go on with it.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program's output"
)]

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use fork::{Fork, fork, waitpid};
use futures_util::{AsyncReadExt, AsyncWriteExt};
use uring_rt::net::UnixStream;
use uring_rt::runtime::Runtime;
use uring_rt::task::{AbortHandle, JoinSet, spawn_blocking, yield_now};
use uring_rt::time::sleep;

/// Waits of each of the two.
const PAIRS: usize = 100;

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("fork: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<ExitCode> {
    let runtime = Runtime::new()?;
    let mut tasks = JoinSet::new();
    let entered = runtime.enter();
    // Both processes will have all the sockets, so each takes one half of the waits and gives the other up:
    // otherwise they would read each other's bytes.
    let (mut for_parent, mut for_child) = (Vec::new(), Vec::new());
    let (mut parents_far, mut childs_far) = (Vec::new(), Vec::new());
    for (waits, far_ends) in [
        (&mut for_parent, &mut parents_far),
        (&mut for_child, &mut childs_far),
    ] {
        for number in 0..PAIRS {
            let (near, far) = UnixStream::pair()?;
            waits.push(tasks.spawn(wait_for_byte(number, near)));
            far_ends.push(far);
        }
    }
    drop(entered);
    // Everything is armed in the kernel when the fork comes.
    runtime.block_on(async {
        for _ in 0..3 {
            yield_now().await;
        }
    });
    match fork()? {
        Fork::Parent(child) => {
            for_child.iter().for_each(AbortHandle::abort);
            let seen = runtime.block_on(finish(tasks, parents_far))?;
            println!("parent: {seen} of {PAIRS} waits ended");
            let is_well = waitpid(child)? == 0 && seen == PAIRS;
            Ok(if is_well {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
        Fork::Child => {
            for_parent.iter().for_each(AbortHandle::abort);
            let seen = runtime.block_on(finish(tasks, childs_far))?;
            let answer = runtime.block_on(async { spawn_blocking(|| 42).await })?;
            let rebuilds = runtime.metrics().snapshot().reactor.rebuilds;
            println!(
                "child: {seen} of {PAIRS} waits ended, {rebuilds} rebuild, the pool says {answer}"
            );
            let is_well = rebuilds == 1 && seen == PAIRS;
            Ok(if is_well {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
    }
}

/// At the fork, every second one waits for its timer, the others for their byte.
async fn wait_for_byte(number: usize, mut stream: UnixStream) -> io::Result<()> {
    if number.is_multiple_of(2) {
        sleep(Duration::from_millis(20)).await;
    }
    let mut byte = [0];
    stream.read_exact(&mut byte).await
}

/// Sends a byte to each of this process's waits, and counts those that end by it.
async fn finish(
    mut tasks: JoinSet<io::Result<()>>,
    mut far_ends: Vec<UnixStream>,
) -> io::Result<usize> {
    for stream in &mut far_ends {
        stream.write_all(&[1]).await?;
    }
    let mut seen = 0;
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok(read) => read?,
            Err(error) if error.is_cancelled() => continue,
            Err(error) => return Err(error.into()),
        }
        seen += 1;
    }
    Ok(seen)
}
