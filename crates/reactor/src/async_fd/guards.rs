//! What a wait returns: the readiness that was found, to be cleared when it is used up.

use std::error::Error;
use std::fmt;
use std::io;

use crate::async_fd::AsyncFd;
use crate::interest::Ready;
use crate::readiness::Event;
use crate::registration::Registration;

/// States that are final, and so are not cleared by hand.
const FINAL: Ready = Ready::READ_CLOSED.union(Ready::WRITE_CLOSED);

/// The readiness that a wait has found. Corresponds to `tokio::io::unix::AsyncFdReadyGuard`.
///
/// It stays known to the [`AsyncFd`] until it is cleared, so the next wait returns at once. Clear it when, and
/// only when, an operation has answered `WouldBlock`; [`try_io`](Self::try_io) does so by itself. An event that
/// came after this guard was made is not cleared by it.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
/// # fn main() -> io::Result<()> { with_pair(async |fd, mut peer| {
/// use uring_reactor::AsyncFdReadyGuard;
///
/// peer.write_all(b"x")?;
/// let mut guard: AsyncFdReadyGuard<'_, UnixStream> = fd.readable().await?;
/// assert!(guard.try_io(|fd| fd.get_ref().read(&mut [0; 8])).is_ok());
/// assert!(guard.try_io(|fd| fd.get_ref().read(&mut [0; 8])).is_err(), "would block, so it is cleared");
/// # Ok(())
/// # }) }
/// ```
#[must_use = "readiness that is never cleared makes the next wait return at once"]
pub struct AsyncFdReadyGuard<'a, T> {
    async_fd: &'a AsyncFd<T>,
    event: Event,
}

/// [`AsyncFdReadyGuard`] with mutable access. Corresponds to `tokio::io::unix::AsyncFdReadyMutGuard`.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
/// # fn main() -> io::Result<()> { with_pair(async |mut fd, mut peer| {
/// use uring_reactor::AsyncFdReadyMutGuard;
///
/// peer.write_all(b"x")?;
/// let mut guard: AsyncFdReadyMutGuard<'_, UnixStream> = fd.readable_mut().await?;
/// assert!(guard.try_io(|fd| fd.get_mut().read(&mut [0; 8])).is_ok());
/// # Ok(())
/// # }) }
/// ```
#[must_use = "readiness that is never cleared makes the next wait return at once"]
pub struct AsyncFdReadyMutGuard<'a, T> {
    async_fd: &'a mut AsyncFd<T>,
    event: Event,
}

/// The operation of a guard's `try_io` has answered `WouldBlock`. Corresponds to `tokio::io::unix::TryIoError`.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
/// # fn main() -> io::Result<()> { with_pair(async |fd, mut peer| {
/// use uring_reactor::TryIoError;
///
/// peer.write_all(b"x")?;
/// let mut guard = fd.readable().await?;
/// loop {
///     match guard.try_io(|fd| fd.get_ref().read(&mut [0; 8])) {
///         Ok(read) => assert_eq!(read?, 1),
///         Err(TryIoError { .. }) => break, // all is read: wait again
///     }
/// }
/// # Ok(())
/// # }) }
/// ```
#[derive(Debug)]
pub struct TryIoError(());

impl fmt::Display for TryIoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the operation would block")
    }
}

impl Error for TryIoError {}

impl<'a, T> AsyncFdReadyGuard<'a, T> {
    pub(super) fn new(async_fd: &'a AsyncFd<T>, event: Event) -> Self {
        AsyncFdReadyGuard { async_fd, event }
    }

    /// Forgets the readiness that this guard has seen, but for the closed states, which are final.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |fd, _peer| {
    /// use uring_reactor::Ready;
    ///
    /// let mut guard = fd.writable().await?;
    /// guard.clear_ready();
    /// assert_eq!(guard.ready(), Ready::EMPTY);
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn clear_ready(&mut self) {
        clear(&self.async_fd.registration, &mut self.event, Ready::ALL);
    }

    /// Forgets `ready`, of what this guard has seen, but for the closed states.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |fd, _peer| {
    /// use uring_reactor::Ready;
    ///
    /// let mut guard = fd.writable().await?;
    /// guard.clear_ready_matching(Ready::READABLE);
    /// assert!(guard.ready().is_writable(), "that was not meant");
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn clear_ready_matching(&mut self, ready: Ready) {
        clear(&self.async_fd.registration, &mut self.event, ready);
    }

    /// Does nothing: that nothing is cleared says so to the reader.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |fd, _peer| {
    /// fd.writable().await?.retain_ready();
    /// fd.writable().await?.retain_ready(); // at once
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn retain_ready(&mut self) {}

    /// The readiness that was found.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |fd, _peer| {
    /// assert!(fd.writable().await?.ready().is_writable());
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn ready(&self) -> Ready {
        self.event.ready
    }

    /// Calls `op`. When that would block, the readiness is cleared and the answer is `Err(TryIoError)`.
    ///
    /// # Errors
    ///
    /// [`TryIoError`] for `WouldBlock`; every other result of `op` is inside of `Ok`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |fd, _peer| {
    /// let mut guard = fd.writable().await?;
    /// let written = guard.try_io(|fd| fd.get_ref().write(b"abc"));
    /// assert_eq!(written.expect("there is room")?, 3);
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn try_io<R>(
        &mut self,
        op: impl FnOnce(&'a AsyncFd<T>) -> io::Result<R>,
    ) -> Result<io::Result<R>, TryIoError> {
        let result = op(self.async_fd);
        settle(&self.async_fd.registration, &mut self.event, result)
    }

    /// The `AsyncFd` that was awaited.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |fd, _peer| {
    /// let guard = fd.writable().await?;
    /// assert!(guard.get_ref().get_ref().peer_addr().is_ok());
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn get_ref(&self) -> &'a AsyncFd<T> {
        self.async_fd
    }

    /// The object inside.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |fd, _peer| {
    /// let guard = fd.writable().await?;
    /// assert!(guard.get_inner().peer_addr().is_ok());
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn get_inner(&self) -> &'a T {
        self.async_fd.get_ref()
    }
}

impl<'a, T> AsyncFdReadyMutGuard<'a, T> {
    pub(super) fn new(async_fd: &'a mut AsyncFd<T>, event: Event) -> Self {
        AsyncFdReadyMutGuard { async_fd, event }
    }

    /// Forgets the readiness that this guard has seen, but for the closed states, which are final.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |mut fd, _peer| {
    /// use uring_reactor::Ready;
    ///
    /// let mut guard = fd.writable_mut().await?;
    /// guard.clear_ready();
    /// assert_eq!(guard.ready(), Ready::EMPTY);
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn clear_ready(&mut self) {
        clear(&self.async_fd.registration, &mut self.event, Ready::ALL);
    }

    /// Forgets `ready`, of what this guard has seen, but for the closed states.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |mut fd, _peer| {
    /// use uring_reactor::Ready;
    ///
    /// let mut guard = fd.writable_mut().await?;
    /// guard.clear_ready_matching(Ready::READABLE);
    /// assert!(guard.ready().is_writable(), "that was not meant");
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn clear_ready_matching(&mut self, ready: Ready) {
        clear(&self.async_fd.registration, &mut self.event, ready);
    }

    /// Does nothing: that nothing is cleared says so to the reader.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |mut fd, _peer| {
    /// fd.writable_mut().await?.retain_ready();
    /// fd.writable_mut().await?.retain_ready(); // at once
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn retain_ready(&mut self) {}

    /// The readiness that was found.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |mut fd, _peer| {
    /// assert!(fd.writable_mut().await?.ready().is_writable());
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn ready(&self) -> Ready {
        self.event.ready
    }

    /// Calls `op`. When that would block, the readiness is cleared and the answer is `Err(TryIoError)`.
    ///
    /// # Errors
    ///
    /// [`TryIoError`] for `WouldBlock`; every other result of `op` is inside of `Ok`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |mut fd, _peer| {
    /// let mut guard = fd.writable_mut().await?;
    /// let written = guard.try_io(|fd| fd.get_mut().write(b"abc"));
    /// assert_eq!(written.expect("there is room")?, 3);
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn try_io<R>(
        &mut self,
        op: impl FnOnce(&mut AsyncFd<T>) -> io::Result<R>,
    ) -> Result<io::Result<R>, TryIoError> {
        let result = op(self.async_fd);
        settle(&self.async_fd.registration, &mut self.event, result)
    }

    /// The `AsyncFd` that was awaited.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |mut fd, _peer| {
    /// let guard = fd.writable_mut().await?;
    /// assert!(guard.get_ref().get_ref().peer_addr().is_ok());
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn get_ref(&self) -> &AsyncFd<T> {
        self.async_fd
    }

    /// The `AsyncFd` that was awaited, mutably.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |mut fd, _peer| {
    /// let mut guard = fd.writable_mut().await?;
    /// assert_eq!(guard.get_mut().get_mut().write(b"x")?, 1);
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn get_mut(&mut self) -> &mut AsyncFd<T> {
        self.async_fd
    }

    /// The object inside.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |mut fd, _peer| {
    /// let guard = fd.writable_mut().await?;
    /// assert!(guard.get_inner().peer_addr().is_ok());
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn get_inner(&self) -> &T {
        self.async_fd.get_ref()
    }

    /// The object inside, mutably.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |mut fd, _peer| {
    /// let mut guard = fd.writable_mut().await?;
    /// assert_eq!(guard.get_inner_mut().write(b"x")?, 1);
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn get_inner_mut(&mut self) -> &mut T {
        self.async_fd.get_mut()
    }
}

fn clear(registration: &Registration, event: &mut Event, what: Ready) {
    registration.clear(*event, event.ready & (what - FINAL));
    event.ready = event.ready - (what - FINAL);
}

fn settle<R>(
    registration: &Registration,
    event: &mut Event,
    result: io::Result<R>,
) -> Result<io::Result<R>, TryIoError> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            // The call is the proof that no half is closed, whatever was reported: a FIFO whose last writer
            // has gone says so until the next one opens it.
            registration.clear(*event, event.ready);
            event.ready = Ready::EMPTY;
            Err(TryIoError(()))
        }
        result => Ok(result),
    }
}

impl<T: fmt::Debug> fmt::Debug for AsyncFdReadyGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFdReadyGuard")
            .field("async_fd", self.async_fd)
            .field("ready", &self.event.ready)
            .finish()
    }
}

impl<T: fmt::Debug> fmt::Debug for AsyncFdReadyMutGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFdReadyMutGuard")
            .field("async_fd", self.async_fd)
            .field("ready", &self.event.ready)
            .finish()
    }
}
