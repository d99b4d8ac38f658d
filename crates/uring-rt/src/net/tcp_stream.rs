//! [`TcpStream`].

mod options;

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use socket2::{Domain, Protocol, Socket, Type};
use uring_reactor::Interest;

use crate::net::address::ToSocketAddrs;
use crate::net::connect::connect_to_any;
use crate::net::fill::Fill;
use crate::net::register;
use crate::net::stream::SocketStream;
use crate::runtime::require;

/// A TCP connection. Corresponds to `tokio::net::TcpStream`.
///
/// It reads and writes by the traits of futures-io, on the stream itself and on a reference to it, so two tasks
/// can have a half each; with the feature `tokio-io` also by those of tokio. Dropping it closes the connection at
/// once, on the runtime's own thread.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use futures_util::{AsyncReadExt, AsyncWriteExt};
/// use uring_rt::net::{TcpListener, TcpStream};
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let mut client = TcpStream::connect(listener.local_addr()?).await?;
/// let (mut server, _peer) = listener.accept().await?;
/// client.write_all(b"hello").await?;
/// client.close().await?; // half of it: the server can still answer
/// let mut received = Vec::new();
/// server.read_to_end(&mut received).await?;
/// assert_eq!(received, b"hello");
/// # Ok(())
/// # }
/// ```
pub type TcpStream = SocketStream<std::net::TcpStream>;

impl TcpStream {
    /// Connects to the first of the addresses that answers. Cancel safe: all attempts end with the future.
    ///
    /// Where tokio tries one address after the other, several are tried as RFC 8305 ("happy eyeballs") says: the
    /// families take turns, the next address is tried when one has failed or after 250 ms, the first one that answers
    /// wins, and the other attempts are closed. So a host whose IPv6 leads nowhere costs a quarter of a second, and not
    /// the kernel's two minutes. With one address there is one attempt.
    ///
    /// # Errors
    ///
    /// `ConnectionRefused`, `TimedOut` and the like for the last of the addresses; what looking up a name
    /// answers.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use uring_rt::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// assert!(stream.local_addr()?.ip().is_loopback());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connect(address: impl ToSocketAddrs) -> io::Result<TcpStream> {
        require("TcpStream::connect");
        connect_to_any(address, connect_to).await
    }

    /// Reads without taking the bytes out of the socket: `MSG_PEEK` of recv(2). Cancel safe.
    ///
    /// # Errors
    ///
    /// Those of recv(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use futures_util::AsyncWriteExt;
    /// use uring_rt::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let mut client = TcpStream::connect(listener.local_addr()?).await?;
    /// let (server, _peer) = listener.accept().await?;
    /// client.write_all(b"GET").await?;
    /// let mut first = [0; 1];
    /// assert_eq!(server.peek(&mut first).await?, 1);
    /// assert_eq!(server.peek(&mut first).await?, 1, "it is still there");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.fd()
            .async_io(Interest::READABLE, |socket| socket.peek(buffer))
            .await
    }

    /// Polls for [`peek`](Self::peek). One task at a time: the last one that polls is woken.
    ///
    /// # Errors
    ///
    /// Those of recv(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use uring_rt::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let client = TcpStream::connect(listener.local_addr()?).await?;
    /// drop(listener.accept().await?);
    /// let mut buffer = [0; 8];
    /// let count = std::future::poll_fn(|cx| client.poll_peek(cx, &mut buffer)).await?;
    /// assert_eq!(count, 0, "the end");
    /// # Ok(())
    /// # }
    /// ```
    pub fn poll_peek<B: Fill + ?Sized>(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut B,
    ) -> Poll<io::Result<usize>> {
        self.fd()
            .poll_read_io(cx, |socket| {
                buffer.fill(|space| Ok((socket.peek(space)?, ())))
            })
            .map_ok(|(count, ())| count)
    }
}

async fn connect_to(address: SocketAddr) -> io::Result<TcpStream> {
    let kind = Type::STREAM.nonblocking();
    let socket = Socket::new(Domain::for_address(address), kind, Some(Protocol::TCP))?;
    connect(socket, address).await
}

/// Connects `socket`, which must be non-blocking.
pub(crate) async fn connect(socket: Socket, address: SocketAddr) -> io::Result<TcpStream> {
    // Registered only once the connect is under way: before, the kernel calls the socket hung up.
    register::start_connect(&socket, &address.into())?;
    TcpStream::register(socket.into())?.connected().await
}

impl TryFrom<std::net::TcpStream> for TcpStream {
    type Error = io::Error;

    /// As [`from_std`](TcpStream::from_std).
    #[track_caller]
    fn try_from(stream: std::net::TcpStream) -> io::Result<TcpStream> {
        TcpStream::from_std(stream)
    }
}
