//! compio on its io_uring driver.

use std::future::Future;
use std::io::{self, PipeReader, Read};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream as StdStream;
use std::time::Duration;

use compio::BufResult;
use compio::buf::{IntoInner, IoBuf};
use compio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use compio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use compio::runtime::fd::PollFd;

use crate::runtime::{LOOPBACK, Readable, Readiness, Runtime, Stream};
use crate::transport::listen_on_name;

pub(crate) struct Compio;

impl Runtime for Compio {
    type Unix = CompioIo<UnixStream>;
    type UnixListener = UnixListener;
    type Listener = TcpListener;
    type Tcp = CompioIo<TcpStream>;

    fn block_on<F: Future>(future: F) -> F::Output {
        let runtime = compio::runtime::Runtime::new().expect("compio is built");
        assert!(
            runtime.driver_type().is_iouring(),
            "compio runs on io_uring"
        );
        runtime.block_on(future)
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + 'static
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let task = compio::runtime::spawn(future);
        async { task.await.expect("the task ends") }
    }

    fn detach<F>(future: F)
    where
        F: Future<Output = ()> + 'static,
    {
        compio::runtime::spawn(future).detach();
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + 'static {
        compio::time::sleep(duration)
    }

    fn unix_pair() -> io::Result<(Self::Unix, Self::Unix)> {
        let (one, other) = StdStream::pair()?;
        let (one, other) = (UnixStream::from_std(one)?, UnixStream::from_std(other)?);
        Ok((CompioIo(one), CompioIo(other)))
    }

    fn listen_unix(name: &str) -> io::Result<UnixListener> {
        UnixListener::from_std(listen_on_name(name)?)
    }

    async fn accept_unix(listener: &UnixListener) -> io::Result<Self::Unix> {
        let (stream, _) = listener.accept().await?;
        Ok(CompioIo(stream))
    }

    async fn listen() -> io::Result<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind(LOOPBACK).await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    }

    async fn accept(listener: &TcpListener) -> io::Result<Self::Tcp> {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok(CompioIo(stream))
    }
}

/// A stream, by the traits of this runtime.
pub(crate) struct CompioIo<S>(S);

impl<S: AsyncRead + AsyncWrite + 'static> Stream for CompioIo<S> {
    async fn read(&mut self, buffer: Vec<u8>) -> (io::Result<usize>, Vec<u8>) {
        let BufResult(count, buffer) = AsyncRead::read(&mut self.0, buffer).await;
        (count, buffer)
    }

    async fn write_all(&mut self, buffer: Vec<u8>, length: usize) -> (io::Result<()>, Vec<u8>) {
        let part = buffer.slice(..length);
        let BufResult(written, part) = AsyncWriteExt::write_all(&mut self.0, part).await;
        (written, part.into_inner())
    }
}

impl Readiness for Compio {
    type Pipe = PollFd<PipeReader>;

    fn register(pipe: PipeReader) -> io::Result<Self::Pipe> {
        PollFd::new(pipe)
    }
}

impl Readable for PollFd<PipeReader> {
    async fn read_when_ready(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_ready().await?;
        (&**self).read(buffer)
    }
}
