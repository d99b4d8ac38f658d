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
/// ```
/// assert_eq!(uring_reactor::BACKEND_VARIABLE, "URING_RT_BACKEND");
/// ```
pub const BACKEND_VARIABLE: &str = "URING_RT_BACKEND";
/// The environment variable that holds the ladder on a lower rung: `A`, `B`, `C`, `D`, `D2`, `E` or `F`. For
/// tests, and to find out whether a kernel feature is to blame.
///
/// ```
/// assert_eq!(uring_reactor::RUNG_VARIABLE, "URING_RT_RUNG");
/// ```
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
    pub(crate) multishot_after: Option<u8>,
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
            multishot_after: Some(8),
            start_paused: false,
            pacer: None,
        }
    }
}

impl Options {
    /// The defaults: the best backend, 256 entries.
    ///
    /// ```
    /// use uring_reactor::{Options, Reactor};
    ///
    /// let reactor = Reactor::new(Options::new())?;
    /// assert!(reactor.driver().rung.is_some() || reactor.driver().backend() == "epoll");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new() -> Options {
        Options::default()
    }

    /// Which backend to use.
    ///
    /// ```
    /// use uring_reactor::{Choice, Options, Reactor};
    ///
    /// let reactor = Reactor::new(Options::new().choice(Choice::Epoll))?;
    /// assert_eq!(reactor.driver().backend(), "epoll");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn choice(mut self, choice: Choice) -> Options {
        self.choice = choice;
        self
    }

    /// Entries of the submission queue, rounded up to a power of two, 32 768 at most; the completion queue
    /// gets four times as many. More fds than this can be registered and armed: it is the size of one batch. A ring
    /// whose completion queue overflows again and again is replaced by one of twice the size.
    ///
    /// ```
    /// use uring_reactor::{Options, Reactor};
    ///
    /// let reactor = Reactor::new(Options::new().entries(100))?;
    /// assert!(matches!(reactor.driver().sq_entries, 128 | 0), "0 without a ring");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn entries(mut self, entries: u32) -> Options {
        self.entries = entries;
        self
    }

    /// The best rung of the ladder to try.
    ///
    /// ```
    /// use uring_reactor::{Options, Reactor, Rung};
    ///
    /// let reactor = Reactor::new(Options::new().top_rung(Rung::E))?;
    /// assert!(reactor.driver().rung.is_none_or(|rung| rung >= Rung::E));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn top_rung(mut self, rung: Rung) -> Options {
        self.top_rung = rung;
        self
    }

    /// How the earliest deadline reaches the kernel. Where the ring's wait takes no timeout (before Linux
    /// 5.11) it is a timerfd in any case.
    ///
    /// ```
    /// use uring_reactor::{Choice, Options, Reactor, TimerMode};
    ///
    /// let options = Options::new().choice(Choice::Epoll).timer(TimerMode::TimerFd);
    /// assert_eq!(Reactor::new(options)?.driver().timer, TimerMode::TimerFd);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn timer(mut self, mode: TimerMode) -> Options {
        self.timer = mode;
        self
    }

    /// Which of the kernel's features (`IORING_FEAT_*`) may be used, besides what the rung leaves out: for tests
    /// of what the code does without one.
    ///
    /// ```
    /// use uring_reactor::{Options, Reactor, TimerMode};
    ///
    /// // As on a kernel before 5.11, whose wait takes no timeout.
    /// let driver = Reactor::new(Options::new().feature_mask(0))?.driver();
    /// assert!(driver.backend() == "epoll" || driver.timer == TimerMode::TimerFd);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn feature_mask(mut self, mask: u32) -> Options {
        self.feature_mask = mask;
        self
    }

    /// After how many poll requests of one fd for reading the next one stays armed (`IORING_POLL_ADD_MULTI`), until the
    /// fd is deregistered: 8 unless said otherwise; `None` for never. Only with deferred task work (rungs A and B).
    ///
    /// A request that stays costs nothing for each event, but has to be taken back when the fd goes; an fd with a short
    /// life never has one. From then on the fd [is edge-triggered](crate::AsyncFd::is_edge_triggered).
    ///
    /// ```
    /// use uring_reactor::{Options, Reactor};
    ///
    /// let reactor = Reactor::new(Options::new().multishot_after(None))?;
    /// # drop(reactor);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn multishot_after(mut self, polls: Option<u8>) -> Options {
        self.multishot_after = polls;
        self
    }

    /// Whether the clock stands still until it is advanced.
    ///
    /// ```
    /// use uring_reactor::{Instant, Options, Reactor};
    ///
    /// let reactor = Reactor::new(Options::new().start_paused(true))?;
    /// let _current = reactor.handle().enter();
    /// let now = Instant::now();
    /// assert_eq!(Instant::now(), now);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn start_paused(mut self, paused: bool) -> Options {
        self.start_paused = paused;
        self
    }

    /// Lets the executor bound how much one task does between two looks at the kernel.
    ///
    /// ```
    /// use std::{cell::Cell, io::Write, os::unix::net::UnixStream, pin::pin};
    /// use std::task::{Context, Poll, Waker};
    /// use uring_reactor::{AsyncFd, Interest, Options, Pacer, Reactor, Turn};
    ///
    /// thread_local! {
    ///     static SPENT: Cell<u32> = const { Cell::new(0) };
    /// }
    /// let pacer = Pacer {
    ///     check: |_cx| Poll::Ready(()),
    ///     spend: || SPENT.set(SPENT.get() + 1),
    /// };
    /// let mut reactor = Reactor::new(Options::new().pacer(pacer))?;
    /// let _current = reactor.handle().enter();
    /// let (ours, _theirs) = UnixStream::pair()?;
    /// ours.set_nonblocking(true)?;
    /// let ours = AsyncFd::new(ours)?;
    ///
    /// let mut write = pin!(ours.async_io(Interest::WRITABLE, |mut stream| stream.write(b"x")));
    /// let mut cx = Context::from_waker(Waker::noop());
    /// while write.as_mut().poll(&mut cx).is_pending() {
    ///     reactor.turn(Turn::Wait)?;
    /// }
    /// assert!(SPENT.get() > 0, "an operation has made progress");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn pacer(mut self, pacer: Pacer) -> Options {
        self.pacer = Some(pacer);
        self
    }

    /// Takes the backend and the rung from the environment, where [`BACKEND_VARIABLE`] and [`RUNG_VARIABLE`]
    /// are set and not empty.
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
        let value_of = |name| value_of(name).filter(|value| !value.is_empty());
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
