//! Taking tasks out of a set.

use std::future::poll_fn;
use std::panic::resume_unwind;
use std::task::{Context, Poll, ready};

use super::{Completed, Entry, JoinSet};
use crate::{Id, JoinError, coop};

impl<T: 'static> JoinSet<T> {
    /// Waits for the next task to complete; `None` if there is none in the set.
    ///
    /// Cancel safe: a dropped call has removed no task.
    ///
    /// # Errors
    ///
    /// A [`JoinError`] if the task has panicked or was aborted.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// use uring_executor::JoinSet;
    ///
    /// let mut set: JoinSet<u32> = [3, 4].map(|n| async move { n * n }).into_iter().collect();
    /// let mut sum = 0;
    /// while let Some(square) = set.join_next().await {
    ///     sum += square.unwrap();
    /// }
    /// assert_eq!(sum, 25);
    /// # }) }
    /// ```
    pub async fn join_next(&mut self) -> Option<Result<T, JoinError>> {
        poll_fn(|cx| self.poll_join_next(cx)).await
    }

    /// As [`join_next`](Self::join_next), with the task's id.
    ///
    /// Cancel safe: a dropped call has removed no task.
    ///
    /// # Errors
    ///
    /// As for [`join_next`](Self::join_next); the error has the id, too.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// use uring_executor::JoinSet;
    ///
    /// let mut set = JoinSet::new();
    /// let abort = set.spawn(async { 42 });
    /// let (id, output) = set.join_next_with_id().await.unwrap().unwrap();
    /// assert_eq!((id, output), (abort.id(), 42));
    /// # }) }
    /// ```
    pub async fn join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        poll_fn(|cx| self.poll_join_next_with_id(cx)).await
    }

    /// The next completed task, if there is one right now.
    ///
    /// # Errors
    ///
    /// A [`JoinError`] if the task has panicked or was aborted.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// use uring_executor::JoinSet;
    ///
    /// let mut set = JoinSet::new();
    /// set.spawn(async { 42 });
    /// assert!(set.try_join_next().is_none(), "it has not run yet");
    /// uring_executor::yield_now().await;
    /// assert_eq!(set.try_join_next().unwrap().unwrap(), 42);
    /// # }) }
    /// ```
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        let (_, result) = self.next_completed(Completed::pop)?;
        Some(result)
    }

    /// As [`try_join_next`](Self::try_join_next), with the task's id.
    ///
    /// # Errors
    ///
    /// As for [`try_join_next`](Self::try_join_next); the error has the id, too.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// use uring_executor::JoinSet;
    ///
    /// let mut set = JoinSet::new();
    /// let abort = set.spawn(async { 42 });
    /// uring_executor::yield_now().await;
    /// assert_eq!(set.try_join_next_with_id().unwrap().unwrap(), (abort.id(), 42));
    /// # }) }
    /// ```
    pub fn try_join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        let next = self.next_completed(Completed::pop)?;
        Some(with_id(next))
    }

    /// Aborts all tasks and waits until their futures are dropped.
    ///
    /// Cancel safe: the first poll aborts all, and those that were not joined yet stay in the set.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// use uring_executor::JoinSet;
    ///
    /// let mut set = JoinSet::new();
    /// let abort = set.spawn(std::future::pending::<()>());
    /// set.shutdown().await;
    /// assert!(set.is_empty() && abort.is_finished());
    /// # }) }
    /// ```
    pub async fn shutdown(&mut self) {
        self.abort_all();
        while self.join_next().await.is_some() {}
    }

    /// Waits for all tasks, and returns their outputs in the order of completion.
    ///
    /// Not cancel safe: a dropped call loses outputs and aborts the tasks that are left.
    ///
    /// # Panics
    ///
    /// When a task panicked, with its payload, and when one was cancelled. The others are aborted then.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// use uring_executor::JoinSet;
    ///
    /// let mut set = JoinSet::new();
    /// set.spawn(async {
    ///     uring_executor::yield_now().await;
    ///     "slow"
    /// });
    /// set.spawn(async { "quick" });
    /// assert_eq!(set.join_all().await, ["quick", "slow"]);
    /// # }) }
    /// ```
    pub async fn join_all(mut self) -> Vec<T> {
        let mut outputs = Vec::with_capacity(self.len());
        while let Some(result) = self.join_next().await {
            match result.map_err(JoinError::try_into_panic) {
                Ok(output) => outputs.push(output),
                Err(Ok(payload)) => resume_unwind(payload),
                Err(Err(cancelled)) => panic!("{cancelled}"),
            }
        }
        outputs
    }

    /// Polls for the next task to complete: `Ready(None)` if there is none in the set. After `Pending`, the waker of
    /// the last call is woken.
    ///
    /// # Errors
    ///
    /// A [`JoinError`] if the task has panicked or was aborted.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// use uring_executor::JoinSet;
    ///
    /// use std::future::poll_fn;
    ///
    /// let mut set = JoinSet::new();
    /// set.spawn(async { 42 });
    /// assert_eq!(poll_fn(|cx| set.poll_join_next(cx)).await.unwrap().unwrap(), 42);
    /// assert!(poll_fn(|cx| set.poll_join_next(cx)).await.is_none());
    /// # }) }
    /// ```
    pub fn poll_join_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        let next = ready!(self.poll_next_completed(cx));
        Poll::Ready(next.map(|(_, result)| result))
    }

    /// As [`poll_join_next`](Self::poll_join_next), with the task's id.
    ///
    /// # Errors
    ///
    /// As for [`poll_join_next`](Self::poll_join_next); the error has the id, too.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// use uring_executor::JoinSet;
    ///
    /// use std::future::poll_fn;
    ///
    /// let mut set = JoinSet::new();
    /// let abort = set.spawn(async { 42 });
    /// let joined = poll_fn(|cx| set.poll_join_next_with_id(cx)).await;
    /// assert_eq!(joined.unwrap().unwrap(), (abort.id(), 42));
    /// # }) }
    /// ```
    pub fn poll_join_next_with_id(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<(Id, T), JoinError>>> {
        let next = ready!(self.poll_next_completed(cx));
        Poll::Ready(next.map(with_id))
    }

    fn poll_next_completed(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<(Id, Result<T, JoinError>)>> {
        if self.is_empty() {
            return Poll::Ready(None);
        }
        ready!(coop::check(cx));
        let Some(next) = self.next_completed(|completed| completed.pop_or_wait(cx.waker())) else {
            return Poll::Pending;
        };
        coop::spend();
        Poll::Ready(Some(next))
    }

    /// Takes the next completed task out of the set. `pop` gives the keys.
    fn next_completed(
        &mut self,
        pop: impl Fn(&Completed) -> Option<usize>,
    ) -> Option<(Id, Result<T, JoinError>)> {
        loop {
            let key = pop(&self.completed)?;
            let Some(Entry { handle, waker }) = self.entries.get_mut(key) else {
                continue;
            };
            let polled = handle.poll_output(&mut Context::from_waker(waker));
            if let Poll::Ready(result) = polled {
                let id = handle.id();
                self.entries.remove(key);
                return Some((id, result));
            }
        }
    }
}

fn with_id<T>((id, result): (Id, Result<T, JoinError>)) -> Result<(Id, T), JoinError> {
    result.map(|output| (id, output))
}
