//! The halves of a [`TcpStream`]. Corresponds to `tokio::net::tcp`.
//!
//! See the example of [`WriteHalf`].

use std::error::Error;
use std::fmt;
use std::io;
use std::net;
use std::ops::Deref;
use std::task::{Context, Poll};

use crate::net::TcpStream;
use crate::net::fill::Fill;
use crate::net::halves::{self, ReadSide, WriteSide};

/// The reading half of a stream that [`split`](TcpStream::split) lends.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use futures_util::{AsyncReadExt, AsyncWriteExt};
/// use uring_rt::net::{TcpListener, TcpStream, tcp::ReadHalf};
///
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let mut client = TcpStream::connect(listener.local_addr()?).await?;
/// listener.accept().await?.0.write_all(b"hi").await?;
/// let (mut read, _): (ReadHalf<'_>, _) = TcpStream::split(&mut client);
/// let mut all = String::new();
/// read.read_to_string(&mut all).await?;
/// assert_eq!(all, "hi");
/// # Ok(())
/// # }
/// ```
pub type ReadHalf<'a> = ReadSide<&'a TcpStream>;

/// The writing half of a stream that [`split`](TcpStream::split) lends.
///
/// ```
/// use futures_util::{AsyncReadExt, AsyncWriteExt};
/// use uring_rt::net::tcp::{ReadHalf, WriteHalf};
/// use uring_rt::net::{TcpListener, TcpStream};
///
/// async fn echo(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>) -> std::io::Result<()> {
///     let mut bytes = [0; 4];
///     from.read_exact(&mut bytes).await?;
///     to.write_all(&bytes).await
/// }
///
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let mut client = TcpStream::connect(listener.local_addr()?).await?;
/// let (mut served, _) = listener.accept().await?;
/// client.write_all(b"ping").await?;
/// let (read, write) = TcpStream::split(&mut served); // `served.split()` is that of futures-util here
/// echo(read, write).await?;
/// let mut echoed = [0; 4];
/// client.read_exact(&mut echoed).await?;
/// assert_eq!(&echoed, b"ping");
/// # Ok(())
/// # }
/// ```
pub type WriteHalf<'a> = WriteSide<&'a TcpStream>;

/// The reading half of a stream that [`into_split`](TcpStream::into_split) took apart.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use futures_util::{AsyncReadExt, AsyncWriteExt};
/// use uring_rt::net::{TcpListener, TcpStream, tcp::OwnedReadHalf};
///
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let client = TcpStream::connect(listener.local_addr()?).await?;
/// listener.accept().await?.0.write_all(b"hi").await?;
/// let (mut read, _write): (OwnedReadHalf, _) = client.into_split();
/// let reader = uring_rt::spawn(async move {
///     let mut all = String::new();
///     read.read_to_string(&mut all).await.map(|_| all)
/// });
/// assert_eq!(reader.await??, "hi");
/// # Ok(())
/// # }
/// ```
pub type OwnedReadHalf = halves::OwnedReadHalf<net::TcpStream>;

/// The writing half of a stream that [`into_split`](TcpStream::into_split) took apart. Dropping it ends what the
/// peer can read.
///
/// ```
/// use futures_util::{AsyncReadExt, AsyncWriteExt};
/// use uring_rt::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
/// use uring_rt::net::{TcpListener, TcpStream};
///
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let client = TcpStream::connect(listener.local_addr()?).await?;
/// let (mut served, _) = listener.accept().await?;
/// let (mut read, write): (OwnedReadHalf, OwnedWriteHalf) = client.into_split();
/// drop(write);
/// assert_eq!(served.read(&mut [0; 8]).await?, 0); // the end of the stream
/// served.write_all(b"bye").await?;
/// assert_eq!(read.read(&mut [0; 8]).await?, 3); // the other direction goes on
/// # Ok(())
/// # }
/// ```
pub type OwnedWriteHalf = halves::OwnedWriteHalf<net::TcpStream>;

/// Two halves that are not of one stream, given back.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use uring_rt::net::{TcpListener, TcpStream, tcp::ReuniteError};
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let (read, _) = TcpStream::connect(listener.local_addr()?).await?.into_split();
/// let (_, write) = TcpStream::connect(listener.local_addr()?).await?.into_split();
/// let ReuniteError(_read, _write) = read.reunite(write).unwrap_err();
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ReuniteError(pub OwnedReadHalf, pub OwnedWriteHalf);

impl fmt::Display for ReuniteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(halves::NOT_OF_ONE)
    }
}

impl Error for ReuniteError {}

impl OwnedReadHalf {
    /// Puts the two halves of a stream together again.
    ///
    /// # Errors
    ///
    /// [`ReuniteError`] when they are of two.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use uring_rt::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let (read, write) = TcpStream::connect(listener.local_addr()?).await?.into_split();
    /// let stream = read.reunite(write)?;
    /// # drop(stream);
    /// # Ok(())
    /// # }
    /// ```
    pub fn reunite(self, other: OwnedWriteHalf) -> Result<TcpStream, ReuniteError> {
        halves::reunite(self, other).map_err(|(read, write)| ReuniteError(read, write))
    }
}

impl OwnedWriteHalf {
    /// Puts the two halves of a stream together again.
    ///
    /// # Errors
    ///
    /// [`ReuniteError`] when they are of two.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use uring_rt::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let (read, write) = TcpStream::connect(listener.local_addr()?).await?.into_split();
    /// let stream = write.reunite(read)?;
    /// # drop(stream);
    /// # Ok(())
    /// # }
    /// ```
    pub fn reunite(self, other: OwnedReadHalf) -> Result<TcpStream, ReuniteError> {
        other.reunite(self)
    }
}

impl<P: Deref<Target = TcpStream>> ReadSide<P> {
    /// Reads without taking the bytes out of the socket. Cancel safe. See [`TcpStream::peek`].
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
    /// let mut stream = TcpStream::connect(listener.local_addr()?).await?;
    /// drop(listener.accept().await?);
    /// let (mut read, _write) = stream.split();
    /// assert_eq!(read.peek(&mut [0; 8]).await?, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn peek(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.peek(buffer).await
    }

    /// Polls for [`peek`](Self::peek). See [`TcpStream::poll_peek`].
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
    /// let mut stream = TcpStream::connect(listener.local_addr()?).await?;
    /// drop(listener.accept().await?);
    /// let (mut read, _write) = stream.split();
    /// let peeked = std::future::poll_fn(|cx| read.poll_peek(cx, &mut [0; 8])).await?;
    /// assert_eq!(peeked, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn poll_peek<B: Fill + ?Sized>(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut B,
    ) -> Poll<io::Result<usize>> {
        self.0.poll_peek(cx, buffer)
    }
}
