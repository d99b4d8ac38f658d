//! glommio, its executor not bound to a core of its own choice: the process is bound already.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use glommio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use glommio::timer::Timer;
use glommio::{LocalExecutorBuilder, Placement};
use hyper::rt;

use crate::runtime::{Http, IdleTimeout, LOOPBACK, Runtime};
use crate::runtimes::futures_io::FuturesIo;

pub(crate) struct Glommio;

impl Runtime for Glommio {
    type Unix = FuturesIo<UnixStream>;
    type UnixListener = UnixListener;
    type Listener = TcpListener;
    type Tcp = FuturesIo<TcpStream>;

    fn block_on<F: Future>(future: F) -> F::Output {
        let executor = LocalExecutorBuilder::new(Placement::Unbound).make();
        executor.expect("glommio is built").run(future)
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + 'static
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        glommio::spawn_local(future)
    }

    fn detach<F>(future: F)
    where
        F: Future<Output = ()> + 'static,
    {
        glommio::spawn_local(future).detach();
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + 'static {
        glommio::timer::sleep(duration)
    }

    fn idle_timeout(duration: Duration) -> impl IdleTimeout + 'static {
        GlommioTimer(Timer::new(duration))
    }

    async fn yield_now() {
        glommio::executor().yield_now().await;
    }

    fn unix_pair() -> io::Result<(Self::Unix, Self::Unix)> {
        let (one, other) = UnixStream::pair()?;
        Ok((FuturesIo(one), FuturesIo(other)))
    }

    fn listen_unix(name: &str) -> io::Result<UnixListener> {
        // Takes nothing of the standard library over, but knows abstract names.
        Ok(UnixListener::bind(format!("\0{name}"))?)
    }

    async fn accept_unix(listener: &UnixListener) -> io::Result<Self::Unix> {
        let stream = listener.accept().await?;
        Ok(FuturesIo(stream))
    }

    async fn listen() -> io::Result<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind(LOOPBACK)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    }

    async fn accept(listener: &TcpListener) -> io::Result<Self::Tcp> {
        let stream = listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok(FuturesIo(stream))
    }
}

/// Says when it ended, which no other does.
struct GlommioTimer(Timer);

impl Future for GlommioTimer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(context).map(drop)
    }
}

impl IdleTimeout for GlommioTimer {
    fn reset(mut self: Pin<&mut Self>, duration: Duration) {
        self.0.reset(duration);
    }
}

impl Http for Glommio {
    fn for_hyper(stream: Self::Tcp) -> impl rt::Read + rt::Write + Unpin + 'static {
        smol_hyper::rt::FuturesIo::new(stream.0)
    }
}
