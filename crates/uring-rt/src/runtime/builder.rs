//! How to build a runtime.

use std::fmt;
use std::io;
use std::time::Duration;

use uring_executor::{Config, TaskPanic, coop};
use uring_reactor::{Choice, Options, Pacer, Reactor, Rung, TimerMode};

use crate::blocking::{Pool, PoolConfig};
use crate::runtime::{Hook, ParkHooks, Runtime};

type PanicHook = Box<dyn Fn(&TaskPanic<'_>) + Send + Sync>;

/// Which backend to run on. The environment variable `URING_RT_BACKEND` overrides it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Backend {
    /// `io_uring` where it can be had, else epoll.
    #[default]
    Auto,
    /// `io_uring`, or an error.
    IoUring,
    /// epoll.
    Epoll,
}

impl Backend {
    /// The backend of that name: `auto`, `io_uring` or `epoll`.
    pub fn from_name(name: &str) -> Option<Backend> {
        Choice::from_name(name).map(|choice| match choice {
            Choice::IoUring => Backend::IoUring,
            Choice::Epoll => Backend::Epoll,
            _ => Backend::Auto,
        })
    }

    fn choice(self) -> Choice {
        match self {
            Backend::Auto => Choice::Auto,
            Backend::IoUring => Choice::IoUring,
            Backend::Epoll => Choice::Epoll,
        }
    }
}

/// Builds a [`Runtime`]. Corresponds to `tokio::runtime::Builder`; everything is enabled from the start.
///
/// ```
/// use uring_rt::runtime::{Backend, Builder};
///
/// let runtime = Builder::new().backend(Backend::Epoll).build()?;
/// assert_eq!(runtime.driver().backend(), "epoll");
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "a builder does nothing before `build`"]
#[derive(Default)]
pub struct Builder {
    options: Options,
    event_interval: Option<u32>,
    task_budget: Option<u32>,
    pool: PoolConfig,
    on_thread_park: Hook,
    on_thread_unpark: Hook,
    on_task_panic: Option<PanicHook>,
}

impl Builder {
    /// The defaults: the best backend, 256 entries, 61 polls between two looks at the kernel, and a budget of
    /// 128 operations for each poll of a task.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// Which backend to run on.
    pub fn backend(mut self, backend: Backend) -> Builder {
        self.options = self.options.choice(backend.choice());
        self
    }

    /// Entries of the ring's submission queue, rounded up to a power of two, 32 768 at most: the size of one
    /// batch, not a limit on sockets. The completion queue gets four times as many. 256 by default.
    pub fn entries(mut self, entries: u32) -> Builder {
        self.options = self.options.entries(entries);
        self
    }

    /// The best rung of the setup ladder to try, for tests and to track down a problem with a kernel feature.
    /// `URING_RT_RUNG` overrides it.
    pub fn top_rung(mut self, rung: Rung) -> Builder {
        self.options = self.options.top_rung(rung);
        self
    }

    /// How the earliest deadline reaches the kernel.
    pub fn timer(mut self, mode: TimerMode) -> Builder {
        self.options = self.options.timer(mode);
        self
    }

    /// The most polls of tasks between two looks at the kernel. 61 by default; 0 counts as 1.
    pub fn event_interval(mut self, polls: u32) -> Builder {
        self.event_interval = Some(polls);
        self
    }

    /// How many operations a task may complete in one poll before it has to let others run. 128 by default; 0
    /// counts as 1.
    pub fn task_budget(mut self, operations: u32) -> Builder {
        self.task_budget = Some(operations);
        self
    }

    /// Whether the clock stands still at the start: see [`time::pause`](crate::time::pause).
    pub fn start_paused(mut self, paused: bool) -> Builder {
        self.options = self.options.start_paused(paused);
        self
    }

    /// The most threads for blocking calls; more calls wait for one to be free. 512 by default.
    ///
    /// # Panics
    ///
    /// When it is zero.
    #[track_caller]
    pub fn max_blocking_threads(mut self, threads: usize) -> Builder {
        assert!(threads > 0, "max_blocking_threads is at least one");
        self.pool.max_threads = threads;
        self
    }

    /// How long a thread for blocking calls waits for the next one before it ends. 10 seconds by default.
    pub fn thread_keep_alive(mut self, duration: Duration) -> Builder {
        self.pool.keep_alive = duration;
        self
    }

    /// The name of the threads for blocking calls. `uring-rt-blocking` by default.
    pub fn thread_name(mut self, name: impl Into<String>) -> Builder {
        self.pool.thread_name = name.into();
        self
    }

    /// Called each time before the thread goes to sleep.
    pub fn on_thread_park(mut self, hook: impl Fn() + Send + Sync + 'static) -> Builder {
        self.on_thread_park = Some(Box::new(hook));
        self
    }

    /// Called each time after the thread has slept.
    pub fn on_thread_unpark(mut self, hook: impl Fn() + Send + Sync + 'static) -> Builder {
        self.on_thread_unpark = Some(Box::new(hook));
        self
    }

    /// Called when a task has panicked, with its payload and where it was spawned. The panic ends in the task's
    /// `JoinError` all the same.
    pub fn on_task_panic(
        mut self,
        hook: impl Fn(&TaskPanic<'_>) + Send + Sync + 'static,
    ) -> Builder {
        self.on_task_panic = Some(Box::new(hook));
        self
    }

    /// Builds the runtime, on this thread and for it.
    ///
    /// # Errors
    ///
    /// When `io_uring` was demanded and is refused, with the kernel's reason and a remedy; when a file
    /// descriptor or memory is missing; and `InvalidInput` for a value of `URING_RT_BACKEND` or
    /// `URING_RT_RUNG` that is no name.
    pub fn build(self) -> io::Result<Runtime> {
        let pacer = Pacer {
            check: coop::check,
            spend: coop::spend,
        };
        let reactor = Reactor::new(self.options.pacer(pacer).from_env()?)?;
        let mut config = Config::default();
        config.event_interval = self.event_interval.unwrap_or(config.event_interval);
        config.task_budget = self.task_budget.unwrap_or(config.task_budget);
        if let Some(hook) = self.on_task_panic {
            config.on_task_panic = Some(hook);
        }
        let hooks = ParkHooks {
            before: self.on_thread_park,
            after: self.on_thread_unpark,
        };
        Ok(Runtime::assemble(
            reactor,
            config,
            hooks,
            Pool::new(self.pool),
        ))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
