//! How to build a reactor.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::task::{Context, Poll};

use crate::backend::deadline::TimerMode;
use crate::backend::rung::Rung;
use crate::driver::Choice;

/// The environment variable that overrides the backend: `auto`, `io_uring` or `epoll`.
///
/// See the example of [`Options::from_env`].
pub const BACKEND_VARIABLE: &str = "URING_RT_BACKEND";
/// The environment variable that holds the ladder on a lower rung: `A`, `B`, `C`, `D`, `D2`, `E` or `F`. For
/// tests, and to find out whether a kernel feature is to blame.
///
/// See the example of [`Options::from_env`].
pub const RUNG_VARIABLE: &str = "URING_RT_RUNG";

/// The limit of kernels that cannot clamp; older ones take 4096.
pub(crate) const MOST_ENTRIES: u32 = 32_768;

/// What a reactor is built with.
///
/// ```
/// use uring_reactor::{Options, Reactor, Rung, TimerMode};
///
/// let options = Options::new()
///     .entries(64)
///     .top_rung(Rung::B)
///     .feature_mask(u32::MAX)
///     .timer(TimerMode::WaitTimeout)
///     .start_paused(true);
/// let reactor = Reactor::new(options)?;
/// assert!(reactor.driver().rung.is_none_or(|rung| rung >= Rung::B));
/// assert!(reactor.handle().resume_clock()); // it was paused
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) choice: Choice,
    pub(crate) entries: u32,
    /// What a ring that overflows may grow to.
    pub(crate) most_entries: u32,
    pub(crate) top_rung: Rung,
    pub(crate) timer: TimerMode,
    pub(crate) feature_mask: u32,
    pub(crate) start_paused: bool,
    pub(crate) pacer: Option<Pacer>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            choice: Choice::Auto,
            entries: 256,
            most_entries: MOST_ENTRIES,
            top_rung: Rung::A,
            timer: TimerMode::default(),
            feature_mask: u32::MAX,
            start_paused: false,
            pacer: None,
        }
    }
}

impl Options {
    /// The defaults: the best backend, 256 entries.
    ///
    /// See the example of [`Options`].
    pub fn new() -> Options {
        Options::default()
    }

    /// Which backend to use.
    ///
    /// See the example of [`Choice`].
    #[must_use]
    pub fn choice(mut self, choice: Choice) -> Options {
        self.choice = choice;
        self
    }

    /// Entries of the submission queue, rounded up to a power of two, 32 768 at most; the completion queue
    /// gets four times as many. More fds than this can be registered and armed: it is the size of one batch. A ring
    /// whose completion queue overflows again and again is replaced by one of twice the size.
    ///
    /// See the example of [`Options`].
    #[must_use]
    pub fn entries(mut self, entries: u32) -> Options {
        self.entries = entries;
        self
    }

    /// The best rung of the ladder to try.
    ///
    /// See the example of [`Options`].
    #[must_use]
    pub fn top_rung(mut self, rung: Rung) -> Options {
        self.top_rung = rung;
        self
    }

    /// How the earliest deadline reaches the kernel. Where the ring's wait takes no timeout (before Linux
    /// 5.11) it is a timerfd in any case.
    ///
    /// See the example of [`Options`].
    #[must_use]
    pub fn timer(mut self, mode: TimerMode) -> Options {
        self.timer = mode;
        self
    }

    /// Which of the kernel's features (`IORING_FEAT_*`) may be used, besides what the rung leaves out: for tests
    /// of what the code does without one.
    ///
    /// See the example of [`Options`].
    #[must_use]
    pub fn feature_mask(mut self, mask: u32) -> Options {
        self.feature_mask = mask;
        self
    }

    /// Whether the clock stands still until it is advanced.
    ///
    /// See the example of [`Options`].
    #[must_use]
    pub fn start_paused(mut self, paused: bool) -> Options {
        self.start_paused = paused;
        self
    }

    /// Lets the executor bound how much one task does between two looks at the kernel.
    ///
    /// See the example of [`Pacer`].
    #[must_use]
    pub fn pacer(mut self, pacer: Pacer) -> Options {
        self.pacer = Some(pacer);
        self
    }

    /// Takes the backend and the rung from the environment, where [`BACKEND_VARIABLE`] and [`RUNG_VARIABLE`]
    /// are set.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when one of them has a value that is no name.
    ///
    /// ```
    /// use uring_reactor::{BACKEND_VARIABLE, Options, RUNG_VARIABLE, Reactor};
    ///
    /// let reactor = Reactor::new(Options::new().from_env()?)?;
    /// println!("{BACKEND_VARIABLE} and {RUNG_VARIABLE} gave:\n{}", reactor.driver());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn from_env(self) -> io::Result<Options> {
        self.with_values(|name| std::env::var_os(name))
    }

    /// [`from_env`](Self::from_env) in an environment where variables have these values.
    pub(crate) fn with_values(
        mut self,
        value_of: impl Fn(&str) -> Option<OsString>,
    ) -> io::Result<Options> {
        if let Some(value) = value_of(BACKEND_VARIABLE) {
            self.choice = parse(BACKEND_VARIABLE, CHOICES, &value, Choice::from_name)?;
        }
        if let Some(value) = value_of(RUNG_VARIABLE) {
            self.top_rung = parse(RUNG_VARIABLE, RUNGS, &value, Rung::from_name)?;
        }
        Ok(self)
    }
}

const CHOICES: &str = "auto, io_uring or epoll";
const RUNGS: &str = "A, B, C, D, D2, E or F";

fn parse<T>(
    name: &str,
    values: &str,
    value: &OsStr,
    by_name: impl Fn(&str) -> Option<T>,
) -> io::Result<T> {
    value.to_str().and_then(by_name).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{name} has no such value: {value:?}; it can be {values}"),
        )
    })
}

/// An executor's budget, as far as the leaves of this crate use it up.
///
/// ```
/// use std::task::Poll;
/// use uring_reactor::{Options, Pacer, Reactor};
///
/// let unlimited = Pacer { check: |_cx| Poll::Ready(()), spend: || () };
/// let reactor = Reactor::new(Options::new().pacer(unlimited))?;
/// # drop(reactor);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Pacer {
    /// Asked before an operation: `Pending` (with the task woken) when the task has had its share.
    pub check: fn(&mut Context<'_>) -> Poll<()>,
    /// Told after an operation made progress.
    pub spend: fn(),
}

impl fmt::Debug for Pacer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pacer").finish_non_exhaustive()
    }
}
