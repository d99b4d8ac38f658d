//! The backends to run a test on, and what many tests need.

use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake};
use std::thread::{self, Thread};

use futures_util::{AsyncReadExt, AsyncWriteExt};
use uring_rt::net::{TcpListener, TcpStream};
use uring_rt::runtime::{Backend, Builder, Rung, Runtime, TimerMode};

use crate::rungs::has_rung;

/// Every way to drive a loop: the ring on each rung that this kernel has, deadlines by a timerfd, and epoll with both
/// kinds of deadlines. Where the environment decides, what it decides, with both kinds.
pub(crate) fn backends() -> Vec<(String, Builder)> {
    let way = |backend, timer| {
        let mut builder = Builder::new();
        builder.backend(backend).timer(timer);
        builder
    };
    let (timeout, timerfd) = (TimerMode::WaitTimeout, TimerMode::TimerFd);
    if overriding_variable().is_some() {
        return vec![
            ("environment".into(), way(Backend::Auto, timeout)),
            ("environment, timerfd".into(), way(Backend::Auto, timerfd)),
        ];
    }
    let mut all: Vec<_> = Rung::ALL
        .into_iter()
        .filter(|&rung| has_rung(rung))
        .map(|rung| {
            let mut builder = way(Backend::IoUring, timeout);
            builder.top_rung(rung);
            (format!("rung {}", rung.name()), builder)
        })
        .collect();
    all.push(("ring, timerfd".into(), way(Backend::IoUring, timerfd)));
    all.push(("epoll".into(), way(Backend::Epoll, timeout)));
    all.push(("epoll, timerfd".into(), way(Backend::Epoll, timerfd)));
    all
}

/// Runs `test` with a runtime of each backend.
pub(crate) fn for_each_runtime(test: impl Fn(&Runtime)) {
    for (name, mut builder) in backends() {
        let _named = Named(&name);
        let runtime = builder.build().unwrap_or_else(|e| panic!("{name}: {e}"));
        test(&runtime);
    }
}

/// Runs `test` inside of a runtime of each backend.
pub(crate) fn for_each_backend(test: impl AsyncFn()) {
    for_each_runtime(|runtime| runtime.block_on(test()));
}

/// Says which backend it was when a test fails.
struct Named<'a>(&'a str);

impl Drop for Named<'_> {
    #[expect(clippy::print_stderr, reason = "a failed test tells where it failed")]
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("this was on {}", self.0);
        }
    }
}

pub(crate) fn runtime() -> Runtime {
    Runtime::new().unwrap()
}

/// A runtime whose clock stands still.
pub(crate) fn paused_runtime() -> Runtime {
    Builder::new().start_paused(true).build().unwrap()
}

/// Whether the environment decides about the backend, so that a test cannot. Says so, as something is left out then.
#[expect(clippy::print_stderr, reason = "nothing is left out silently")]
pub(crate) fn is_overridden() -> bool {
    let set = overriding_variable();
    if let Some(name) = set {
        eprintln!("skipped: a test asks for a backend, and {name} overrides it");
    }
    set.is_some()
}

fn overriding_variable() -> Option<&'static str> {
    let names = ["URING_RT_BACKEND", "URING_RT_RUNG"];
    names
        .into_iter()
        .find(|name| std::env::var_os(name).is_some())
}

/// What `call` panics with.
pub(crate) fn panic_text<R>(call: impl FnOnce() -> R) -> String {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(_) => panic!("it did not panic"),
        Err(payload) => text_of(payload.as_ref()),
    }
}

pub(crate) fn text_of(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string))
        .expect("the payload is a text")
}

/// Bytes that differ from place to place and from seed to seed.
pub(crate) fn pattern(seed: usize, len: usize) -> Vec<u8> {
    let byte = |i: usize| (i.wrapping_mul(31) ^ (i >> 8) ^ seed.wrapping_mul(101)) & 0xff;
    (0..len).map(|i| u8::try_from(byte(i)).unwrap()).collect()
}

/// Writes back what it reads, until the peer ends its half.
pub(crate) async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..count]).await?;
    }
}

/// Two ends of one TCP connection.
pub(crate) async fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (ours, theirs) = futures_util::join!(TcpStream::connect(address), listener.accept());
    (ours.unwrap(), theirs.unwrap().0)
}

/// Runs a future on this thread with nothing of this crate around it.
pub(crate) fn foreign_block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread, AtomicBool);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.1.store(true, Ordering::Release);
            self.0.unpark();
        }
    }
    let unpark = Arc::new(Unpark(thread::current(), AtomicBool::new(false)));
    let waker = Arc::clone(&unpark).into();
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        while !unpark.1.swap(false, Ordering::AcqRel) {
            thread::park();
        }
    }
}

/// Waits, without sleeping, for something that another thread does.
pub(crate) fn spin_until(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        thread::yield_now();
    }
}
