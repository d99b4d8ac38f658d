//! A runtime inside of a foreign event loop.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use crate::runtime::Runtime;
use crate::time::Instant;

/// Looks at the kernel in one `poll_once`. A task's first poll arms its fd, which the next look submits, and a second one
/// finds nothing: three are the least that a quiet end takes after a wake.
const MAX_LOOKS: usize = 4;

/// # Embedding
///
/// A thread that has a loop already (a GUI's, a game's, another runtime's) drives a runtime with [`as_fd`](AsFd::as_fd)
/// and [`poll_once`](Runtime::poll_once), instead of `block_on`:
///
/// ```
/// use std::os::fd::AsFd;
/// use std::time::Duration;
/// use rustix::event::{PollFd, PollFlags, poll};
/// use uring_rt::runtime::Runtime;
///
/// let mut runtime = Runtime::new()?;
/// let task = runtime.spawn(async {
///     uring_rt::time::sleep(Duration::from_millis(3)).await;
///     "done"
/// });
/// while !task.is_finished() {
///     // Other descriptors of the loop would stand beside it.
///     poll(&mut [PollFd::new(&runtime, PollFlags::IN)], None)?;
///     runtime.poll_once()?;
/// }
/// assert_eq!(runtime.block_on(task).unwrap(), "done");
/// # Ok::<(), std::io::Error>(())
/// ```
impl Runtime {
    /// The fd of [`as_fd`](AsFd::as_fd), or why there is none.
    ///
    /// # Errors
    ///
    /// When no descriptor is free: the first call takes up to three.
    ///
    /// # Panics
    ///
    /// When the first call is made inside of this runtime's own `block_on`.
    ///
    /// ```
    /// let runtime = uring_rt::runtime::Runtime::new()?;
    /// let fd = runtime.try_as_fd()?; // for the loop's poll(2)
    /// # let _ = fd;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn try_as_fd(&self) -> io::Result<BorrowedFd<'_>> {
        if let Some(pollable) = self.outlet.get() {
            return Ok(pollable.as_fd());
        }
        let pollable = match self.driver.try_borrow().ok().as_deref() {
            Some(Some(driver)) => driver.reactor.pollable()?,
            _ => panic!("Runtime::as_fd was called inside of Runtime::block_on: ask before it"),
        };
        Ok(self.outlet.get_or_init(|| pollable).as_fd())
    }

    /// When the earliest timer is due, or now if tasks are ready to run; `None` when nothing will happen by itself.
    ///
    /// The fd becomes readable then, so only a loop that wants to plan its own sleep needs this.
    ///
    /// ```
    /// use uring_rt::{runtime::Runtime, time::{Duration, sleep}};
    ///
    /// let mut runtime = Runtime::new()?;
    /// assert_eq!(runtime.next_deadline(), None);
    /// drop(runtime.spawn(async { sleep(Duration::from_secs(3600)).await }));
    /// runtime.poll_once()?;
    /// assert!(runtime.next_deadline().is_some());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn next_deadline(&self) -> Option<Instant> {
        let _entered = self.enter();
        if self.executor.has_work() {
            return Some(Instant::now());
        }
        match self.driver.try_borrow().ok().as_deref() {
            Some(Some(driver)) => driver.reactor.next_deadline(),
            // Inside of its `block_on` something is being done.
            _ => Some(Instant::now()),
        }
    }

    /// Does what there is to do, without sleeping: looks at the kernel, and runs tasks, for a few hundred polls at most.
    /// Says whether something is left; then, and whenever something comes, the fd of [`as_fd`](AsFd::as_fd) is readable.
    ///
    /// After a `block_on`, and after a fork, call it once before the loop sleeps; in the child, take the fd anew then.
    /// The hooks `on_thread_park` and `on_thread_unpark` are not called: it is not this runtime that sleeps. A paused
    /// clock goes on to the next deadline when nothing else is to be done.
    ///
    /// # Errors
    ///
    /// When the event loop is lost and cannot be built anew, as no descriptor or memory is left.
    ///
    /// # Panics
    ///
    /// Inside of a task or a `block_on`.
    ///
    /// ```
    /// let mut runtime = uring_rt::runtime::Runtime::new()?;
    /// let task = runtime.spawn(async { 7 });
    /// while runtime.poll_once()? {}
    /// assert!(task.is_finished());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn poll_once(&mut self) -> io::Result<bool> {
        let _entered = self.handle.enter();
        let Some(driver) = self.driver.get_mut() else {
            unreachable!("the driver goes with the runtime")
        };
        let reactor = &mut driver.reactor;
        let mut has_work = true;
        for _ in 0..MAX_LOOKS {
            #[cfg(feature = "tracing")]
            let turn = crate::runtime::trace::TurnSpan::enter(&reactor.handle(), false);
            reactor.foreign_turn()?;
            #[cfg(feature = "tracing")]
            drop(turn);
            has_work = self.executor.run_pass();
            // The arms of the tasks that have just run are on their way only after another turn.
            if !has_work && reactor.is_settled() {
                break;
            }
        }
        if reactor.is_outlet_lost() {
            self.outlet.take();
        }
        reactor.foreign_sleep(has_work).map(|may_sleep| !may_sleep)
    }
}

/// One descriptor that is readable when a [`poll_once`](Runtime::poll_once) is due: for I/O, for timers, and for wakes
/// from other threads. It is for `poll(2)`, `select(2)`, an epoll set or a ring to wait on, with level-triggered interest
/// in reading; reading it or changing it is not for others.
///
/// # Panics
///
/// As [`try_as_fd`](Runtime::try_as_fd), and where that gives an error.
impl AsFd for Runtime {
    #[track_caller]
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self.try_as_fd() {
            Ok(fd) => fd,
            Err(error) => panic!("a runtime has no descriptor for a foreign loop: {error}"),
        }
    }
}
