//! Shows what the runtimes of a process do, live, as top(1) shows processes.
//!
//! ```text
//! top [--for SECONDS] [--every SECONDS]
//! ```
//!
//! Three runtimes on threads of their own do invented work, and the one that draws is shown as well. What is drawn is
//! `Handle::metrics`, which may be asked from any thread and costs the runtimes nothing beyond their counting: to have
//! this in a program of your own, take `sample.rs` and `screen.rs`. Ctrl-C ends it. Where the output is not a terminal,
//! a line is written for each runtime at each interval.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program's output"
)]

mod args;
mod load;
mod sample;
mod screen;

use std::future::Future;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use uring_rt::runtime::{Builder, Handle};
use uring_rt::signal::ctrl_c;
use uring_rt::time::{Instant, MissedTickBehavior, interval, sleep};

use args::Args;
use load::Loads;
use sample::Watched;
use screen::Screen;

fn main() -> ExitCode {
    let args = match Args::parse(std::env::args().skip(1)) {
        Ok(args) => args,
        Err(wrong) => {
            eprintln!("top: {wrong}");
            return ExitCode::from(2);
        }
    };
    match show(&args) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read it has seen enough: as with `top | head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("top: {error}");
            ExitCode::FAILURE
        }
    }
}

fn show(args: &Args) -> io::Result<()> {
    let runtime = Builder::new().name("top").build()?;
    let loads = Loads::start()?;
    let shown = runtime.block_on(async {
        let own = load::Running::here(Handle::current());
        let watched: Vec<_> = loads.running().chain([own]).map(Watched::new).collect();
        let screen = Screen::new(io::stdout().is_terminal());
        until_enough(args.duration, draw(watched, &screen, args.every)).await
    });
    loads.stop();
    shown
}

/// Draws for ever, or until writing fails.
async fn draw(mut watched: Vec<Watched>, screen: &Screen, every: Duration) -> io::Result<()> {
    let begin = Instant::now();
    let mut ticks = interval(every);
    // After a pause of the whole process, one picture is enough.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    // The first tick comes at once, when there is nothing to compare with.
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let columns: Vec<_> = watched.iter_mut().map(Watched::sample).collect();
        let mut out = io::stdout().lock();
        out.write_all(screen.picture(begin.elapsed(), &columns).as_bytes())?;
        out.flush()?;
    }
}

/// Whichever comes first: an error of the drawing, the end of the time, or Ctrl-C.
async fn until_enough(
    duration: Option<Duration>,
    drawing: impl Future<Output = io::Result<()>>,
) -> io::Result<()> {
    let time = async {
        match duration {
            Some(duration) => sleep(duration).await,
            None => std::future::pending().await,
        }
    };
    let enough = futures_util::future::select(Box::pin(time), Box::pin(ctrl_c()));
    let first = futures_util::future::select(Box::pin(drawing), enough).await;
    match first {
        futures_util::future::Either::Left((ended, _)) => ended,
        futures_util::future::Either::Right(_) => Ok(()),
    }
}
