//! Invented work, so that there is something to see: three runtimes, each busy in a way of its own.

use std::io;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use futures_util::{AsyncReadExt, AsyncWriteExt};
use rustix::thread::gettid;
use uring_rt::net::UnixStream;
use uring_rt::runtime::{Backend, Builder, Handle};
use uring_rt::task::{AbortHandle, consume_budget};
use uring_rt::time::{interval, sleep};

const PAIRS: u32 = 16;
const TIMERS: u32 = 500;
const STALL: Duration = Duration::from_millis(20);

/// A runtime that is running.
#[derive(Clone)]
pub(crate) struct Running {
    pub(crate) handle: Handle,
    /// The thread on which it runs, as the kernel knows it.
    pub(crate) thread: i32,
}

impl Running {
    /// The runtime of this thread.
    pub(crate) fn here(handle: Handle) -> Running {
        Running {
            handle,
            thread: gettid().as_raw_nonzero().get(),
        }
    }
}

pub(crate) struct Loads {
    loads: Vec<Load>,
}

struct Load {
    running: Running,
    /// Ends the runtime's work, and so its thread.
    stop: AbortHandle,
    thread: JoinHandle<()>,
}

impl Loads {
    pub(crate) fn start() -> io::Result<Loads> {
        let echo = start("echo", Backend::Auto, echo)?;
        let timers = start("timers", Backend::Epoll, timers)?;
        let target = echo.running.handle.clone();
        let mixed = start("mixed", Backend::Auto, move || mixed(target))?;
        Ok(Loads {
            loads: vec![echo, timers, mixed],
        })
    }

    pub(crate) fn running(&self) -> impl Iterator<Item = Running> {
        self.loads.iter().map(|load| load.running.clone())
    }

    /// Ends the work, and waits for the threads to end.
    pub(crate) fn stop(self) {
        for load in &self.loads {
            load.stop.abort();
        }
        for load in self.loads {
            if let Err(panic) = load.thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    }
}

/// Starts a thread with a runtime that does `work` until it is told to stop.
fn start<F>(
    name: &'static str,
    backend: Backend,
    work: impl FnOnce() -> F + Send + 'static,
) -> io::Result<Load>
where
    F: Future<Output = ()> + 'static,
{
    let (tell, told) = mpsc::channel();
    let run = move || {
        let built = Builder::new()
            .name(name)
            .backend(backend)
            .stall_threshold(STALL / 2)
            // Counting is enough: the screen is taken.
            .on_stall(|_| {})
            .build();
        let runtime = match built {
            Ok(runtime) => runtime,
            Err(error) => return drop(tell.send(Err(error))),
        };
        let task = runtime.spawn(async { work().await });
        let running = Running::here(runtime.handle().clone());
        let stop = task.abort_handle();
        // Nobody listens any more only where the program is ending.
        if tell.send(Ok((running, stop))).is_ok() {
            // What it was stopped by is no news.
            drop(runtime.block_on(task));
        }
    };
    let thread = thread::Builder::new().name(name.to_owned()).spawn(run)?;
    let (running, stop) = told
        .recv()
        .map_err(|_| io::Error::other(format!("the thread of {name} has ended")))??;
    Ok(Load {
        running,
        stop,
        thread,
    })
}

/// Pairs of sockets, at which a byte goes to and fro, with pauses.
async fn echo() {
    let pairs = (0..PAIRS).map(|number| async move {
        let (mut ours, mut theirs) = UnixStream::pair()?;
        let other = uring_rt::spawn(async move {
            let mut byte = [0; 2];
            while theirs.read(&mut byte).await? != 0 {
                theirs.write_all(&byte[..1]).await?;
            }
            io::Result::Ok(())
        });
        loop {
            for _ in 0..100 {
                ours.write_all(&[1]).await?;
                if ours.read(&mut [0; 2]).await? == 0 {
                    return other.await?;
                }
            }
            sleep(Duration::from_millis(5 + u64::from(number))).await;
        }
    });
    report(
        "echo",
        futures_util::future::try_join_all(pairs).await.map(drop),
    );
}

/// Many timers, of which one fires every other moment.
async fn timers() {
    let timers = (0..TIMERS).map(|number| async move {
        let mut ticks = interval(Duration::from_millis(u64::from(50 + number)));
        loop {
            ticks.tick().await;
        }
    });
    futures_util::future::join_all(timers.map(uring_rt::spawn)).await;
}

/// A bit of everything that is seldom: work for another runtime, a task that uses up its budget, and a stall.
async fn mixed(other: Handle) {
    let mut ticks = interval(Duration::from_millis(100));
    for round in 0_u32.. {
        ticks.tick().await;
        // The answer is a wake from another thread, in both directions.
        let _ = other.spawn(async {}).await;
        for _ in 0..1000 {
            consume_budget().await;
        }
        if round % 10 == 9 {
            hold_the_thread();
        }
    }
}

/// What nobody should do in a task, and the metrics call a stall.
fn hold_the_thread() {
    let begin = Instant::now();
    while begin.elapsed() < STALL {
        std::hint::spin_loop();
    }
}

#[expect(clippy::print_stderr, reason = "a program's output")]
fn report(name: &str, result: io::Result<()>) {
    if let Err(error) = result {
        eprintln!("top: the load {name} has ended: {error}");
    }
}
