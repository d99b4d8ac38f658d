//! tokio's current-thread runtime with a `LocalSet`, so that tasks need not be `Send`.

use std::future::Future;
use std::io::{self, PipeReader, Read};
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use hyper::rt;
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Interest};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::runtime::Builder;
use tokio::task::LocalSet;
use tokio::time::{Instant, Sleep};

use crate::runtime::{
    Http, IdleTimeout, LOOPBACK, Readable, Readiness, Runtime, Stream, is_emptied,
};
use crate::transport::listen_on_name;

pub(crate) struct Tokio;

impl Runtime for Tokio {
    type Unix = TokioIo<UnixStream>;
    type UnixListener = UnixListener;
    type Listener = TcpListener;
    type Tcp = TokioIo<TcpStream>;

    fn block_on<F: Future>(future: F) -> F::Output {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("tokio is built");
        LocalSet::new().block_on(&runtime, future)
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + 'static
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let task = tokio::task::spawn_local(future);
        async { task.await.expect("the task ends") }
    }

    fn detach<F>(future: F)
    where
        F: Future<Output = ()> + 'static,
    {
        drop(tokio::task::spawn_local(future));
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + 'static {
        tokio::time::sleep(duration)
    }

    fn idle_timeout(duration: Duration) -> impl IdleTimeout + 'static {
        tokio::time::sleep(duration)
    }

    fn yield_now() -> impl Future<Output = ()> {
        tokio::task::yield_now()
    }

    fn unix_pair() -> io::Result<(Self::Unix, Self::Unix)> {
        let (one, other) = UnixStream::pair()?;
        Ok((TokioIo(one), TokioIo(other)))
    }

    fn listen_unix(name: &str) -> io::Result<UnixListener> {
        let listener = listen_on_name(name)?;
        listener.set_nonblocking(true)?;
        UnixListener::from_std(listener)
    }

    async fn accept_unix(listener: &UnixListener) -> io::Result<Self::Unix> {
        let (stream, _) = listener.accept().await?;
        Ok(TokioIo(stream))
    }

    async fn listen() -> io::Result<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind(LOOPBACK).await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    }

    async fn accept(listener: &TcpListener) -> io::Result<Self::Tcp> {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok(TokioIo(stream))
    }
}

/// A stream, by the traits of this runtime.
pub(crate) struct TokioIo<S>(S);

impl<S: AsyncRead + AsyncWrite + Unpin + 'static> Stream for TokioIo<S> {
    async fn read(&mut self, mut buffer: Vec<u8>) -> (io::Result<usize>, Vec<u8>) {
        (AsyncReadExt::read(&mut self.0, &mut buffer).await, buffer)
    }

    async fn write_all(&mut self, buffer: Vec<u8>, length: usize) -> (io::Result<()>, Vec<u8>) {
        let written = AsyncWriteExt::write_all(&mut self.0, &buffer[..length]).await;
        (written, buffer)
    }
}

impl IdleTimeout for Sleep {
    fn reset(self: Pin<&mut Self>, duration: Duration) {
        Sleep::reset(self, Instant::now() + duration);
    }
}

impl Readiness for Tokio {
    type Pipe = AsyncFd<PipeReader>;

    #[expect(
        deprecated,
        reason = "what takes its place is unsafe; a pipe keeps its descriptor open"
    )]
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

impl Http for Tokio {
    fn for_hyper(stream: Self::Tcp) -> impl rt::Read + rt::Write + Unpin + 'static {
        hyper_util::rt::TokioIo::new(stream.0)
    }
}
