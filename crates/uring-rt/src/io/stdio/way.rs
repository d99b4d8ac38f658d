//! How a standard stream is read or written without blocking the loop, and without a change that others see.
//!
//! `O_NONBLOCK` belongs to the open file, and a standard stream's is shared: with the shell, with the other programs of a
//! pipeline. Set there, it breaks them, and a program that is killed cannot take it back. So each kind of file has
//! its own way; the table is in `docs/decisions/0022-standard-streams.md`.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustix::fs::{OFlags, fcntl_getfl, major, minor};
use uring_reactor::{AsyncFd, Interest};

use crate::runtime::{Handle, require};

/// The way of one stream; `P` is what works on the pool.
#[derive(Debug)]
pub(super) enum Way<P> {
    /// The descriptor is closed: nothing to read, and what is written is lost, as with std.
    Closed,
    /// A pipe or terminal that was opened anew, in non-blocking mode; or a device that never blocks.
    Direct(AsyncFd<File>),
    /// A socket, where each call says for itself that it does not block.
    Socket(AsyncFd<File>),
    /// Everything else.
    Pooled(P),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Direction {
    Input,
    Output,
}

impl Direction {
    fn interest(self) -> Interest {
        match self {
            Direction::Input => Interest::READABLE,
            Direction::Output => Interest::WRITABLE,
        }
    }
}

impl<P> Way<P> {
    /// Looks at `fd` and finds its way.
    #[track_caller]
    pub(super) fn find(
        fd: BorrowedFd<'_>,
        direction: Direction,
        pooled: impl FnOnce(Pooled) -> P,
    ) -> io::Result<Way<P>> {
        require("a standard stream");
        let file = match fd.try_clone_to_owned() {
            Ok(fd) => File::from(fd),
            Err(error) if error.raw_os_error() == Some(libc::EBADF) => return Ok(Way::Closed),
            Err(error) => return Err(error),
        };
        let kind = file.metadata()?.file_type();
        if kind.is_socket() {
            return AsyncFd::with_interest(file, direction.interest()).map(Way::Socket);
        }
        if never_blocks(&file)? {
            return AsyncFd::with_interest(file, direction.interest()).map(Way::Direct);
        }
        let is_waited_for = kind.is_fifo() || is_terminal(&file)?;
        match is_waited_for.then(|| open_anew(&file, direction)) {
            Some(Ok(own)) => AsyncFd::with_interest(own, direction.interest()).map(Way::Direct),
            // Not ours to open (EACCES: another user's), exclusive (EBUSY), a pipe without a reader (ENXIO), no /proc.
            Some(Err(_)) | None => Ok(Way::Pooled(pooled(Pooled::new(file, direction)))),
        }
    }
}

/// `/dev/null`, `/dev/zero` and `/dev/full`: neither do they block, nor would a thread be of use.
fn never_blocks(file: &File) -> io::Result<bool> {
    let metadata = file.metadata()?;
    let device = (major(metadata.rdev()), minor(metadata.rdev()));
    Ok(metadata.file_type().is_char_device() && matches!(device, (1, 3 | 5 | 7)))
}

/// Whether it is a terminal that opening anew gives again. The master of a pair is not: opening `/dev/ptmx` (5:2), or
/// one of the old kind (major number 2), makes another pair or is refused.
fn is_terminal(file: &File) -> io::Result<bool> {
    let device = file.metadata()?.rdev();
    let is_master = (major(device), minor(device)) == (5, 2) || major(device) == 2;
    Ok(file.is_terminal() && !is_master)
}

/// An open file of our own, of the same pipe or terminal: its mode is nobody else's.
fn open_anew(file: &File, direction: Direction) -> io::Result<File> {
    let mode = fcntl_getfl(file)? & OFlags::ACCMODE;
    let (is_allowed, is_input) = match direction {
        Direction::Input => (mode != OFlags::WRONLY, true),
        Direction::Output => (mode != OFlags::RDONLY, false),
    };
    if !is_allowed {
        // The other end of a pipe, say: opening it this way would give what the descriptor has no right to.
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // NOCTTY: a terminal does not become the controlling one by being opened here.
    let own = OpenOptions::new()
        .read(is_input)
        .write(!is_input)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
    let identity = |file: &File| file.metadata().map(|m| (m.dev(), m.ino(), m.rdev()));
    if identity(&own)? == identity(file)? {
        Ok(own)
    } else {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// A file that may block: it is waited for, if it can be, and then used on the pool, where a wait harms nobody.
#[derive(Debug)]
pub(super) struct Pooled {
    pub(super) file: Arc<File>,
    /// Made anew for each wait, so that it looks at the level, on edges as well.
    wait: Option<AsyncFd<Arc<File>>>,
    direction: Direction,
    pub(super) runtime: Handle,
}

impl Pooled {
    #[track_caller]
    fn new(file: File, direction: Direction) -> Pooled {
        Pooled {
            file: Arc::new(file),
            wait: None,
            direction,
            runtime: Handle::current(),
        }
    }

    /// Whether a call would make progress. A file on a disk always says so.
    pub(super) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wait = match &mut self.wait {
            Some(wait) => wait,
            none => {
                let _entered = self.runtime.reactor().enter();
                let file = Arc::clone(&self.file);
                none.insert(AsyncFd::with_interest(file, self.direction.interest())?)
            }
        };
        let ready = ready!(match self.direction {
            Direction::Input => wait.poll_read_ready(cx),
            Direction::Output => wait.poll_write_ready(cx),
        });
        let outcome = ready.map(drop);
        self.wait = None;
        Poll::Ready(outcome)
    }
}

/// Whether this says that the runtime which a stream was used in is gone, and there is another one to use it in.
pub(super) fn is_left_behind<R>(outcome: &Poll<io::Result<R>>) -> bool {
    let Poll::Ready(Err(error)) = outcome else {
        return false;
    };
    let is_ours = error.kind() == io::ErrorKind::Other && error.raw_os_error().is_none();
    is_ours && Handle::try_current().is_ok()
}

/// The error of a stream whose runtime has ended.
pub(super) fn gone() -> io::Error {
    io::Error::other("the runtime that a standard stream was used in has shut down")
}
