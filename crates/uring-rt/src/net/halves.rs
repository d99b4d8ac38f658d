//! The two directions of a stream, lent to one task or owned by two.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::ops::Deref;
use std::sync::Arc;

use uring_reactor::{Interest, Ready};

use crate::net::kind::StreamSocket;
use crate::net::stream::SocketStream;

/// The reading half of a stream that `P` points to: `tcp::ReadHalf` and `unix::ReadHalf` where it is a reference,
/// `tcp::OwnedReadHalf` and `unix::OwnedReadHalf` where it is shared with the writing half.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use futures_util::AsyncReadExt;
/// use uring_rt::net::UnixStream;
/// let (mut ours, theirs) = UnixStream::pair()?;
/// drop(theirs);
/// let (mut read, _write) = UnixStream::split(&mut ours);
/// assert_eq!(read.read(&mut [0; 8]).await?, 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ReadSide<P>(pub(crate) P);

/// The writing half of a stream that `P` points to: `tcp::WriteHalf` and `unix::WriteHalf` where it is a
/// reference, `tcp::OwnedWriteHalf` and `unix::OwnedWriteHalf` where it is shared with the reading half.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use futures_util::AsyncWriteExt;
/// let (mut ours, _theirs) = uring_rt::net::UnixStream::pair()?;
/// let (_read, mut write) = ours.split();
/// write.write_all(b"hello").await
/// # }
/// ```
#[derive(Debug)]
pub struct WriteSide<P>(pub(crate) P);

/// The reading half that [`SocketStream::into_split`] makes.
pub(crate) type OwnedReadHalf<S> = ReadSide<Arc<SocketStream<S>>>;
/// The writing half that [`SocketStream::into_split`] makes.
pub(crate) type OwnedWriteHalf<S> = WriteSide<WriteOwner<S>>;

/// A share of a stream that ends what the peer can read when it is dropped: what an owned writing half holds.
///
/// See the example of [`tcp::OwnedWriteHalf`](crate::net::tcp::OwnedWriteHalf), which holds one.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use futures_util::AsyncReadExt;
/// use uring_rt::net::{UnixStream, WriteOwner, WriteSide};
///
/// /// Whatever the stream is, it is held by the half until that is dropped.
/// fn end<S: uring_rt::net::StreamSocket>(half: WriteSide<WriteOwner<S>>) {
///     drop(half);
/// }
///
/// let (ours, mut theirs) = UnixStream::pair()?;
/// let (_read, write) = ours.into_split();
/// end(write);
/// assert_eq!(theirs.read(&mut [0; 8]).await?, 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct WriteOwner<S: StreamSocket> {
    stream: Arc<SocketStream<S>>,
    shuts_down: bool,
}

impl<S: StreamSocket> Deref for WriteOwner<S> {
    type Target = SocketStream<S>;

    fn deref(&self) -> &SocketStream<S> {
        &self.stream
    }
}

impl<S: StreamSocket> Drop for WriteOwner<S> {
    fn drop(&mut self) {
        if self.shuts_down {
            // Nobody is left who could be told; the peer may be gone already.
            drop(self.stream.shutdown(Shutdown::Write));
        }
    }
}

pub(crate) fn split<S>(
    stream: &SocketStream<S>,
) -> (ReadSide<&SocketStream<S>>, WriteSide<&SocketStream<S>>) {
    (ReadSide(stream), WriteSide(stream))
}

pub(crate) fn into_split<S: StreamSocket>(
    stream: SocketStream<S>,
) -> (OwnedReadHalf<S>, OwnedWriteHalf<S>) {
    let stream = Arc::new(stream);
    let write = WriteOwner {
        stream: Arc::clone(&stream),
        shuts_down: true,
    };
    (ReadSide(stream), WriteSide(write))
}

/// The stream that both halves are of, or the halves when they are of two.
pub(crate) fn reunite<S: StreamSocket>(
    read: OwnedReadHalf<S>,
    write: OwnedWriteHalf<S>,
) -> Result<SocketStream<S>, (OwnedReadHalf<S>, OwnedWriteHalf<S>)> {
    if !Arc::ptr_eq(&read.0, &write.0.stream) {
        return Err((read, write));
    }
    write.forget();
    match Arc::into_inner(read.0) {
        Some(stream) => Ok(stream),
        None => unreachable!("a stream has two halves, and one is gone"),
    }
}

impl<S: StreamSocket> OwnedWriteHalf<S> {
    /// Drops it without ending what the peer can read.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use futures_util::{AsyncReadExt, FutureExt};
    /// let (ours, mut theirs) = uring_rt::net::UnixStream::pair()?;
    /// let (_read, write) = ours.into_split();
    /// write.forget();
    /// assert!(theirs.read(&mut [0; 8]).now_or_never().is_none(), "no end to read");
    /// # Ok(())
    /// # }
    /// ```
    pub fn forget(mut self) {
        self.0.shuts_down = false;
    }
}

impl<S: StreamSocket, P: Deref<Target = SocketStream<S>>> ReadSide<P> {
    /// Waits for any readiness of `interest`, which may be of both directions. Cancel safe.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use uring_rt::io::Interest;
    /// let (mut ours, theirs) = uring_rt::net::UnixStream::pair()?;
    /// drop(theirs);
    /// let (read, _write) = ours.split();
    /// assert!(read.ready(Interest::READABLE).await?.is_read_closed());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        self.0.ready(interest).await
    }

    /// Waits until a read would make progress. Cancel safe. There may be false alarms.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (mut ours, theirs) = uring_rt::net::UnixStream::pair()?;
    /// drop(theirs);
    /// ours.split().0.readable().await
    /// # }
    /// ```
    pub async fn readable(&self) -> io::Result<()> {
        self.0.readable().await
    }

    /// Reads what is there, without waiting. See [`SocketStream::try_read`].
    ///
    /// # Errors
    ///
    /// `WouldBlock` when nothing is known to be there, and those of recv(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (mut ours, theirs) = uring_rt::net::UnixStream::pair()?;
    /// drop(theirs);
    /// let (read, _write) = ours.split();
    /// read.readable().await?;
    /// assert_eq!(read.try_read(&mut [0; 8])?, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buffer)
    }

    /// [`try_read`](Self::try_read) into several buffers. See [`SocketStream::try_read_vectored`].
    ///
    /// # Errors
    ///
    /// As for [`try_read`](Self::try_read).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (mut ours, theirs) = uring_rt::net::UnixStream::pair()?;
    /// drop(theirs);
    /// let (read, _write) = ours.split();
    /// read.readable().await?;
    /// assert_eq!(read.try_read_vectored(&mut [])?, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.0.try_read_vectored(buffers)
    }

    /// The address of the other end.
    ///
    /// # Errors
    ///
    /// Those of getpeername(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (mut ours, _theirs) = uring_rt::net::UnixStream::pair()?;
    /// assert!(ours.split().0.peer_addr()?.is_unnamed());
    /// # Ok(())
    /// # }
    /// ```
    pub fn peer_addr(&self) -> io::Result<S::Address> {
        self.0.peer_addr()
    }

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// Those of getsockname(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (mut ours, _theirs) = uring_rt::net::UnixStream::pair()?;
    /// assert!(ours.split().0.local_addr()?.is_unnamed());
    /// # Ok(())
    /// # }
    /// ```
    pub fn local_addr(&self) -> io::Result<S::Address> {
        self.0.local_addr()
    }
}

impl<S: StreamSocket, P: Deref<Target = SocketStream<S>>> WriteSide<P> {
    /// Waits for any readiness of `interest`, which may be of both directions. Cancel safe.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use uring_rt::io::Interest;
    /// let (mut ours, _theirs) = uring_rt::net::UnixStream::pair()?;
    /// let (_read, write) = ours.split();
    /// assert!(write.ready(Interest::WRITABLE).await?.is_writable());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        self.0.ready(interest).await
    }

    /// Waits until a write would make progress. Cancel safe. There may be false alarms.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (mut ours, _theirs) = uring_rt::net::UnixStream::pair()?;
    /// ours.split().1.writable().await
    /// # }
    /// ```
    pub async fn writable(&self) -> io::Result<()> {
        self.0.writable().await
    }

    /// Writes what there is room for, without waiting. See [`SocketStream::try_write`].
    ///
    /// # Errors
    ///
    /// `WouldBlock` when no room is known to be there, and those of send(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (mut ours, _theirs) = uring_rt::net::UnixStream::pair()?;
    /// let (_read, write) = ours.split();
    /// write.writable().await?;
    /// assert_eq!(write.try_write(b"hi")?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_write(&self, buffer: &[u8]) -> io::Result<usize> {
        self.0.try_write(buffer)
    }

    /// [`try_write`](Self::try_write) from several buffers. See [`SocketStream::try_write_vectored`].
    ///
    /// # Errors
    ///
    /// As for [`try_write`](Self::try_write).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (mut ours, _theirs) = uring_rt::net::UnixStream::pair()?;
    /// let (_read, write) = ours.split();
    /// write.writable().await?;
    /// assert_eq!(write.try_write_vectored(&[std::io::IoSlice::new(b"hi")])?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(buffers)
    }

    /// The address of the other end.
    ///
    /// # Errors
    ///
    /// Those of getpeername(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (mut ours, _theirs) = uring_rt::net::UnixStream::pair()?;
    /// assert!(ours.split().1.peer_addr()?.is_unnamed());
    /// # Ok(())
    /// # }
    /// ```
    pub fn peer_addr(&self) -> io::Result<S::Address> {
        self.0.peer_addr()
    }

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// Those of getsockname(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (mut ours, _theirs) = uring_rt::net::UnixStream::pair()?;
    /// assert!(ours.split().1.local_addr()?.is_unnamed());
    /// # Ok(())
    /// # }
    /// ```
    pub fn local_addr(&self) -> io::Result<S::Address> {
        self.0.local_addr()
    }
}

impl<S: StreamSocket, P: Deref<Target = SocketStream<S>>> AsRef<SocketStream<S>> for ReadSide<P> {
    fn as_ref(&self) -> &SocketStream<S> {
        &self.0
    }
}

impl<S: StreamSocket, P: Deref<Target = SocketStream<S>>> AsRef<SocketStream<S>> for WriteSide<P> {
    fn as_ref(&self) -> &SocketStream<S> {
        &self.0
    }
}

/// The text of both modules' `ReuniteError`.
pub(crate) const NOT_OF_ONE: &str = "tried to reunite halves that are not from the same socket";
