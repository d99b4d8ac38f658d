//! The standard streams, awaited.

#[cfg(feature = "futures-io")]
mod futures_io;
mod input;
mod output;
#[cfg(feature = "tokio-io")]
mod tokio_io;
mod way;

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use input::Input;
use output::Output;

/// The standard input of this process. Corresponds to `tokio::io::Stdin`; made by [`stdin`].
///
/// Reading a pipe, a terminal, a socket or `/dev/null` takes no helper thread, and the runtime ends while a read waits.
/// A file is read on the pool for blocking calls. In no case is the mode of the open file changed, which the shell and
/// other programs may share; `docs/decisions/0022` says how.
///
/// It reads the descriptor directly, and shares no buffer with [`std::io::stdin`]: use one of the two. What a dropped
/// read had got stays in the handle for the next one.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use futures_util::AsyncReadExt;
/// use std::time::Duration;
/// use uring_rt::io::{Stdin, stdin};
/// use uring_rt::time::timeout;
///
/// let mut input: Stdin = stdin();
/// let mut byte = [0];
/// match timeout(Duration::from_millis(1), input.read(&mut byte)).await {
///     Ok(count) => println!("{} byte read", count?),
///     Err(_) => println!("nothing comes, and no thread waits for it"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Stdin {
    std: io::Stdin,
    input: Input,
}

/// The standard output of this process. Corresponds to `tokio::io::Stdout`; made by [`stdout`].
///
/// What is written through one handle comes out in order, and each write that is not larger than `PIPE_BUF` in one piece.
/// Several handles are not coordinated. Writing to a pipe, a terminal, a socket or `/dev/null` takes no helper thread, and
/// is done when the write returns. A file is written on the pool for blocking calls: there a write is done when `flush`
/// returns, and the end of the runtime waits for it, so that nothing is lost when `main` returns.
///
/// It writes to the descriptor directly, past the buffer of [`std::io::stdout`]: flush that one first when both are used,
/// as `print!` without a line feed stays in it.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use futures_util::AsyncWriteExt;
/// use uring_rt::io::{Stdout, stdout};
///
/// let mut out: Stdout = stdout();
/// out.write_all(b"hello\n").await?;
/// out.flush().await
/// # }
/// ```
#[derive(Debug)]
pub struct Stdout {
    std: io::Stdout,
    output: Output,
}

/// The standard error of this process. Corresponds to `tokio::io::Stderr`; made by [`stderr`].
///
/// All that is said of [`Stdout`] is true of it, and as `std::io::stderr` has no buffer the two mix well.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use futures_util::AsyncWriteExt;
/// use uring_rt::io::{Stderr, stderr};
///
/// let mut log: Stderr = stderr();
/// log.write_all(b"something went wrong\n").await?;
/// log.flush().await
/// # }
/// ```
#[derive(Debug)]
pub struct Stderr {
    std: io::Stderr,
    output: Output,
}

/// A new handle of the standard input. Corresponds to `tokio::io::stdin`.
///
/// What the descriptor is, is looked up at the first read. One that is closed reads as an empty file, as in std.
///
/// # Panics
///
/// Not here; the first read does, outside of a runtime.
///
/// ```no_run
/// use futures_util::AsyncBufReadExt;
/// use futures_util::io::BufReader;
///
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// let mut lines = BufReader::new(uring_rt::io::stdin());
/// let mut line = String::new();
/// while lines.read_line(&mut line).await? > 0 {
///     print!("{line}");
///     line.clear();
/// }
/// # Ok(())
/// # }
/// ```
pub fn stdin() -> Stdin {
    Stdin {
        std: io::stdin(),
        input: Input::default(),
    }
}

/// A new handle of the standard output. Corresponds to `tokio::io::stdout`.
///
/// What the descriptor is, is looked up at the first write. One that is closed takes everything, as in std.
///
/// # Panics
///
/// Not here; the first write does, outside of a runtime.
///
/// ```
/// use futures_util::AsyncWriteExt;
///
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// let mut out = uring_rt::io::stdout();
/// out.write_all(b"hello\n").await?;
/// out.flush().await?;
/// # Ok(())
/// # }
/// ```
pub fn stdout() -> Stdout {
    Stdout {
        std: io::stdout(),
        output: Output::default(),
    }
}

/// A new handle of the standard error. Corresponds to `tokio::io::stderr`, and otherwise to [`stdout`].
///
/// ```
/// use futures_util::AsyncWriteExt;
///
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// uring_rt::io::stderr().write_all(b"a word of warning\n").await?;
/// # Ok(())
/// # }
/// ```
pub fn stderr() -> Stderr {
    Stderr {
        std: io::stderr(),
        output: Output::default(),
    }
}

impl AsFd for Stdin {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.std.as_fd()
    }
}

impl AsRawFd for Stdin {
    fn as_raw_fd(&self) -> RawFd {
        self.std.as_raw_fd()
    }
}

impl AsFd for Stdout {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.std.as_fd()
    }
}

impl AsRawFd for Stdout {
    fn as_raw_fd(&self) -> RawFd {
        self.std.as_raw_fd()
    }
}

impl AsFd for Stderr {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.std.as_fd()
    }
}

impl AsRawFd for Stderr {
    fn as_raw_fd(&self) -> RawFd {
        self.std.as_raw_fd()
    }
}
