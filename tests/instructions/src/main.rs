//! One loop, so often: `instructions WORKLOAD COUNT`. What counts the instructions is around it, see
//! `cargo xtask instructions`; the difference between two counts is the loop's own, without start and end.
//!
//! One thread, and no wait that ends by itself: the same instructions each time.

#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::env;
use std::future::{Future, poll_fn};
use std::os::fd::OwnedFd;
use std::pin::{Pin, pin};
use std::process::ExitCode;
use std::rc::Rc;
use std::task::{Poll, Waker};

use futures_util::future::join_all;
use futures_util::{AsyncReadExt, AsyncWriteExt, poll};
use rustix::pipe::{PipeFlags, pipe_with};
use uring_rt::io::AsyncFd;
use uring_rt::net::UnixStream;
use uring_rt::runtime::{Backend, Builder};
use uring_rt::task::{spawn, yield_now};
use uring_rt::time::{Duration, Instant, Sleep, sleep, sleep_until};

/// Tasks that are there at the same time.
const TASKS: usize = 100;
/// Timers that are there while others come and go.
const PENDING: usize = 10_000;
const FAR: Duration = Duration::from_secs(1_000);

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let [workload, count] = args.as_slice() else {
        return usage();
    };
    let Ok(count) = count.parse() else {
        return usage();
    };
    match workload.as_str() {
        "spawn" => run(Backend::Epoll, one_by_one(count)),
        "spawn-batch" => run(Backend::Epoll, in_batches(count)),
        "yield" => run(Backend::Epoll, yields(count)),
        "wake" => run(Backend::Epoll, wakes(count)),
        "timer" => run(Backend::Epoll, timers(count, 0)),
        "timer-among-10000" => run(Backend::Epoll, timers(count, PENDING)),
        "timer-reset" => run(Backend::Epoll, resets(count)),
        "readiness-epoll" => run(Backend::Epoll, readiness(count)),
        "readiness-io_uring" => run(Backend::IoUring, readiness(count)),
        "stream-epoll" => run(Backend::Epoll, stream(count)),
        "stream-io_uring" => run(Backend::IoUring, stream(count)),
        _ => usage(),
    }
}

#[expect(clippy::print_stderr, reason = "a program reports its errors")]
fn usage() -> ExitCode {
    eprintln!("usage: instructions WORKLOAD COUNT");
    ExitCode::from(2)
}

#[expect(clippy::print_stderr, reason = "a program reports its errors")]
fn run(backend: Backend, workload: impl Future<Output = ()>) -> ExitCode {
    match Builder::new().backend(backend).build() {
        Ok(runtime) => {
            runtime.block_on(workload);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            // What counts knows it by this.
            ExitCode::from(3)
        }
    }
}

/// Spawns a task and waits for its end.
async fn one_by_one(count: usize) {
    for n in 0..count {
        assert_eq!(spawn(async move { n }).await.unwrap(), n);
    }
}

/// Spawns many, then waits for them all.
async fn in_batches(count: usize) {
    for _ in 0..count / TASKS {
        let tasks: Vec<_> = (0..TASKS).map(|n| spawn(async move { n })).collect();
        for (n, task) in tasks.into_iter().enumerate() {
            assert_eq!(task.await.unwrap(), n);
        }
    }
}

/// One yield of one of many tasks.
async fn yields(count: usize) {
    let tasks = (0..TASKS).map(|_| {
        spawn(async move {
            for _ in 0..count / TASKS {
                yield_now().await;
            }
        })
    });
    join_all(tasks).await;
}

/// Two tasks wake each other in turn.
async fn wakes(count: usize) {
    let turn = Rc::new(Cell::new(0));
    let waiting: Rc<RefCell<[Option<Waker>; 2]>> = Rc::default();
    let tasks = [0, 1].map(|own| {
        let (turn, waiting) = (Rc::clone(&turn), Rc::clone(&waiting));
        spawn(async move {
            while turn.get() < count {
                poll_fn(|cx| {
                    let is_ours = turn.get() % 2 == own || turn.get() >= count;
                    if is_ours {
                        return Poll::Ready(());
                    }
                    waiting.borrow_mut()[own] = Some(cx.waker().clone());
                    Poll::Pending
                })
                .await;
                turn.set(turn.get() + 1);
                if let Some(waker) = waiting.borrow_mut()[1 - own].take() {
                    waker.wake();
                }
            }
        })
    });
    join_all(tasks).await;
}

/// One timer for each millisecond from `start` on, so that their order does not depend on how long this takes.
async fn waiting(start: Instant, count: usize) -> Vec<Pin<Box<Sleep>>> {
    let mut all: Vec<_> = (0..count)
        .map(|n| Box::pin(sleep_until(start + Duration::from_millis(n as u64))))
        .collect();
    for sleep in &mut all {
        assert!(poll!(sleep).is_pending());
    }
    all
}

/// A timer that is made, waits, and goes without having been due, among others that wait.
async fn timers(count: usize, pending: usize) {
    let _others = waiting(Instant::now() + FAR, pending).await;
    for n in 0..count {
        let sleep = pin!(sleep(
            FAR + Duration::from_millis((n * 7_919 % 10_000) as u64)
        ));
        assert!(poll!(sleep).is_pending());
    }
}

/// Deadlines that keep moving, among others that wait.
async fn resets(count: usize) {
    let start = Instant::now() + FAR;
    let mut all = waiting(start, PENDING).await;
    for n in 0..count {
        let at = start + Duration::from_millis((n * 7_919 % 10_000) as u64);
        all[n % TASKS].as_mut().reset(at);
    }
}

/// Arms a poll, and sees it complete.
async fn readiness(count: usize) {
    let (reader, writer) = pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC).unwrap();
    let reader: AsyncFd<OwnedFd> = AsyncFd::new(reader).unwrap();
    for _ in 0..count {
        let mut readable = pin!(reader.readable());
        assert!(poll!(&mut readable).is_pending());
        yield_now().await;
        rustix::io::write(&writer, b"x").unwrap();
        let mut guard = readable.await.unwrap();
        rustix::io::read(&reader, &mut [0; 8]).unwrap();
        guard.clear_ready();
    }
}

/// A round trip between two tasks.
async fn stream(count: usize) {
    let (mut ours, mut theirs) = UnixStream::pair().unwrap();
    let echo = spawn(async move {
        let mut buffer = [0; 64];
        for _ in 0..count {
            theirs.read_exact(&mut buffer).await.unwrap();
            theirs.write_all(&buffer).await.unwrap();
        }
    });
    let mut buffer = [0; 64];
    for _ in 0..count {
        ours.write_all(&buffer).await.unwrap();
        ours.read_exact(&mut buffer).await.unwrap();
    }
    echo.await.unwrap();
}
