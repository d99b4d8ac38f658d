//! How a task can fail.

use std::any::Any;
use std::error::Error;
use std::{fmt, io};

use parking_lot::Mutex;

use crate::Id;

/// A task ended without an output: it was cancelled or it panicked.
///
/// Corresponds to `tokio::task::JoinError`.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
/// # fn main() -> () { run(async |spawner| {
/// use uring_executor::JoinError;
///
/// let task = spawner.spawn(std::future::pending::<u32>());
/// let id = task.id();
/// task.abort();
/// let outcome: Result<u32, JoinError> = task.await;
/// assert_eq!(outcome.unwrap_err().id(), id);
/// # }) }
/// ```
pub struct JoinError {
    id: Id,
    failure: Failure,
}

/// What a task has instead of an output.
pub(crate) enum Failure {
    Cancelled,
    /// Boxed once more to be one word, as every task has room for it. The lock makes the payload `Sync`; it is taken only
    /// to print the message.
    Panic(Box<Mutex<Payload>>),
}

impl Failure {
    pub(crate) fn panic(payload: Payload) -> Self {
        Self::Panic(Box::new(Mutex::new(payload)))
    }
}

type Payload = Box<dyn Any + Send + 'static>;

impl JoinError {
    pub(crate) fn new(id: Id, failure: Failure) -> Self {
        Self { id, failure }
    }

    /// Whether the task was aborted, or dropped with its executor.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// let task = spawner.spawn(std::future::pending::<()>());
    /// task.abort();
    /// let error = task.await.unwrap_err();
    /// assert!(error.is_cancelled());
    /// # }) }
    /// ```
    pub fn is_cancelled(&self) -> bool {
        matches!(self.failure, Failure::Cancelled)
    }

    /// Whether the task panicked.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// let error = spawner.spawn(async { panic!("why") }).await.unwrap_err();
    /// assert!(error.is_panic());
    /// # }) }
    /// ```
    pub fn is_panic(&self) -> bool {
        matches!(self.failure, Failure::Panic(_))
    }

    /// What the task panicked with, to be given to [`std::panic::resume_unwind`].
    ///
    /// # Panics
    ///
    /// If the task did not panic. See [`try_into_panic`](Self::try_into_panic).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// let error = spawner.spawn(async { panic!("why") }).await.unwrap_err();
    /// assert_eq!(*error.into_panic().downcast::<&str>().unwrap(), "why");
    /// # }) }
    /// ```
    #[track_caller]
    pub fn into_panic(self) -> Box<dyn Any + Send + 'static> {
        self.try_into_panic()
            .expect("`JoinError` reason is not a panic.")
    }

    /// What the task panicked with.
    ///
    /// # Errors
    ///
    /// The error itself if the task did not panic.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// let task = spawner.spawn(std::future::pending::<()>());
    /// task.abort();
    /// let error = task.await.unwrap_err();
    /// assert!(error.try_into_panic().is_err(), "it was cancelled");
    /// # }) }
    /// ```
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send + 'static>, Self> {
        match self.failure {
            Failure::Panic(payload) => Ok(payload.into_inner()),
            Failure::Cancelled => Err(self),
        }
    }

    /// The task.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// let task = spawner.spawn(std::future::pending::<()>());
    /// let id = task.id();
    /// task.abort();
    /// assert_eq!(task.await.unwrap_err().id(), id);
    /// # }) }
    /// ```
    pub fn id(&self) -> Id {
        self.id
    }
}

/// The text of a panic made by `panic!`; what [`resume_unwind`](std::panic::resume_unwind) was given may be of any type.
///
/// ```
/// use std::panic::{catch_unwind, resume_unwind};
/// use uring_executor::panic_text;
///
/// let payload = catch_unwind(|| panic!("bad {}", "day")).unwrap_err();
/// assert_eq!(panic_text(&*payload), Some("bad day"));
/// let payload = catch_unwind(|| resume_unwind(Box::new(7))).unwrap_err();
/// assert_eq!(panic_text(&*payload), None);
/// ```
#[must_use]
pub fn panic_text(payload: &(dyn Any + Send)) -> Option<&str> {
    if let Some(text) = payload.downcast_ref::<String>() {
        return Some(text);
    }
    payload.downcast_ref::<&'static str>().copied()
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.failure {
            Failure::Cancelled => write!(f, "task {} was cancelled", self.id),
            Failure::Panic(payload) => match panic_text(&**payload.lock()) {
                Some(text) => write!(f, "task {} panicked with message {text:?}", self.id),
                None => write!(f, "task {} panicked", self.id),
            },
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.failure {
            Failure::Cancelled => write!(f, "JoinError::Cancelled({:?})", self.id),
            Failure::Panic(payload) => match panic_text(&**payload.lock()) {
                Some(text) => write!(f, "JoinError::Panic({:?}, {text:?}, ...)", self.id),
                None => write!(f, "JoinError::Panic({:?}, ...)", self.id),
            },
        }
    }
}

impl Error for JoinError {}

impl From<JoinError> for io::Error {
    fn from(error: JoinError) -> Self {
        Self::other(match error.failure {
            Failure::Cancelled => "task was cancelled",
            Failure::Panic(_) => "task panicked",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_send_and_sync<T: Send + Sync>(_: &T) {}

    #[test]
    fn a_cancelled_task_says_so() {
        let id = Id::next();
        let error = JoinError::new(id, Failure::Cancelled);
        is_send_and_sync(&error);
        assert!(error.is_cancelled() && !error.is_panic());
        assert_eq!(error.id(), id);
        assert_eq!(error.to_string(), format!("task {id} was cancelled"));
        assert_eq!(
            format!("{error:?}"),
            format!("JoinError::Cancelled({id:?})")
        );
        assert_eq!(io::Error::from(error).to_string(), "task was cancelled");
    }

    #[test]
    fn a_panic_shows_its_message_if_it_has_one() {
        let id = Id::next();
        let text = JoinError::new(id, Failure::panic(Box::new("oh")));
        assert!(text.is_panic());
        assert_eq!(
            text.to_string(),
            format!("task {id} panicked with message \"oh\"")
        );
        assert_eq!(
            format!("{text:?}"),
            format!("JoinError::Panic({id:?}, \"oh\", ...)")
        );
        let other = JoinError::new(id, Failure::panic(Box::new(7_i32)));
        assert_eq!(other.to_string(), format!("task {id} panicked"));
        assert_eq!(*other.into_panic().downcast::<i32>().unwrap(), 7);
        assert_eq!(io::Error::from(text).to_string(), "task panicked");
    }

    #[test]
    fn a_cancelled_task_has_no_panic_to_give() {
        let error = JoinError::new(Id::next(), Failure::Cancelled);
        assert!(error.try_into_panic().unwrap_err().is_cancelled());
    }

    #[test]
    fn the_error_is_two_words() {
        assert_eq!(size_of::<JoinError>(), 16);
        assert_eq!(size_of::<Failure>(), 8);
    }
}
