//! The handles of a task.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use super::state::Detach;
use super::task_ref::TaskRef;
use crate::{Id, JoinError, coop};

/// The owner's permission to wait for a task, from any thread and under any executor.
///
/// Dropping it detaches the task, which runs on. As a future it resolves to the task's output, or to a
/// [`JoinError`] if the task panicked or was cancelled.
///
/// Corresponds to `tokio::task::JoinHandle`. Cancel safe: as long as the handle is there nothing is lost.
///
/// # Panics
///
/// When polled again after it was ready.
///
/// ```
/// # use std::task::Waker;
/// # use uring_executor::{Config, Executor, Park, ParkMode};
/// # struct Spin;
/// # impl Park for Spin {
/// #     fn park(&mut self, _: ParkMode) {}
/// #     fn unparker(&self) -> Waker { Waker::noop().clone() }
/// # }
/// # let mut park = Spin;
/// # let executor = Executor::new(Config::default(), park.unparker());
/// let double = executor.spawn(async { 2 * 21 });
/// let never = executor.spawn(std::future::pending::<()>());
/// never.abort();
/// executor.block_on(&mut park, async {
///     assert_eq!(double.await.unwrap(), 42);
///     assert!(never.await.unwrap_err().is_cancelled());
/// });
/// ```
pub struct JoinHandle<T> {
    /// Its cell's output is a `T` (T8), and this is the one handle for which INTEREST is set (T4).
    /// Released by `drop`, in one step with the flag if possible.
    task: ManuallyDrop<TaskRef>,
    output: PhantomData<T>,
}

// SAFETY: the handle gives the output, which is `Send`, and nothing else of the task, to the thread it is on (T4).
unsafe impl<T: Send> Send for JoinHandle<T> {}
// SAFETY: through a shared handle not even the output can be reached.
unsafe impl<T: Send> Sync for JoinHandle<T> {}

impl<T> Unpin for JoinHandle<T> {}
impl<T> UnwindSafe for JoinHandle<T> {}
impl<T> RefUnwindSafe for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    /// # Safety
    ///
    /// The output of `task` is a `T` (T8), and no other handle of it is ever made (T4).
    #[inline]
    pub(super) unsafe fn new(task: TaskRef) -> Self {
        Self {
            task: ManuallyDrop::new(task),
            output: PhantomData,
        }
    }

    /// Cancels the task at its next suspension, or before its first poll. A task that has completed, or does so in
    /// the poll that is going on, keeps its output. The future is dropped on the home thread, later than this returns.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// let task = spawner.spawn(std::future::pending::<()>());
    /// task.abort();
    /// assert!(task.await.unwrap_err().is_cancelled());
    /// # }) }
    /// ```
    pub fn abort(&self) {
        self.task.abort();
    }

    /// Another handle that can abort the task, but not wait for it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// let task = spawner.spawn(std::future::pending::<()>());
    /// let abort = task.abort_handle();
    /// abort.abort();
    /// assert!(task.await.unwrap_err().is_cancelled());
    /// # }) }
    /// ```
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        AbortHandle {
            task: TaskRef::clone(&self.task),
        }
    }

    /// Aborts the task and waits until its future is dropped. `Ok` if it had completed before.
    ///
    /// Cancel safe: a dropped call has still aborted the task.
    ///
    /// # Errors
    ///
    /// A [`JoinError`] if the task was cancelled, as is to be expected, or panicked.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// let done = spawner.spawn(async { 1 });
    /// uring_executor::yield_now().await;
    /// assert_eq!(done.cancel().await.unwrap(), 1, "too late");
    /// let waits = spawner.spawn(std::future::pending::<()>());
    /// assert!(waits.cancel().await.unwrap_err().is_cancelled());
    /// # }) }
    /// ```
    pub async fn cancel(self) -> Result<T, JoinError> {
        self.abort();
        self.await
    }

    /// Whether the task has completed, in whatever way.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// let task = spawner.spawn(async {});
    /// assert!(!task.is_finished());
    /// uring_executor::yield_now().await;
    /// assert!(task.is_finished());
    /// # }) }
    /// ```
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.task.header().state.load().is_complete()
    }

    /// The task's id.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// let task = spawner.spawn(async { uring_executor::id() });
    /// let id = task.id();
    /// assert_eq!(task.await.unwrap(), id);
    /// # }) }
    /// ```
    #[must_use]
    pub fn id(&self) -> Id {
        self.task.header().id
    }

    /// The output, or `Pending` after `cx`'s waker was noted down. Takes no part in [`coop`].
    #[inline]
    pub(crate) fn poll_output(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        let mut output = Poll::Pending;
        if self.is_complete_or_wakes(cx.waker()) {
            let destination = (&raw mut output).cast();
            // SAFETY: complete, so the output is this handle's (T4), and it is a `T` (T8).
            unsafe { (self.task.header().vtable.take_output)(self.task.ptr(), destination) };
        }
        output
    }

    /// Whether the task is complete; if it is not, `waker` will be woken when it is.
    #[inline]
    pub(crate) fn is_complete_or_wakes(&self, waker: &Waker) -> bool {
        let header = self.task.header();
        if header.state.load().is_complete() {
            return true;
        }
        let Some(local) = header.shared.local.get() else {
            return self.is_complete_or_wakes_remote(waker);
        };
        let slot = &header.home(local).join_waker;
        let kept = match slot.take() {
            Some(old) if old.will_wake(waker) => old,
            // Both foreign calls, clone here and the drop of the old one, find the slot empty.
            _ => waker.clone(),
        };
        slot.set(Some(kept));
        false
    }

    #[cold]
    fn is_complete_or_wakes_remote(&self, waker: &Waker) -> bool {
        let header = self.task.header();
        // The old one is dropped when all is done: it is foreign code.
        let _old = header.remote_waker.replace(waker.clone());
        header.state.announce_remote_waker()
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(coop::check(cx));
        let output = ready!(self.poll_output(cx));
        coop::spend();
        Poll::Ready(output)
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        let header = self.task.header();
        if let Some(local) = header.shared.local.get() {
            // What waits through this handle waits no longer. On another thread the completion drops it.
            drop(header.home(local).join_waker.take());
        }
        // The output's destructor belongs to the task, wherever it runs.
        let id = header.id;
        match header.state.detach() {
            Detach::Done => {}
            Detach::Last => {
                // SAFETY: this is the last reference (T1), and the output is this handle's (T4).
                crate::with_id(id, || unsafe { (header.vtable.dealloc)(self.task.ptr()) });
            }
            Detach::OwnsOutput => {
                // SAFETY: complete, and this is the handle, so the output is ours (T4); alive by `self.task` (T1).
                crate::with_id(id, || unsafe {
                    (header.vtable.drop_output)(self.task.ptr());
                });
                // SAFETY: not used again; `detach` has not released it (T1).
                unsafe { ManuallyDrop::drop(&mut self.task) };
            }
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle")
            .field("id", &self.id())
            .finish()
    }
}

/// The owner's permission to abort a task, and nothing more.
///
/// Corresponds to `tokio::task::AbortHandle`.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
/// # fn main() -> () { run(async |spawner| {
/// use uring_executor::AbortHandle;
///
/// let task = spawner.spawn(std::future::pending::<()>());
/// let owner: AbortHandle = task.abort_handle();
/// owner.abort();
/// assert!(task.await.unwrap_err().is_cancelled());
/// # }) }
/// ```
#[derive(Clone)]
pub struct AbortHandle {
    task: TaskRef,
}

impl UnwindSafe for AbortHandle {}
impl RefUnwindSafe for AbortHandle {}

impl AbortHandle {
    /// As [`JoinHandle::abort`].
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// let task = spawner.spawn(std::future::pending::<()>());
    /// task.abort_handle().abort();
    /// assert!(task.await.unwrap_err().is_cancelled());
    /// # }) }
    /// ```
    pub fn abort(&self) {
        self.task.abort();
    }

    /// Whether the task has completed, in whatever way.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// let abort = spawner.spawn(async {}).abort_handle();
    /// assert!(!abort.is_finished());
    /// uring_executor::yield_now().await;
    /// assert!(abort.is_finished());
    /// # }) }
    /// ```
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.task.header().state.load().is_complete()
    }

    /// The task's id.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// let task = spawner.spawn(async {});
    /// assert_eq!(task.abort_handle().id(), task.id());
    /// # }) }
    /// ```
    #[must_use]
    pub fn id(&self) -> Id {
        self.task.header().id
    }
}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortHandle")
            .field("id", &self.id())
            .finish()
    }
}
