//! smol with a `LocalExecutor`.

use std::future::Future;
use std::io::{self, PipeReader, Read};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt;
use smol::net::unix::{UnixListener, UnixStream};
use smol::net::{TcpListener, TcpStream};
use smol::{Async, LocalExecutor, Timer};

use crate::runtime::{Http, IdleTimeout, LOOPBACK, Readable, Readiness, Runtime};
use crate::runtimes::futures_io::FuturesIo;
use crate::transport::listen_on_name;

pub(crate) struct Smol;

thread_local! {
    /// Never freed: one for each thread that runs smol, until the process ends.
    static EXECUTOR: &'static LocalExecutor<'static> = Box::leak(Box::new(LocalExecutor::new()));
}

impl Runtime for Smol {
    type Unix = FuturesIo<UnixStream>;
    type UnixListener = UnixListener;
    type Listener = TcpListener;
    type Tcp = FuturesIo<TcpStream>;

    fn block_on<F: Future>(future: F) -> F::Output {
        EXECUTOR.with(|executor| smol::block_on(executor.run(future)))
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + 'static
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        EXECUTOR.with(|executor| executor.spawn(future))
    }

    fn detach<F>(future: F)
    where
        F: Future<Output = ()> + 'static,
    {
        EXECUTOR.with(|executor| executor.spawn(future)).detach();
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + 'static {
        let timer = Timer::after(duration);
        async {
            timer.await;
        }
    }

    fn idle_timeout(duration: Duration) -> impl IdleTimeout + 'static {
        SmolTimer(Timer::after(duration))
    }

    fn yield_now() -> impl Future<Output = ()> {
        smol::future::yield_now()
    }

    fn unix_pair() -> io::Result<(Self::Unix, Self::Unix)> {
        let (one, other) = UnixStream::pair()?;
        Ok((FuturesIo(one), FuturesIo(other)))
    }

    fn listen_unix(name: &str) -> io::Result<UnixListener> {
        listen_on_name(name)?.try_into()
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
}

/// Says when it ended, which no other does.
struct SmolTimer(Timer);

impl Future for SmolTimer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(context).map(drop)
    }
}

impl IdleTimeout for SmolTimer {
    fn reset(mut self: Pin<&mut Self>, duration: Duration) {
        self.0.set_after(duration);
    }
}

impl Readiness for Smol {
    type Pipe = Async<PipeReader>;

    fn register(pipe: PipeReader) -> io::Result<Self::Pipe> {
        Async::new_nonblocking(pipe)
    }
}

impl Readable for Async<PipeReader> {
    async fn read_when_ready(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.readable().await?;
        self.get_ref().read(buffer)
    }
}

impl Http for Smol {
    fn for_hyper(stream: Self::Tcp) -> impl rt::Read + rt::Write + Unpin + 'static {
        smol_hyper::rt::FuturesIo::new(stream.0)
    }
}
