//! What a `poll_*` call can receive into.

use std::io;

/// A buffer that a `poll_recv`, `poll_recv_from` or `poll_peek` fills. It cannot be implemented outside of this
/// crate.
///
/// For bytes (`[u8]`, an array, the length of a `Vec`) the call answers with the count. With the feature
/// `tokio-io` tokio's `ReadBuf` can be filled too: it counts for itself, so the call answers as tokio's does.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// let (ours, theirs) = uring_rt::net::UnixDatagram::pair()?;
/// theirs.send(b"hi").await?;
/// let mut buffer = [0; 8];
/// let count = std::future::poll_fn(|cx| ours.poll_recv(cx, &mut buffer)).await?;
/// assert_eq!(&buffer[..count], b"hi");
/// # Ok(())
/// # }
/// ```
pub trait Fill: sealed::Fill {
    /// What tells how much was received.
    type Received;
    /// What tells how much was received, and from whom.
    type ReceivedFrom<A>;

    #[doc(hidden)]
    fn received(count: usize) -> Self::Received;
    #[doc(hidden)]
    fn received_from<A>(count: usize, from: A) -> Self::ReceivedFrom<A>;
}

pub(crate) mod sealed {
    use std::io;

    pub trait Fill {
        /// Gives the whole free space to `receive`, which tells how much of it is used now.
        fn fill<A>(
            &mut self,
            receive: impl FnOnce(&mut [u8]) -> io::Result<(usize, A)>,
        ) -> io::Result<(usize, A)>;
    }
}

impl sealed::Fill for [u8] {
    fn fill<A>(
        &mut self,
        receive: impl FnOnce(&mut [u8]) -> io::Result<(usize, A)>,
    ) -> io::Result<(usize, A)> {
        receive(self)
    }
}

impl Fill for [u8] {
    type Received = usize;
    type ReceivedFrom<A> = (usize, A);

    fn received(count: usize) -> usize {
        count
    }

    fn received_from<A>(count: usize, from: A) -> (usize, A) {
        (count, from)
    }
}

impl<const N: usize> sealed::Fill for [u8; N] {
    fn fill<A>(
        &mut self,
        receive: impl FnOnce(&mut [u8]) -> io::Result<(usize, A)>,
    ) -> io::Result<(usize, A)> {
        receive(self)
    }
}

impl<const N: usize> Fill for [u8; N] {
    type Received = usize;
    type ReceivedFrom<A> = (usize, A);

    fn received(count: usize) -> usize {
        count
    }

    fn received_from<A>(count: usize, from: A) -> (usize, A) {
        (count, from)
    }
}

impl sealed::Fill for Vec<u8> {
    fn fill<A>(
        &mut self,
        receive: impl FnOnce(&mut [u8]) -> io::Result<(usize, A)>,
    ) -> io::Result<(usize, A)> {
        receive(self)
    }
}

impl Fill for Vec<u8> {
    type Received = usize;
    type ReceivedFrom<A> = (usize, A);

    fn received(count: usize) -> usize {
        count
    }

    fn received_from<A>(count: usize, from: A) -> (usize, A) {
        (count, from)
    }
}

#[cfg(feature = "tokio-io")]
impl sealed::Fill for tokio::io::ReadBuf<'_> {
    fn fill<A>(
        &mut self,
        receive: impl FnOnce(&mut [u8]) -> io::Result<(usize, A)>,
    ) -> io::Result<(usize, A)> {
        let (count, from) = receive(self.initialize_unfilled())?;
        self.advance(count);
        Ok((count, from))
    }
}

#[cfg(feature = "tokio-io")]
impl Fill for tokio::io::ReadBuf<'_> {
    type Received = ();
    type ReceivedFrom<A> = A;

    fn received(_count: usize) {}

    fn received_from<A>(_count: usize, from: A) -> A {
        from
    }
}
