//! Compares the two ways in which a deadline can reach the kernel, on both backends, by CPU time per operation.
//!
//! ```text
//! timer_modes [ROUNDS]
//! ```
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program's output"
)]

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use futures_util::{AsyncReadExt, AsyncWriteExt};
use rustix::time::{ClockId, clock_gettime};
use uring_rt::net::UnixStream;
use uring_rt::runtime::{Backend, Builder, TimerMode};
use uring_rt::time::{sleep, timeout};

const MODES: [TimerMode; 2] = [TimerMode::WaitTimeout, TimerMode::TimerFd];
const ROUND_TRIPS: u32 = 4_000;
const SLEEPS: u32 = 500;

fn main() -> ExitCode {
    let rounds = match std::env::args().nth(1).map(|rounds| rounds.parse()) {
        None => 9,
        Some(Ok(rounds @ 1..=1000)) => rounds,
        Some(_) => {
            eprintln!("timer_modes: the number of rounds is one from 1 to 1000");
            return ExitCode::from(2);
        }
    };
    for backend in [Backend::IoUring, Backend::Epoll] {
        if let Err(error) = compare(backend, rounds) {
            eprintln!("timer_modes: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// One way to keep the timers busy.
struct Workload {
    name: &'static str,
    run: fn(Backend, TimerMode) -> io::Result<Duration>,
}

const WORKLOADS: [Workload; 2] = [
    Workload {
        name: "ping-pong, each read under a limit of 10 s",
        run: limited_ping_pong,
    },
    Workload {
        name: "sleep 50 us, one after the other",
        run: short_sleeps,
    },
];

fn compare(backend: Backend, rounds: usize) -> io::Result<()> {
    for workload in &WORKLOADS {
        let mut ratios = Vec::new();
        let mut medians = [Vec::new(), Vec::new()];
        for _ in 0..rounds {
            let [wait, timerfd] = MODES.map(|mode| (workload.run)(backend, mode));
            let (wait, timerfd) = (wait?, timerfd?);
            ratios.push(timerfd.as_secs_f64() / wait.as_secs_f64());
            medians[0].push(wait);
            medians[1].push(timerfd);
        }
        ratios.sort_by(f64::total_cmp);
        medians.iter_mut().for_each(|times| times.sort());
        println!(
            "{backend:?}, {}: wait timeout {:?}, timerfd {:?} per operation; timerfd / wait timeout {:.3} ({:.3} to {:.3})",
            workload.name,
            medians[0][rounds / 2],
            medians[1][rounds / 2],
            ratios[rounds / 2],
            ratios[0],
            ratios[rounds - 1],
        );
    }
    Ok(())
}

/// CPU time of this thread for each operation that `work` makes.
fn measured(
    backend: Backend,
    mode: TimerMode,
    operations: u32,
    work: impl AsyncFnOnce() -> io::Result<()>,
) -> io::Result<Duration> {
    let runtime = Builder::new().backend(backend).timer(mode).build()?;
    let cpu_time = || clock_gettime(ClockId::ThreadCPUTime);
    let start = cpu_time();
    runtime.block_on(work())?;
    let spent = cpu_time() - start;
    Ok(Duration::try_from(spent).unwrap_or_default() / operations)
}

/// Two tasks in turn, with a far limit on each read: the earliest deadline moves a little each time.
fn limited_ping_pong(backend: Backend, mode: TimerMode) -> io::Result<Duration> {
    measured(backend, mode, ROUND_TRIPS, async || {
        let (mut ours, mut theirs) = UnixStream::pair()?;
        let other = uring_rt::spawn(async move {
            let mut byte = [0; 2];
            while theirs.read(&mut byte).await? != 0 {
                theirs.write_all(&byte[..1]).await?;
            }
            io::Result::Ok(())
        });
        let mut byte = [0; 2];
        for _ in 0..ROUND_TRIPS {
            ours.write_all(&[1]).await?;
            timeout(Duration::from_secs(10), ours.read(&mut byte)).await??;
        }
        drop(ours);
        other.await?
    })
}

/// Every deadline is a new one, and each one fires.
fn short_sleeps(backend: Backend, mode: TimerMode) -> io::Result<Duration> {
    measured(backend, mode, SLEEPS, async || {
        for _ in 0..SLEEPS {
            sleep(Duration::from_micros(50)).await;
        }
        Ok(())
    })
}
