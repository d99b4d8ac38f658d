//! How to build a runtime.

mod accepted;
mod blocking;
mod dump;
mod stall;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use uring_executor::{Config, TaskPanic, coop};
use uring_reactor::{Options, Pacer, Reactor, Rung, TimerMode};

use crate::blocking::{Pool, PoolConfig};
use crate::runtime::seed::{Seed, Seeding};
use crate::runtime::{Backend, ParkHooks, Runtime};

type PanicHook = Arc<dyn Fn(&TaskPanic<'_>) + Send + Sync>;

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
pub struct Builder {
    options: Options,
    event_interval: Option<u32>,
    task_budget: Option<u32>,
    pool: PoolConfig,
    parking: ParkHooks,
    name: Option<Arc<str>>,
    on_task_panic: Option<PanicHook>,
    stalls: stall::Stalls,
    dump_on_sigquit: bool,
    pub(super) seeding: Seeding,
}

impl Builder {
    /// The defaults: the best backend, 256 entries, 61 polls between two looks at the kernel, and a budget of
    /// 128 operations for each poll of a task.
    ///
    /// ```
    /// let runtime = uring_rt::runtime::Builder::new().build()?;
    /// runtime.block_on(async {});
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new() -> Builder {
        Builder {
            options: Options::new(),
            event_interval: None,
            task_budget: None,
            pool: PoolConfig::default(),
            parking: ParkHooks::default(),
            name: None,
            on_task_panic: None,
            stalls: stall::Stalls::default(),
            dump_on_sigquit: false,
            seeding: Seeding::default(),
        }
    }

    /// A name of the runtime, for [`Handle::name`](crate::runtime::Handle::name).
    ///
    /// Corresponds to `tokio::runtime::Builder::name`.
    ///
    /// # Panics
    ///
    /// When it is empty or nothing but white space.
    ///
    /// ```
    /// use uring_rt::runtime::Builder;
    ///
    /// let runtime = Builder::new().name("front").build()?;
    /// assert_eq!(runtime.handle().name(), Some("front"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn name(&mut self, name: impl Into<String>) -> &mut Builder {
        let name = name.into();
        assert!(!name.trim().is_empty(), "runtime name shouldn't be empty");
        self.name = Some(name.into());
        self
    }

    /// Which backend to run on.
    ///
    /// ```
    /// use uring_rt::runtime::Builder;
    ///
    /// let runtime = Builder::new().backend(uring_rt::runtime::Backend::Epoll).build()?;
    /// assert_eq!(runtime.driver().backend(), "epoll");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn backend(&mut self, backend: Backend) -> &mut Builder {
        self.options = self.options.clone().choice(backend.choice());
        self
    }

    /// Entries of the ring's submission queue, rounded up to a power of two, 32 768 at most: the size of one
    /// batch, not a limit on sockets. The completion queue gets four times as many. 256 by default.
    ///
    /// ```
    /// use uring_rt::runtime::Builder;
    ///
    /// let runtime = Builder::new().entries(64).build()?;
    /// assert!(["epoll", "io_uring"].contains(&runtime.driver().backend()));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn entries(&mut self, entries: u32) -> &mut Builder {
        self.options = self.options.clone().entries(entries);
        self
    }

    /// The best rung of the setup ladder to try, for tests and to track down a problem with a kernel feature.
    /// `URING_RT_RUNG` overrides it.
    ///
    /// ```
    /// use uring_rt::runtime::Builder;
    ///
    /// let runtime = Builder::new().top_rung(uring_rt::runtime::Rung::D).build()?;
    /// println!("{}", runtime.driver());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn top_rung(&mut self, rung: Rung) -> &mut Builder {
        self.options = self.options.clone().top_rung(rung);
        self
    }

    /// How the earliest deadline reaches the kernel.
    ///
    /// ```
    /// use uring_rt::runtime::Builder;
    ///
    /// let runtime = Builder::new().timer(uring_rt::runtime::TimerMode::TimerFd).build()?;
    /// println!("{}", runtime.driver());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn timer(&mut self, mode: TimerMode) -> &mut Builder {
        self.options = self.options.clone().timer(mode);
        self
    }

    /// The most polls of tasks between two looks at the kernel. 61 by default.
    ///
    /// Corresponds to `tokio::runtime::Builder::event_interval`.
    ///
    /// # Panics
    ///
    /// When it is zero.
    ///
    /// ```
    /// use uring_rt::runtime::Builder;
    ///
    /// let runtime = Builder::new().event_interval(31).build()?;
    /// runtime.block_on(async {});
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn event_interval(&mut self, polls: u32) -> &mut Builder {
        assert!(polls > 0, "event_interval must be greater than 0");
        self.event_interval = Some(polls);
        self
    }

    /// How many operations a task may complete in one poll before it has to let others run. 128 by default; 0
    /// counts as 1.
    ///
    /// ```
    /// use uring_rt::runtime::Builder;
    ///
    /// let runtime = Builder::new().task_budget(16).build()?;
    /// runtime.block_on(async {});
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn task_budget(&mut self, operations: u32) -> &mut Builder {
        self.task_budget = Some(operations);
        self
    }

    /// Whether the clock stands still at the start: see [`time::pause`](crate::time::pause).
    ///
    /// Corresponds to `tokio::runtime::Builder::start_paused`.
    ///
    /// ```
    /// use uring_rt::runtime::Builder;
    ///
    /// let runtime = Builder::new().start_paused(true).build()?;
    /// use uring_rt::time::{Duration, Instant, sleep};
    /// runtime.block_on(async {
    ///     let start = Instant::now();
    ///     sleep(Duration::from_secs(60)).await;
    ///     assert_eq!(start.elapsed(), Duration::from_secs(60)); // and no minute has passed
    /// });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn start_paused(&mut self, paused: bool) -> &mut Builder {
        self.options = self.options.clone().start_paused(paused);
        self
    }

    /// The most threads for blocking calls; more calls wait for one to be free. 512 by default.
    ///
    /// Corresponds to `tokio::runtime::Builder::max_blocking_threads`.
    ///
    /// # Panics
    ///
    /// When it is zero.
    ///
    /// ```
    /// use uring_rt::runtime::Builder;
    ///
    /// let runtime = Builder::new().max_blocking_threads(4).build()?;
    /// runtime.block_on(async {});
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn max_blocking_threads(&mut self, threads: usize) -> &mut Builder {
        assert!(threads > 0, "max_blocking_threads is at least one");
        self.pool.max_threads = threads;
        self
    }

    /// How long a thread for blocking calls waits for the next one before it ends. 10 seconds by default.
    ///
    /// Corresponds to `tokio::runtime::Builder::thread_keep_alive`.
    ///
    /// ```
    /// use uring_rt::runtime::Builder;
    ///
    /// let runtime = Builder::new().thread_keep_alive(std::time::Duration::from_secs(1)).build()?;
    /// runtime.block_on(async {});
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn thread_keep_alive(&mut self, duration: Duration) -> &mut Builder {
        self.pool.keep_alive = duration;
        self
    }

    /// The name of the threads for blocking calls. `uring-rt-blocking` by default; Linux shows its first 15 bytes.
    ///
    /// Corresponds to `tokio::runtime::Builder::thread_name`.
    ///
    /// ```
    /// use uring_rt::{runtime::Builder, task::spawn_blocking};
    ///
    /// let runtime = Builder::new().thread_name("worker").build()?;
    /// let ask = || std::thread::current().name().map(str::to_owned);
    /// let name = runtime.block_on(async { spawn_blocking(ask).await }).unwrap();
    /// assert_eq!(name.as_deref(), Some("worker"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn thread_name(&mut self, name: impl Into<String>) -> &mut Builder {
        let name = name.into();
        self.thread_name_fn(move || name.clone())
    }

    /// Names each thread for blocking calls as it is started.
    ///
    /// Corresponds to `tokio::runtime::Builder::thread_name_fn`.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    /// use uring_rt::runtime::Builder;
    ///
    /// let count = AtomicUsize::new(0);
    /// let runtime = Builder::new()
    ///     .thread_name_fn(move || format!("lookup-{}", count.fetch_add(1, Ordering::Relaxed)))
    ///     .build()?;
    /// let call = runtime.spawn_blocking(|| std::thread::current().name().map(str::to_owned));
    /// assert_eq!(runtime.block_on(call)?.as_deref(), Some("lookup-0"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn thread_name_fn(
        &mut self,
        name: impl Fn() -> String + Send + Sync + 'static,
    ) -> &mut Builder {
        self.pool.thread_name = Arc::new(name);
        self
    }

    /// The stack of the threads for blocking calls, in bytes. By default that of the standard library, 2 MiB; it is
    /// never less than what the system needs.
    ///
    /// Corresponds to `tokio::runtime::Builder::thread_stack_size`.
    ///
    /// ```
    /// use uring_rt::{runtime::Builder, task::spawn_blocking};
    ///
    /// let runtime = Builder::new().thread_stack_size(8 << 20).build()?;
    /// let large = runtime.block_on(async { spawn_blocking(|| [1_u8; 4 << 20].len()).await });
    /// assert_eq!(large.unwrap(), 4 << 20);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn thread_stack_size(&mut self, bytes: usize) -> &mut Builder {
        self.pool.stack_size = Some(bytes);
        self
    }

    /// Called on each thread for blocking calls, when it has started. Not on the runtime's own thread, which this
    /// runtime does not start. A panic of the hook is reported and ends there.
    ///
    /// Corresponds to `tokio::runtime::Builder::on_thread_start`.
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use uring_rt::runtime::Builder;
    ///
    /// let (started, has_started) = mpsc::channel();
    /// let (stopped, has_stopped) = mpsc::channel();
    /// let runtime = Builder::new()
    ///     .on_thread_start(move || started.send(()).expect("received below"))
    ///     .on_thread_stop(move || stopped.send(()).expect("received below"))
    ///     .build()?;
    /// runtime.block_on(runtime.spawn_blocking(|| ()))?;
    /// has_started.recv().expect("before the call");
    /// drop(runtime);
    /// has_stopped.try_recv().expect("before the drop has returned");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn on_thread_start(&mut self, hook: impl Fn() + Send + Sync + 'static) -> &mut Builder {
        self.pool.on_start = Some(Arc::new(hook));
        self
    }

    /// Called on each thread for blocking calls before it ends: when it has been idle for
    /// [`thread_keep_alive`](Self::thread_keep_alive), or with the runtime. A panic of the hook is reported and ends
    /// there.
    ///
    /// Corresponds to `tokio::runtime::Builder::on_thread_stop`.
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use uring_rt::{runtime::Builder, task::spawn_blocking};
    ///
    /// let (stopped, stops) = mpsc::channel();
    /// let runtime = Builder::new().on_thread_stop(move || drop(stopped.send(()))).build()?;
    /// runtime.block_on(async { spawn_blocking(|| ()).await }).unwrap();
    /// drop(runtime);
    /// stops.recv().unwrap();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn on_thread_stop(&mut self, hook: impl Fn() + Send + Sync + 'static) -> &mut Builder {
        self.pool.on_stop = Some(Arc::new(hook));
        self
    }

    /// Called each time before the thread goes to sleep.
    ///
    /// Corresponds to `tokio::runtime::Builder::on_thread_park`.
    ///
    /// ```
    /// use uring_rt::runtime::Builder;
    ///
    /// let runtime = Builder::new().on_thread_park(|| println!("nothing to do")).build()?;
    /// runtime.block_on(async {});
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn on_thread_park(&mut self, hook: impl Fn() + Send + Sync + 'static) -> &mut Builder {
        self.parking.before = Some(Arc::new(hook));
        self
    }

    /// Called each time after the thread has slept.
    ///
    /// Corresponds to `tokio::runtime::Builder::on_thread_unpark`.
    ///
    /// ```
    /// use uring_rt::runtime::Builder;
    ///
    /// let runtime = Builder::new().on_thread_unpark(|| println!("back again")).build()?;
    /// runtime.block_on(async {});
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn on_thread_unpark(&mut self, hook: impl Fn() + Send + Sync + 'static) -> &mut Builder {
        self.parking.after = Some(Arc::new(hook));
        self
    }

    /// Called when a task has panicked, with its payload and where it was spawned. The panic ends in the task's
    /// `JoinError` all the same.
    ///
    /// ```
    /// use uring_rt::runtime::Builder;
    ///
    /// let runtime = Builder::new()
    ///     .on_task_panic(|panic| println!("task {} of {} fell", panic.id(), panic.location()))
    ///     .build()?;
    /// let task = runtime.spawn(async { panic!("bad day") });
    /// assert!(runtime.block_on(task).unwrap_err().is_panic());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn on_task_panic(
        &mut self,
        hook: impl Fn(&TaskPanic<'_>) + Send + Sync + 'static,
    ) -> &mut Builder {
        self.on_task_panic = Some(Arc::new(hook));
        self
    }

    /// Builds the runtime, on this thread and for it. May be called again, for another one.
    ///
    /// Corresponds to `tokio::runtime::Builder::build`.
    ///
    /// # Errors
    ///
    /// When `io_uring` was demanded and is refused, with the kernel's reason and a remedy; when a file
    /// descriptor or memory is missing; and `InvalidInput` for a value of `URING_RT_BACKEND` or
    /// `URING_RT_RUNG` that is no name.
    ///
    /// ```
    /// use uring_rt::runtime::Builder;
    ///
    /// let mut builder = Builder::new();
    /// builder.thread_name("pool");
    /// let (one, other) = (builder.build()?, builder.build()?);
    /// assert_ne!(one.handle().id(), other.handle().id());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn build(&mut self) -> io::Result<Runtime> {
        let pacer = Pacer {
            check: coop::check,
            spend: coop::spend,
        };
        let reactor = Reactor::new(self.options.clone().pacer(pacer).from_env()?)?;
        let mut config = Config::default();
        config.event_interval = self.event_interval.unwrap_or(config.event_interval);
        config.task_budget = self.task_budget.unwrap_or(config.task_budget);
        if let Some(hook) = self.on_task_panic.clone() {
            config.on_task_panic = Some(Box::new(move |panic| hook(panic)));
        }
        // It is asked after each sleep, so that a list of tasks can tell how long ago each was polled.
        config.clock = uring_sys::clock::coarse;
        config.stall_watch = self.stalls.watch();
        #[cfg(feature = "tracing")]
        {
            config.observer = Some(Box::new(crate::runtime::trace::TaskSpans::default()));
        }
        let seed = self.seeding.choose()?;
        config.seed = seed.map(Seed::number);
        let mut runtime = Runtime::assemble(
            reactor,
            config,
            self.parking.clone(),
            Pool::new(self.pool.clone()),
            self.name.clone(),
        );
        runtime.seed = seed;
        if self.dump_on_sigquit {
            dump::start(&runtime)?;
        }
        Ok(runtime)
    }

    /// What `#[uring_rt::main]` calls: a program that cannot start says why in one line, and exits with code 1.
    #[doc(hidden)]
    #[expect(clippy::print_stderr, reason = "the program's own last words")]
    pub fn build_or_exit(&mut self) -> Runtime {
        self.build().unwrap_or_else(|error| {
            eprintln!("error: the uring-rt runtime cannot be built: {error}");
            std::process::exit(1)
        })
    }
}

impl Default for Builder {
    fn default() -> Builder {
        Builder::new()
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("options", &self.options)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
