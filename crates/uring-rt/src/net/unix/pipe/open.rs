//! [`OpenOptions`].

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::net::unix::pipe::{Receiver, Sender, is_pipe, not_a_pipe};
use crate::runtime::require;

/// How a FIFO is opened. Corresponds to `tokio::net::unix::pipe::OpenOptions`.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use uring_rt::net::unix::pipe;
/// let path = std::env::temp_dir().join(format!("uring-rt-doc-fifo-{}", std::process::id()));
/// rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0)?;
/// let receiver = pipe::OpenOptions::new().open_receiver(&path)?;
/// let sender = pipe::OpenOptions::new().open_sender(&path)?;
/// sender.writable().await?;
/// sender.try_write(b"hi")?;
/// receiver.readable().await?;
/// assert_eq!(receiver.try_read(&mut [0; 8])?, 2);
/// # std::fs::remove_file(path)
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    read_write: bool,
    unchecked: bool,
}

impl OpenOptions {
    /// The defaults: one direction, and nothing but a pipe.
    ///
    /// ```
    /// let options = uring_rt::net::unix::pipe::OpenOptions::new();
    /// # drop(options);
    /// ```
    pub fn new() -> OpenOptions {
        OpenOptions::default()
    }

    /// Whether to open it for both directions, which Linux allows, see fifo(7). A sender can then be opened where nobody
    /// reads, and a receiver never sees the end.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use uring_rt::net::unix::pipe;
    /// let path = std::env::temp_dir().join(format!("uring-rt-doc-fifo-rw-{}", std::process::id()));
    /// rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0)?;
    /// let sender = pipe::OpenOptions::new().read_write(true).open_sender(&path)?;
    /// sender.writable().await?;
    /// # std::fs::remove_file(path)
    /// # }
    /// ```
    pub fn read_write(&mut self, value: bool) -> &mut OpenOptions {
        self.read_write = value;
        self
    }

    /// Whether to open what is no FIFO, too.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use uring_rt::net::unix::pipe;
    /// let refused = pipe::OpenOptions::new().open_receiver("/dev/null").unwrap_err();
    /// assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
    /// let _receiver = pipe::OpenOptions::new().unchecked(true).open_receiver("/dev/null")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn unchecked(&mut self, value: bool) -> &mut OpenOptions {
        self.unchecked = value;
        self
    }

    /// Opens the reading end of the FIFO at `path`. Does not wait for somebody who writes.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for what is no FIFO, and those of open(2).
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let absent = uring_rt::net::unix::pipe::OpenOptions::new().open_receiver("/absent").unwrap_err();
    /// assert_eq!(absent.kind(), std::io::ErrorKind::NotFound);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn open_receiver(&self, path: impl AsRef<Path>) -> io::Result<Receiver> {
        require("pipe::OpenOptions::open_receiver");
        let mut options = File::options();
        options.read(true).write(self.read_write);
        Receiver::from_file_unchecked(self.open(&mut options, path.as_ref())?)
    }

    /// Opens the writing end of the FIFO at `path`.
    ///
    /// # Errors
    ///
    /// `ENXIO` when nobody has it open for reading, `InvalidInput` for what is no FIFO, and those of open(2).
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let no_fifo = uring_rt::net::unix::pipe::OpenOptions::new().open_sender("/dev/null").unwrap_err();
    /// assert_eq!(no_fifo.kind(), std::io::ErrorKind::InvalidInput);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn open_sender(&self, path: impl AsRef<Path>) -> io::Result<Sender> {
        require("pipe::OpenOptions::open_sender");
        let mut options = File::options();
        options.write(true).read(self.read_write);
        Sender::from_file_unchecked(self.open(&mut options, path.as_ref())?)
    }

    fn open(&self, options: &mut std::fs::OpenOptions, path: &Path) -> io::Result<File> {
        let file = options.custom_flags(libc::O_NONBLOCK).open(path)?;
        if self.unchecked || is_pipe(&file)? {
            Ok(file)
        } else {
            Err(not_a_pipe())
        }
    }
}
