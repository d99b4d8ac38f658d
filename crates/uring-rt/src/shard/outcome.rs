//! How shards end.

use std::any::Any;
use std::error::Error;
use std::fmt;

use uring_executor::panic_text;

/// How one shard has ended.
///
/// ```
/// use uring_rt::shard::Outcome;
///
/// assert_eq!(Outcome::CutOff { tasks: 2 }.to_string(), "2 tasks had to be cut off");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// All tasks that a shutdown waits for had ended.
    Finished,
    /// So many had not.
    CutOff {
        /// How many.
        tasks: usize,
    },
    /// Its thread has panicked.
    Panicked {
        /// The panic's message, or that it has none.
        message: String,
    },
}

impl Outcome {
    pub(super) fn panicked(payload: &(dyn Any + Send)) -> Outcome {
        Outcome::Panicked {
            message: message(payload).to_owned(),
        }
    }
}

fn message(payload: &(dyn Any + Send)) -> &str {
    panic_text(payload).unwrap_or("a panic without a message")
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Finished => f.write_str("finished"),
            Outcome::CutOff { tasks: 1 } => f.write_str("1 task had to be cut off"),
            Outcome::CutOff { tasks } => write!(f, "{tasks} tasks had to be cut off"),
            Outcome::Panicked { message } => write!(f, "panicked: {message}"),
        }
    }
}

/// Not every shard has ended well.
///
/// ```
/// use std::time::Duration;
///
/// let shards = uring_rt::shard::Builder::new().shards(2).build()?;
/// shards.spawn_on(1, || std::future::pending::<()>());
/// let error = shards.shutdown(Duration::ZERO).unwrap_err();
/// assert_eq!(error.to_string(), "shard 1: 1 task had to be cut off");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ShutdownError {
    outcomes: Vec<Outcome>,
}

impl ShutdownError {
    pub(super) fn check(outcomes: Vec<Outcome>) -> Result<(), ShutdownError> {
        if outcomes.iter().all(|outcome| *outcome == Outcome::Finished) {
            Ok(())
        } else {
            Err(ShutdownError { outcomes })
        }
    }

    /// One for each shard, in their order.
    ///
    /// ```
    /// use std::{future::pending, time::Duration};
    /// use uring_rt::shard::{Builder, Outcome};
    ///
    /// let shards = Builder::new().shards(2).build()?;
    /// shards.spawn_on(0, || pending::<()>());
    /// let error = shards.shutdown(Duration::ZERO).unwrap_err();
    /// assert_eq!(error.outcomes(), [Outcome::CutOff { tasks: 1 }, Outcome::Finished]);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }
}

impl fmt::Display for ShutdownError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = self.outcomes.iter().enumerate();
        let failed = failed.filter(|(_, outcome)| **outcome != Outcome::Finished);
        for (at, (shard, outcome)) in failed.enumerate() {
            let separator = if at == 0 { "" } else { "; " };
            write!(f, "{separator}shard {shard}: {outcome}")?;
        }
        Ok(())
    }
}

impl Error for ShutdownError {}

/// The panic of a shard's thread, for [`Builder::on_shard_panic`](super::Builder::on_shard_panic).
///
/// ```
/// use std::{sync::mpsc, time::Duration};
/// use uring_rt::shard::{Builder, ShardPanic};
///
/// let (tell, told) = mpsc::channel();
/// let shards = Builder::new()
///     .shards(1)
///     .runtime(|_, runtime| {
///         runtime.on_thread_park(|| panic!("bad day"));
///     })
///     .on_shard_panic(move |panic: &ShardPanic<'_>| tell.send(format!("{panic:?}")).expect("received below"))
///     .build()?;
/// assert_eq!(told.recv()?, r#"ShardPanic { shard: 0, message: "bad day" }"#);
/// assert!(shards.shutdown(Duration::ZERO).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ShardPanic<'a> {
    pub(super) shard: usize,
    pub(super) payload: &'a (dyn Any + Send),
}

impl ShardPanic<'_> {
    /// Which shard has fallen.
    ///
    /// ```
    /// let (tell, told) = std::sync::mpsc::channel();
    /// let shards = uring_rt::shard::Builder::new()
    ///     .shards(2)
    ///     .runtime(|shard, runtime| {
    ///         runtime.on_thread_park(move || assert_ne!(shard, 1, "an unlucky number"));
    ///     })
    ///     .on_shard_panic(move |panic| tell.send(panic.shard()).expect("received below"))
    ///     .build()?;
    /// assert_eq!(told.recv()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shard(&self) -> usize {
        self.shard
    }

    /// The panic's message, or that it has none.
    ///
    /// ```
    /// let (tell, told) = std::sync::mpsc::channel();
    /// let shards = uring_rt::shard::Builder::new()
    ///     .shards(1)
    ///     .runtime(|_, runtime| {
    ///         runtime.on_thread_park(|| panic!("{} bad days", 7));
    ///     })
    ///     .on_shard_panic(move |panic| tell.send(panic.message().to_owned()).expect("received below"))
    ///     .build()?;
    /// assert_eq!(told.recv()?, "7 bad days");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn message(&self) -> &str {
        message(self.payload)
    }

    /// What it panicked with.
    ///
    /// ```
    /// let (tell, told) = std::sync::mpsc::channel();
    /// let shards = uring_rt::shard::Builder::new()
    ///     .shards(1)
    ///     .runtime(|_, runtime| {
    ///         runtime.on_thread_park(|| std::panic::panic_any(41));
    ///     })
    ///     .on_shard_panic(move |panic| tell.send(panic.payload().downcast_ref().copied()).expect("received below"))
    ///     .build()?;
    /// assert_eq!(told.recv()?, Some(41));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn payload(&self) -> &(dyn Any + Send) {
        self.payload
    }
}

impl fmt::Debug for ShardPanic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShardPanic")
            .field("shard", &self.shard)
            .field("message", &self.message())
            .finish()
    }
}
