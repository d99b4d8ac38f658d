//! How to build shards.

use std::fmt;
use std::io;
use std::panic::resume_unwind;
use std::sync::{Arc, mpsc};
use std::thread;

use uring_sys::identity::process_token;

use super::stop::{Roots, Stop};
use super::thread::{Start, run};
use super::{Member, ShardPanic, Shards, affinity};
use crate::runtime;

pub(super) type Configure = dyn Fn(usize, &mut runtime::Builder) + Send + Sync;
pub(super) type PanicHook = dyn Fn(&ShardPanic<'_>) + Send + Sync;

/// Builds [`Shards`].
///
/// ```
/// use uring_rt::shard::Builder;
///
/// let shards = Builder::new().shards(2).build()?;
/// assert_eq!(shards.count(), 2);
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "a builder does nothing before `build`"]
pub struct Builder {
    shards: Option<usize>,
    is_pinned: bool,
    configure: Option<Arc<Configure>>,
    on_panic: Option<Arc<PanicHook>>,
}

impl Builder {
    /// The defaults: a shard for each core that this process may use, and each pinned to one.
    ///
    /// ```
    /// let shards = uring_rt::shard::Builder::new().build()?;
    /// assert_eq!(shards.count(), std::thread::available_parallelism()?.get());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new() -> Builder {
        Builder {
            shards: None,
            is_pinned: true,
            configure: None,
            on_panic: None,
        }
    }

    /// How many shards. By default what [`std::thread::available_parallelism`] says, which knows the limits of a
    /// container. More than there are cores share them.
    ///
    /// # Panics
    ///
    /// When it is zero.
    ///
    /// ```
    /// let shards = uring_rt::shard::Builder::new().shards(3).build()?;
    /// assert_eq!(shards.broadcast(|_| async {}).len(), 3);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn shards(&mut self, count: usize) -> &mut Builder {
        assert!(count > 0, "shards is at least one");
        self.shards = Some(count);
        self
    }

    /// Whether each shard is pinned to a core: one of those that the thread which builds them may run on, in turn. Yes by
    /// default; where the kernel refuses, a shard runs unpinned, and [`Shards::cpu`] says so. Threads for blocking
    /// calls are never pinned.
    ///
    /// What a task starts inherits its core, as with any pinned thread: a process or a thread that is to have them all is
    /// started in [`spawn_blocking`](crate::task::spawn_blocking).
    ///
    /// ```
    /// let shards = uring_rt::shard::Builder::new().shards(2).pinned(false).build()?;
    /// assert_eq!((shards.cpu(0), shards.cpu(1)), (None, None)); // wherever there is room
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn pinned(&mut self, pinned: bool) -> &mut Builder {
        self.is_pinned = pinned;
        self
    }

    /// Sets up the runtime of each shard: called on its thread, with its number. Its name is `shard-N` otherwise, as that
    /// of the thread is in any case.
    ///
    /// ```
    /// use uring_rt::runtime::Backend;
    ///
    /// let shards = uring_rt::shard::Builder::new()
    ///     .shards(2)
    ///     .runtime(|shard, runtime| {
    ///         runtime.name(format!("front-{shard}")).backend(Backend::Epoll).max_blocking_threads(4);
    ///     })
    ///     .build()?;
    /// assert_eq!(shards.handle(1).name(), Some("front-1"));
    /// assert_eq!(shards.handle(1).driver().backend(), "epoll");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn runtime(
        &mut self,
        configure: impl Fn(usize, &mut runtime::Builder) + Send + Sync + 'static,
    ) -> &mut Builder {
        self.configure = Some(Arc::new(configure));
        self
    }

    /// Called on the thread of a shard that has panicked, when its tasks are dropped and its sockets closed. The others
    /// go on. The panic of a task is not meant: for that there is
    /// [`on_task_panic`](crate::runtime::Builder::on_task_panic) of the runtimes.
    ///
    /// ```
    /// use std::{sync::mpsc, time::Duration};
    ///
    /// let (tell, told) = mpsc::channel();
    /// let shards = uring_rt::shard::Builder::new()
    ///     .shards(2)
    ///     .runtime(|shard, runtime| {
    ///         if shard == 1 {
    ///             runtime.on_thread_park(|| panic!("bad day"));
    ///         }
    ///     })
    ///     .on_shard_panic(move |panic| {
    ///         let text = panic.payload().downcast_ref::<&str>().copied();
    ///         assert_eq!(text, Some(panic.message()));
    ///         let _ = tell.send((panic.shard(), panic.message().to_owned()));
    ///     })
    ///     .build()?;
    /// assert_eq!(told.recv()?, (1, "bad day".to_owned()));
    /// assert!(shards.is_running(0));
    /// let error = shards.shutdown(Duration::ZERO).unwrap_err();
    /// assert_eq!(error.to_string(), "shard 1: panicked: bad day");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_shard_panic(
        &mut self,
        hook: impl Fn(&ShardPanic<'_>) + Send + Sync + 'static,
    ) -> &mut Builder {
        self.on_panic = Some(Arc::new(hook));
        self
    }

    /// Starts the threads, and returns when each has its runtime. May be called again, for others.
    ///
    /// # Errors
    ///
    /// When a thread cannot be started, or one cannot build its runtime: see
    /// [`runtime::Builder::build`](crate::runtime::Builder::build). Those that have begun have ended then.
    ///
    /// # Panics
    ///
    /// When the closure that sets a runtime up does.
    ///
    /// ```
    /// use uring_rt::{runtime::Runtime, shard::Builder};
    ///
    /// let mut builder = Builder::new();
    /// let (fronts, workers) = (builder.shards(1).build()?, builder.shards(2).build()?);
    /// let task = fronts.spawn_on(0, move || async move { workers.spawn_on(1, || async { 7 }).await });
    /// assert_eq!(Runtime::new()?.block_on(task)??, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn build(&mut self) -> io::Result<Shards> {
        let count = match self.shards {
            Some(count) => count,
            None => thread::available_parallelism()?.get(),
        };
        let everywhere = affinity::allowed().filter(|_| self.is_pinned);
        let cpus = everywhere
            .as_ref()
            .map(affinity::numbers)
            .unwrap_or_default();
        let stop = Arc::<Stop>::default();
        let mut starting = Vec::with_capacity(count);
        let mut shards = Shards {
            members: Vec::with_capacity(count),
            stop: Arc::clone(&stop),
            process: process_token(),
        };
        let mut failed = None;
        for shard in 0..count {
            let (started, has_started) = mpsc::channel();
            let roots = Arc::<Roots>::default();
            let start = Start {
                shard,
                cpu: cpus.get(shard % cpus.len().max(1)).copied(),
                everywhere,
                configure: self.configure.clone(),
                on_panic: self.on_panic.clone(),
                stop: Arc::clone(&stop),
                roots: Arc::clone(&roots),
                started,
            };
            let thread = thread::Builder::new().name(format!("shard-{shard}"));
            match thread.spawn(move || run(start)) {
                Ok(thread) => starting.push((thread, has_started, roots)),
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        // All are waited for, also when one has failed: none is left behind.
        let mut panicked = None;
        for (thread, has_started, roots) in starting {
            match has_started.recv() {
                Ok(Ok(started)) => shards.members.push(Member {
                    handle: started.handle,
                    cpu: started.cpu,
                    roots,
                    thread: Some(thread),
                }),
                Ok(Err(error)) => {
                    failed = failed.or(Some(error));
                    // What its destructors do is over as well.
                    drop(thread.join());
                }
                // It has ended without a word.
                Err(_) => panicked = thread.join().err(),
            }
        }
        if let Some(payload) = panicked {
            drop(shards);
            resume_unwind(payload);
        }
        match failed {
            None => Ok(shards),
            Some(error) => Err(error),
        }
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
            .field("shards", &self.shards)
            .field("is_pinned", &self.is_pinned)
            .finish_non_exhaustive()
    }
}
