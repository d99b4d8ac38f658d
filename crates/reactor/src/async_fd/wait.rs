//! Waiting for readiness, and operations that do.

use std::io;
use std::task::{Context, Poll, ready};

use super::{AsyncFd, AsyncFdReadyGuard, AsyncFdReadyMutGuard};
use crate::interest::{Direction, Interest};

impl<T> AsyncFd<T> {
    /// Waits for read readiness. One task at a time: the last waker given is the one that is woken, and
    /// [`readable`](Self::readable) is for many.
    ///
    /// # Errors
    ///
    /// `EBADF` when the fd was closed, and an error when the runtime has shut down.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |fd, mut peer| {
    /// peer.write_all(b"x")?;
    /// let guard = std::future::poll_fn(|cx| fd.poll_read_ready(cx)).await?;
    /// assert!(guard.ready().is_readable());
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn poll_read_ready<'a>(
        &'a self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyGuard<'a, T>>> {
        let event = ready!(self.registration.poll_ready(Direction::Read, cx))?;
        Poll::Ready(Ok(AsyncFdReadyGuard::new(self, event)))
    }

    /// [`poll_read_ready`](Self::poll_read_ready) with a guard that gives the object mutably.
    ///
    /// # Errors
    ///
    /// As for [`poll_read_ready`](Self::poll_read_ready).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |mut fd, mut peer| {
    /// peer.write_all(b"x")?;
    /// let ready = std::future::poll_fn(|cx| fd.poll_read_ready_mut(cx).map_ok(|guard| guard.ready())).await?;
    /// assert!(ready.is_readable());
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn poll_read_ready_mut<'a>(
        &'a mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyMutGuard<'a, T>>> {
        let event = ready!(self.registration.poll_ready(Direction::Read, cx))?;
        Poll::Ready(Ok(AsyncFdReadyMutGuard::new(self, event)))
    }

    /// Waits for write readiness, as [`poll_read_ready`](Self::poll_read_ready) does for reading.
    ///
    /// # Errors
    ///
    /// As for [`poll_read_ready`](Self::poll_read_ready).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |fd, _peer| {
    /// let guard = std::future::poll_fn(|cx| fd.poll_write_ready(cx)).await?;
    /// assert!(guard.ready().is_writable());
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn poll_write_ready<'a>(
        &'a self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyGuard<'a, T>>> {
        let event = ready!(self.registration.poll_ready(Direction::Write, cx))?;
        Poll::Ready(Ok(AsyncFdReadyGuard::new(self, event)))
    }

    /// [`poll_write_ready`](Self::poll_write_ready) with a guard that gives the object mutably.
    ///
    /// # Errors
    ///
    /// As for [`poll_read_ready`](Self::poll_read_ready).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |mut fd, _peer| {
    /// let ready = std::future::poll_fn(|cx| fd.poll_write_ready_mut(cx).map_ok(|guard| guard.ready())).await?;
    /// assert!(ready.is_writable());
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn poll_write_ready_mut<'a>(
        &'a mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyMutGuard<'a, T>>> {
        let event = ready!(self.registration.poll_ready(Direction::Write, cx))?;
        Poll::Ready(Ok(AsyncFdReadyMutGuard::new(self, event)))
    }

    /// Waits for any readiness of `interest`. Any number of tasks may wait at once; all that an event concerns
    /// are woken. Cancel safe.
    ///
    /// # Errors
    ///
    /// As for [`poll_read_ready`](Self::poll_read_ready).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |fd, _peer| {
    /// use uring_reactor::Interest;
    ///
    /// let guard = fd.ready(Interest::READABLE | Interest::WRITABLE).await?;
    /// assert!(guard.ready().is_writable() && !guard.ready().is_readable());
    /// # Ok(())
    /// # }) }
    /// ```
    pub async fn ready(&self, interest: Interest) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        let event = self.registration.ready(interest).await?;
        Ok(AsyncFdReadyGuard::new(self, event))
    }

    /// [`ready`](Self::ready) with a guard that gives the object mutably. Cancel safe.
    ///
    /// # Errors
    ///
    /// As for [`poll_read_ready`](Self::poll_read_ready).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |mut fd, _peer| {
    /// use uring_reactor::Interest;
    ///
    /// let mut guard = fd.ready_mut(Interest::WRITABLE).await?;
    /// assert_eq!(guard.get_inner_mut().write(b"x")?, 1);
    /// # Ok(())
    /// # }) }
    /// ```
    pub async fn ready_mut(
        &mut self,
        interest: Interest,
    ) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        let event = self.registration.ready(interest).await?;
        Ok(AsyncFdReadyMutGuard::new(self, event))
    }

    /// Waits until a read would make progress. Cancel safe.
    ///
    /// # Errors
    ///
    /// As for [`poll_read_ready`](Self::poll_read_ready).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |fd, mut peer| {
    /// peer.write_all(b"abc")?;
    /// let mut guard = fd.readable().await?;
    /// let read = guard.try_io(|fd| fd.get_ref().read(&mut [0; 8]));
    /// assert_eq!(read.expect("there is something")?, 3);
    /// # Ok(())
    /// # }) }
    /// ```
    pub async fn readable(&self) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        self.ready(Interest::READABLE).await
    }

    /// [`readable`](Self::readable) with a guard that gives the object mutably. Cancel safe.
    ///
    /// # Errors
    ///
    /// As for [`poll_read_ready`](Self::poll_read_ready).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |mut fd, mut peer| {
    /// peer.write_all(b"abc")?;
    /// let mut guard = fd.readable_mut().await?;
    /// let read = guard.try_io(|fd| fd.get_mut().read(&mut [0; 8]));
    /// assert_eq!(read.expect("there is something")?, 3);
    /// # Ok(())
    /// # }) }
    /// ```
    pub async fn readable_mut(&mut self) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        self.ready_mut(Interest::READABLE).await
    }

    /// Waits until a write would make progress. Cancel safe.
    ///
    /// # Errors
    ///
    /// As for [`poll_read_ready`](Self::poll_read_ready).
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
    pub async fn writable(&self) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        self.ready(Interest::WRITABLE).await
    }

    /// [`writable`](Self::writable) with a guard that gives the object mutably. Cancel safe.
    ///
    /// # Errors
    ///
    /// As for [`poll_read_ready`](Self::poll_read_ready).
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
    pub async fn writable_mut(&mut self) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        self.ready_mut(Interest::WRITABLE).await
    }

    /// Waits for `interest` and calls `op`, again whenever that answers `WouldBlock`. Cancel safe as long as
    /// `op` is: it is called anew by the next future.
    ///
    /// # Errors
    ///
    /// Those of `op`, and of [`poll_read_ready`](Self::poll_read_ready).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |fd, mut peer| {
    /// use uring_reactor::Interest;
    ///
    /// peer.write_all(b"abc")?;
    /// let count = fd.async_io(Interest::READABLE, |mut stream| stream.read(&mut [0; 8])).await?;
    /// assert_eq!(count, 3);
    /// # Ok(())
    /// # }) }
    /// ```
    pub async fn async_io<R>(
        &self,
        interest: Interest,
        mut op: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.registration
            .async_op(interest, || op(&self.inner))
            .await
    }

    /// [`async_io`](Self::async_io) with the object mutably. Cancel safe as long as `op` is.
    ///
    /// # Errors
    ///
    /// As for [`async_io`](Self::async_io).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |mut fd, _peer| {
    /// use uring_reactor::Interest;
    ///
    /// let count = fd.async_io_mut(Interest::WRITABLE, |stream| stream.write(b"abc")).await?;
    /// assert_eq!(count, 3);
    /// # Ok(())
    /// # }) }
    /// ```
    pub async fn async_io_mut<R>(
        &mut self,
        interest: Interest,
        mut op: impl FnMut(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        let AsyncFd {
            registration,
            inner,
        } = self;
        registration.async_op(interest, || op(inner)).await
    }

    /// Calls `op` if `interest` is known to be ready, without waiting.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when it is not, and those of `op`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |fd, _peer| {
    /// use uring_reactor::Interest;
    ///
    /// let nothing = fd.try_io(Interest::READABLE, |mut stream| stream.read(&mut [0; 8]));
    /// assert_eq!(nothing.unwrap_err().kind(), io::ErrorKind::WouldBlock);
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn try_io<R>(
        &self,
        interest: Interest,
        op: impl FnOnce(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.registration.try_op(interest, || op(&self.inner))
    }

    /// [`try_io`](Self::try_io) with the object mutably.
    ///
    /// # Errors
    ///
    /// As for [`try_io`](Self::try_io).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |mut fd, _peer| {
    /// use uring_reactor::Interest;
    ///
    /// fd.writable().await?.retain_ready();
    /// assert_eq!(fd.try_io_mut(Interest::WRITABLE, |stream| stream.write(b"abc"))?, 3);
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn try_io_mut<R>(
        &mut self,
        interest: Interest,
        op: impl FnOnce(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        let AsyncFd {
            registration,
            inner,
        } = self;
        registration.try_op(interest, || op(inner))
    }
}
