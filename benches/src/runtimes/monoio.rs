//! monoio on its io_uring driver.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use monoio::buf::IoBuf;
use monoio::io::{AsyncReadRent, AsyncWriteRent, AsyncWriteRentExt};
use monoio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use monoio::time::{Instant, Sleep};
use monoio::{IoUringDriver, RuntimeBuilder};

use crate::runtime::{IdleTimeout, LOOPBACK, Runtime, Stream};
use crate::transport::listen_on_name;

pub(crate) struct Monoio;

impl Runtime for Monoio {
    type Unix = MonoioIo<UnixStream>;
    type UnixListener = UnixListener;
    type Listener = TcpListener;
    type Tcp = MonoioIo<TcpStream>;

    fn block_on<F: Future>(future: F) -> F::Output {
        let runtime = RuntimeBuilder::<IoUringDriver>::new()
            .enable_timer()
            .build();
        runtime.expect("monoio is built").block_on(future)
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + 'static
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        monoio::spawn(future)
    }

    fn detach<F>(future: F)
    where
        F: Future<Output = ()> + 'static,
    {
        drop(monoio::spawn(future));
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + 'static {
        monoio::time::sleep(duration)
    }

    fn idle_timeout(duration: Duration) -> impl IdleTimeout + 'static {
        monoio::time::sleep(duration)
    }

    fn unix_pair() -> io::Result<(Self::Unix, Self::Unix)> {
        let (one, other) = UnixStream::pair()?;
        Ok((MonoioIo(one), MonoioIo(other)))
    }

    fn listen_unix(name: &str) -> io::Result<UnixListener> {
        UnixListener::from_std(listen_on_name(name)?)
    }

    async fn accept_unix(listener: &UnixListener) -> io::Result<Self::Unix> {
        let (stream, _) = listener.accept().await?;
        Ok(MonoioIo(stream))
    }

    async fn listen() -> io::Result<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind(LOOPBACK)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    }

    async fn accept(listener: &TcpListener) -> io::Result<Self::Tcp> {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok(MonoioIo(stream))
    }
}

/// A stream, by the traits of this runtime.
pub(crate) struct MonoioIo<S>(S);

impl<S: AsyncReadRent + AsyncWriteRent + 'static> Stream for MonoioIo<S> {
    async fn read(&mut self, buffer: Vec<u8>) -> (io::Result<usize>, Vec<u8>) {
        AsyncReadRent::read(&mut self.0, buffer).await
    }

    async fn write_all(&mut self, buffer: Vec<u8>, length: usize) -> (io::Result<()>, Vec<u8>) {
        let (written, part) =
            AsyncWriteRentExt::write_all(&mut self.0, buffer.slice(..length)).await;
        (written.map(drop), part.into_inner())
    }
}

impl IdleTimeout for Sleep {
    fn reset(self: Pin<&mut Self>, duration: Duration) {
        Sleep::reset(self, Instant::now() + duration);
    }
}
