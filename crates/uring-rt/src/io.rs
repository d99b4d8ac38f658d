//! Readiness of any file descriptor, and the standard streams. Corresponds to `tokio::io` and `tokio::io::unix`.
//!
//! The feature `tokio-io` implements tokio's `AsyncRead` and `AsyncWrite` and names them here; `tokio-io-util` adds the
//! rest of `tokio::io`: `AsyncReadExt`, `BufReader`, `copy` and so on. So a program of tokio's finds at `uring_rt::io` what
//! it had at `tokio::io`. They are tokio's own items, for libraries that speak tokio's traits.
//!
//! ```
//! use std::{io::{Read, Write}, os::unix::net::UnixStream};
//! use uring_rt::io::{AsyncFd, Interest};
//!
//! #[uring_rt::main]
//! async fn main() -> std::io::Result<()> {
//!     let (ours, mut theirs) = UnixStream::pair()?;
//!     ours.set_nonblocking(true)?;
//!     let fd = AsyncFd::new(ours)?;
//!     theirs.write_all(b"hello")?;
//!     let mut greeting = [0; 5];
//!     fd.async_io(Interest::READABLE, |mut stream| stream.read_exact(&mut greeting)).await?;
//!     assert_eq!(&greeting, b"hello");
//!     Ok(())
//! }
//! ```

#[cfg(any(feature = "futures-io", feature = "tokio-io"))]
mod stdio;

#[cfg(any(feature = "futures-io", feature = "tokio-io"))]
pub use stdio::{Stderr, Stdin, Stdout, stderr, stdin, stdout};
pub use uring_reactor::{AsyncFd, Interest, Ready, Route};

#[doc(no_inline)]
pub use std::io::{Error, ErrorKind, Result, SeekFrom};
#[cfg(feature = "tokio-io")]
#[doc(no_inline)]
pub use tokio::io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};
#[cfg(feature = "tokio-io-util")]
#[doc(no_inline)]
pub use tokio::io::{
    AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufReader, BufStream, BufWriter,
    Chain, DuplexStream, Empty, Join, Lines, ReadHalf, Repeat, SimplexStream, Sink, Split, Take,
    WriteHalf, copy, copy_bidirectional, copy_bidirectional_with_sizes, copy_buf, duplex, empty,
    join, repeat, simplex, sink, split,
};

/// The module of this name in tokio: [`AsyncFd`] and what belongs to it. See the example of [`io`](super).
pub mod unix {
    pub use uring_reactor::{
        AsyncFd, AsyncFdReadyGuard, AsyncFdReadyMutGuard, AsyncFdRegisterError, AsyncFdTryNewError,
        TryIoError,
    };
}
