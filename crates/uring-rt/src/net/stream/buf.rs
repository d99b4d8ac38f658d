//! Reading into the buffers of the crate `bytes`.

use std::io::{self, Read};
use std::ops::Deref;

use bytes::BufMut;
use uring_reactor::Interest;

use crate::net::buf_mut::{LIMIT, read_into};
use crate::net::halves::ReadSide;
use crate::net::kind::StreamSocket;
use crate::net::stream::SocketStream;

impl<S: StreamSocket> SocketStream<S> {
    /// [`try_read`](Self::try_read) into the free space of `buffer`, which grows by what was read. At most 64 KiB a
    /// call.
    ///
    /// # Errors
    ///
    /// As for [`try_read`](Self::try_read).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use futures_util::AsyncWriteExt;
    /// let (ours, mut theirs) = uring_rt::net::UnixStream::pair()?;
    /// theirs.write_all(b"hello").await?;
    /// ours.readable().await?;
    /// let mut buffer = Vec::with_capacity(64);
    /// ours.try_read_buf(&mut buffer)?;
    /// assert_eq!(buffer, b"hello");
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_read_buf<B: BufMut>(&self, buffer: &mut B) -> io::Result<usize> {
        let read =
            |socket: &S| read_into(buffer, LIMIT, |space| Ok((socket.io().read(space)?, ())));
        self.fd
            .try_io(Interest::READABLE, read)
            .map(|(count, ())| count)
    }
}

impl<S: StreamSocket, P: Deref<Target = SocketStream<S>>> ReadSide<P> {
    /// [`try_read`](Self::try_read) into the free space of `buffer`. See [`SocketStream::try_read_buf`].
    ///
    /// # Errors
    ///
    /// As for [`try_read`](Self::try_read).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, theirs) = uring_rt::net::UnixStream::pair()?;
    /// drop(theirs);
    /// let (read, _write) = ours.into_split();
    /// read.readable().await?;
    /// assert_eq!(read.try_read_buf(&mut Vec::with_capacity(8))?, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_read_buf<B: BufMut>(&self, buffer: &mut B) -> io::Result<usize> {
        self.0.try_read_buf(buffer)
    }
}
