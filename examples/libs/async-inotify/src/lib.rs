//! What happens to files and directories, as inotify(7) tells it.
//!
//! An example of a library for io_uring and epoll alike, and for any runtime: it depends on `uring-reactor` and on no
//! runtime, wraps its descriptor in an [`AsyncFd`], and makes its ordinary, non-blocking system calls when that says so.
//! Nothing in it is about rings, threads or tasks.
//!
//! ```
//! use async_inotify::{What, Watcher};
//!
//! #[uring_rt::main]
//! async fn main() -> std::io::Result<()> {
//!     let dir = tempfile::tempdir()?;
//!     let mut watcher = Watcher::new()?;
//!     watcher.add(dir.path(), What::CREATE)?;
//!     std::fs::write(dir.path().join("letter"), "Dear kernel")?;
//!     let event = watcher.next().await?;
//!     assert_eq!(event.name.as_deref(), Some("letter".as_ref()));
//!     Ok(())
//! }
//! ```
#![forbid(unsafe_code)]

mod event;

pub use event::{Event, Happened, Watch};
/// What to watch for: `IN_CREATE` and the like.
pub use rustix::fs::inotify::WatchFlags as What;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use rustix::fs::inotify::{self, CreateFlags, Reader};
use uring_reactor::{AsyncFd, Interest};

/// Room for some tens of events with short names, and for at least one with the longest.
const BUFFER: usize = 4096;

/// An inotify instance: what it watches, and what has happened to that.
///
/// It is also a [`Stream`] of events, which ends with the first error.
///
/// See the example of the [crate].
#[derive(Debug)]
pub struct Watcher {
    inotify: AsyncFd<OwnedFd>,
    /// Read together, and not yet asked for.
    read: VecDeque<Event>,
    /// Of the stream, once it has ended.
    has_failed: bool,
}

impl Watcher {
    /// One that watches nothing yet.
    ///
    /// # Errors
    ///
    /// `EMFILE` when the user has too many instances or the process too many descriptors, and others of
    /// inotify_init1(2).
    ///
    /// # Panics
    ///
    /// Where no reactor is current: outside of a runtime.
    ///
    /// See the example of the [crate].
    #[track_caller]
    pub fn new() -> io::Result<Watcher> {
        // Non-blocking: readiness is a hint, and the read must not wait when the hint was wrong.
        let inotify = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        Ok(Watcher {
            inotify: AsyncFd::with_interest(inotify, Interest::READABLE)?,
            read: VecDeque::new(),
            has_failed: false,
        })
    }

    /// Watches a file or directory; for one that is watched already, `what` takes the place of what was.
    ///
    /// # Errors
    ///
    /// `NotFound`, `PermissionDenied`, `ENOSPC` when the user watches too much, and others of inotify_add_watch(2).
    ///
    /// ```
    /// use async_inotify::{What, Watcher};
    ///
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let dir = tempfile::tempdir()?;
    /// let watcher = Watcher::new()?;
    /// let first = watcher.add(dir.path(), What::CREATE)?;
    /// assert_eq!(watcher.add(dir.path(), What::DELETE)?, first);
    /// assert!(watcher.add(dir.path().join("nothing"), What::CREATE).is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn add(&self, path: impl AsRef<Path>, what: What) -> io::Result<Watch> {
        let number = inotify::add_watch(&self.inotify, path.as_ref(), what)?;
        Ok(Watch(number))
    }

    /// Watches it no longer. The last event of a watch is [`Happened::IGNORED`].
    ///
    /// # Errors
    ///
    /// `InvalidInput` when it is gone, as it is with what it watched.
    ///
    /// ```
    /// use async_inotify::{Happened, What, Watcher};
    ///
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let mut watcher = Watcher::new()?;
    /// let watch = watcher.add(std::env::temp_dir(), What::DELETE_SELF)?;
    /// watcher.remove(watch)?;
    /// let event = watcher.next().await?;
    /// assert_eq!((event.watch, event.what), (Some(watch), Happened::IGNORED));
    /// # Ok(())
    /// # }
    /// ```
    pub fn remove(&self, watch: Watch) -> io::Result<()> {
        Ok(inotify::remove_watch(&self.inotify, watch.0)?)
    }

    /// Waits for the next event. Cancel safe: an event is taken only when it is returned.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down, and those of read(2).
    ///
    /// See the example of the [crate].
    pub async fn next(&mut self) -> io::Result<Event> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    /// [`next`](Self::next) for futures that are written by hand. The last task that has asked is woken.
    ///
    /// # Errors
    ///
    /// As for [`next`](Self::next).
    ///
    /// ```
    /// use std::{future::poll_fn, task::Poll};
    /// use async_inotify::Watcher;
    ///
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let mut watcher = Watcher::new()?;
    /// let is_quiet = poll_fn(|cx| Poll::Ready(watcher.poll_event(cx).is_pending())).await;
    /// assert!(is_quiet);
    /// # Ok(())
    /// # }
    /// ```
    pub fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Event>> {
        loop {
            if let Some(event) = self.read.pop_front() {
                return Poll::Ready(Ok(event));
            }
            let mut guard = ready!(self.inotify.poll_read_ready(cx))?;
            // Clears the readiness when the answer is `WouldBlock`, and only then: what is still unread keeps the next
            // call from waiting.
            match guard.try_io(|inotify| read_events(inotify.get_ref())) {
                Ok(events) => self.read = events?,
                Err(_would_block) => {}
            }
        }
    }
}

/// One read(2), which gives as many whole events as fit into the buffer.
fn read_events(inotify: &OwnedFd) -> io::Result<VecDeque<Event>> {
    let mut buffer = [MaybeUninit::uninit(); BUFFER];
    let mut reader = Reader::new(inotify, &mut buffer);
    let mut events = VecDeque::new();
    loop {
        events.push_back(Event::from(&reader.next()?));
        // Beyond it is the next read.
        if reader.is_buffer_empty() {
            return Ok(events);
        }
    }
}

impl Stream for Watcher {
    type Item = io::Result<Event>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Event>>> {
        if self.has_failed {
            return Poll::Ready(None);
        }
        let next = ready!(self.poll_event(cx));
        self.has_failed = next.is_err();
        Poll::Ready(Some(next))
    }
}

impl AsFd for Watcher {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}
