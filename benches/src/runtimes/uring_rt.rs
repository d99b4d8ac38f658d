//! Ours, with default settings: on what the machine allows, which must be io_uring, and on epoll.

use std::future::Future;
use std::io::{self, PipeReader, Read};
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use hyper::rt;
use uring_rt::io::{AsyncFd, Interest};
use uring_rt::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use uring_rt::runtime::{Backend, Builder, Handle};
use uring_rt::time::{Instant, Sleep};

use crate::runtime::{
    Counters, Http, IdleTimeout, LOOPBACK, Readable, Readiness, Runtime, is_emptied,
};
use crate::runtimes::futures_io::FuturesIo;
use crate::transport::listen_on_name;

/// The one that a user gets.
pub(crate) type Auto = UringRt<false>;
/// As where io_uring is refused.
pub(crate) type Epoll = UringRt<true>;

pub(crate) struct UringRt<const EPOLL: bool>;

impl<const EPOLL: bool> Runtime for UringRt<EPOLL> {
    type Unix = FuturesIo<UnixStream>;
    type UnixListener = UnixListener;
    type Listener = TcpListener;
    type Tcp = FuturesIo<TcpStream>;

    fn block_on<F: Future>(future: F) -> F::Output {
        let (backend, name) = if EPOLL {
            (Backend::Epoll, "epoll")
        } else {
            (Backend::Auto, "io_uring")
        };
        let runtime = Builder::new().backend(backend).build();
        let runtime = runtime.expect("uring-rt is built");
        assert_eq!(runtime.driver().backend(), name, "{}", runtime.driver());
        runtime.block_on(future)
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + 'static
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let task = uring_rt::spawn(future);
        async { task.await.expect("the task ends") }
    }

    fn detach<F>(future: F)
    where
        F: Future<Output = ()> + 'static,
    {
        drop(uring_rt::spawn(future));
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + 'static {
        uring_rt::time::sleep(duration)
    }

    fn idle_timeout(duration: Duration) -> impl IdleTimeout + 'static {
        uring_rt::time::sleep(duration)
    }

    fn yield_now() -> impl Future<Output = ()> {
        uring_rt::task::yield_now()
    }

    fn unix_pair() -> io::Result<(Self::Unix, Self::Unix)> {
        let (one, other) = UnixStream::pair()?;
        Ok((FuturesIo(one), FuturesIo(other)))
    }

    fn listen_unix(name: &str) -> io::Result<UnixListener> {
        let listener = listen_on_name(name)?;
        listener.set_nonblocking(true)?;
        UnixListener::from_std(listener)
    }

    async fn accept_unix(listener: &UnixListener) -> io::Result<Self::Unix> {
        let (stream, _) = listener.accept().await?;
        Ok(FuturesIo(stream))
    }

    async fn listen() -> io::Result<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind(LOOPBACK).await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    }

    async fn accept(listener: &TcpListener) -> io::Result<Self::Tcp> {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok(FuturesIo(stream))
    }

    /// Calls that wait, `io_uring_enter` or `epoll_wait`; requests; calls of poll(2).
    fn counters() -> Counters {
        let metrics = Handle::current().metrics();
        Box::new(move || {
            let reactor = metrics.snapshot().reactor;
            vec![
                ("enters", reactor.enters),
                ("arms", reactor.arms),
                ("looks", reactor.looks),
            ]
        })
    }
}

impl IdleTimeout for Sleep {
    fn reset(mut self: Pin<&mut Self>, duration: Duration) {
        Sleep::reset(&mut self, Instant::now() + duration);
    }
}

impl<const EPOLL: bool> Readiness for UringRt<EPOLL> {
    type Pipe = AsyncFd<PipeReader>;

    fn register(pipe: PipeReader) -> io::Result<Self::Pipe> {
        AsyncFd::with_interest(pipe, Interest::READABLE)
    }
}

impl Readable for AsyncFd<PipeReader> {
    async fn read_when_ready(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut guard = self.readable().await?;
        let read = self.get_ref().read(buffer);
        if is_emptied(&read, buffer.len()) {
            guard.clear_ready();
        }
        read
    }
}

impl<const EPOLL: bool> Http for UringRt<EPOLL> {
    fn for_hyper(stream: Self::Tcp) -> impl rt::Read + rt::Write + Unpin + 'static {
        stream.0
    }
}
