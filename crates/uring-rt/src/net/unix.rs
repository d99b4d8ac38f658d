//! The halves of a [`UnixStream`], pipes, and what belongs to Unix sockets. Corresponds to `tokio::net::unix`.
//!
//! See the example of [`WriteHalf`].

mod address;
mod fds;
pub mod pipe;
mod seqpacket;
pub(crate) mod ucred;

use std::error::Error;
use std::fmt;
use std::os::unix::net;

use crate::net::UnixStream;
use crate::net::halves::{self, ReadSide, WriteSide};

pub use address::SocketAddr;
pub use fds::Received;
pub use seqpacket::{Seqpacket, SeqpacketListener};
pub use ucred::UCred;

/// A user's number.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use uring_rt::net::unix::uid_t;
///
/// let (ours, _theirs) = uring_rt::net::UnixStream::pair()?;
/// let root: uid_t = 0;
/// println!("{}", if ours.peer_cred()?.uid() == root { "all doors are open" } else { "who are you?" });
/// # Ok(())
/// # }
/// ```
#[expect(non_camel_case_types, reason = "C's name, and tokio's")]
pub type uid_t = u32;

/// A group's number.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use uring_rt::net::unix::gid_t;
///
/// let (ours, _theirs) = uring_rt::net::UnixStream::pair()?;
/// let group: gid_t = ours.peer_cred()?.gid();
/// assert_eq!(group, rustix::process::getegid().as_raw());
/// # Ok(())
/// # }
/// ```
#[expect(non_camel_case_types, reason = "C's name, and tokio's")]
pub type gid_t = u32;

/// A process's number.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use uring_rt::net::unix::pid_t;
///
/// let (ours, _theirs) = uring_rt::net::UnixStream::pair()?;
/// let process: Option<pid_t> = ours.peer_cred()?.pid();
/// assert_eq!(process, Some(rustix::process::getpid().as_raw_pid()));
/// # Ok(())
/// # }
/// ```
#[expect(non_camel_case_types, reason = "C's name, and tokio's")]
pub type pid_t = i32;

/// The reading half of a stream that [`split`](UnixStream::split) lends.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use futures_util::{AsyncReadExt, AsyncWriteExt};
/// use uring_rt::net::{UnixStream, unix::ReadHalf};
///
/// let (mut ours, mut theirs) = UnixStream::pair()?;
/// theirs.write_all(b"hi").await?;
/// drop(theirs);
/// let (mut read, _): (ReadHalf<'_>, _) = UnixStream::split(&mut ours);
/// let mut all = String::new();
/// read.read_to_string(&mut all).await?;
/// assert_eq!(all, "hi");
/// # Ok(())
/// # }
/// ```
pub type ReadHalf<'a> = ReadSide<&'a UnixStream>;

/// The writing half of a stream that [`split`](UnixStream::split) lends.
///
/// ```
/// use futures_util::{AsyncReadExt, AsyncWriteExt};
/// use uring_rt::net::UnixStream;
/// use uring_rt::net::unix::{ReadHalf, WriteHalf};
///
/// async fn echo(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>) -> std::io::Result<()> {
///     let mut bytes = [0; 4];
///     from.read_exact(&mut bytes).await?;
///     to.write_all(&bytes).await
/// }
///
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// let (mut client, mut served) = UnixStream::pair()?;
/// client.write_all(b"ping").await?;
/// let (read, write) = UnixStream::split(&mut served); // `served.split()` is that of futures-util here
/// echo(read, write).await?;
/// let mut echoed = [0; 4];
/// client.read_exact(&mut echoed).await?;
/// assert_eq!(&echoed, b"ping");
/// # Ok(())
/// # }
/// ```
pub type WriteHalf<'a> = WriteSide<&'a UnixStream>;

/// The reading half of a stream that [`into_split`](UnixStream::into_split) took apart.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use futures_util::{AsyncReadExt, AsyncWriteExt};
/// use uring_rt::net::{UnixStream, unix::OwnedReadHalf};
///
/// let (ours, mut theirs) = UnixStream::pair()?;
/// theirs.write_all(b"hi").await?;
/// drop(theirs);
/// let (mut read, _write): (OwnedReadHalf, _) = ours.into_split();
/// let reader = uring_rt::spawn(async move {
///     let mut all = String::new();
///     read.read_to_string(&mut all).await.map(|_| all)
/// });
/// assert_eq!(reader.await??, "hi");
/// # Ok(())
/// # }
/// ```
pub type OwnedReadHalf = halves::OwnedReadHalf<net::UnixStream>;

/// The writing half of a stream that [`into_split`](UnixStream::into_split) took apart. Dropping it ends what the
/// peer can read.
///
/// ```
/// use futures_util::{AsyncReadExt, AsyncWriteExt};
/// use uring_rt::net::UnixStream;
/// use uring_rt::net::unix::{OwnedReadHalf, OwnedWriteHalf};
///
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// let (client, mut served) = UnixStream::pair()?;
/// let (mut read, write): (OwnedReadHalf, OwnedWriteHalf) = client.into_split();
/// drop(write);
/// assert_eq!(served.read(&mut [0; 8]).await?, 0); // the end of the stream
/// served.write_all(b"bye").await?;
/// assert_eq!(read.read(&mut [0; 8]).await?, 3); // the other direction goes on
/// # Ok(())
/// # }
/// ```
pub type OwnedWriteHalf = halves::OwnedWriteHalf<net::UnixStream>;

/// Two halves that are not of one stream, given back.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use uring_rt::net::{UnixStream, unix::ReuniteError};
/// let (one, other) = UnixStream::pair()?;
/// let ((read, _), (_, write)) = (one.into_split(), other.into_split());
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
    /// let (ours, _theirs) = uring_rt::net::UnixStream::pair()?;
    /// let (read, write) = ours.into_split();
    /// let ours = read.reunite(write)?;
    /// # drop(ours);
    /// # Ok(())
    /// # }
    /// ```
    pub fn reunite(self, other: OwnedWriteHalf) -> Result<UnixStream, ReuniteError> {
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
    /// let (ours, _theirs) = uring_rt::net::UnixStream::pair()?;
    /// let (read, write) = ours.into_split();
    /// let ours = write.reunite(read)?;
    /// # drop(ours);
    /// # Ok(())
    /// # }
    /// ```
    pub fn reunite(self, other: OwnedReadHalf) -> Result<UnixStream, ReuniteError> {
        other.reunite(self)
    }
}
