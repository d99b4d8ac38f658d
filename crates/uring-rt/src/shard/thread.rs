//! The life of one shard.

use std::cell::RefCell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread;

use rustix::thread::CpuSet;

use super::builder::{Configure, PanicHook};
use super::stop::{Roots, Stop};
use super::{Outcome, ShardPanic, Stopping, affinity};
use crate::runtime::{self, Handle, Runtime};
use crate::time::timeout;
use crate::unwind::survive;

thread_local! {
    /// The shard that this thread is.
    static CURRENT: RefCell<Option<Current>> = const { RefCell::new(None) };
    /// The shard whose blocking calls this thread makes.
    static SERVED: RefCell<Option<Arc<Roots>>> = const { RefCell::new(None) };
}

struct Current {
    shard: usize,
    stop: Arc<Stop>,
}

/// What a thread is given to begin with.
pub(super) struct Start {
    pub(super) shard: usize,
    /// The core to run on.
    pub(super) cpu: Option<usize>,
    /// Where the threads for blocking calls run, of a shard that is pinned.
    pub(super) everywhere: Option<CpuSet>,
    pub(super) configure: Option<Arc<Configure>>,
    pub(super) on_panic: Option<Arc<PanicHook>>,
    pub(super) stop: Arc<Stop>,
    pub(super) roots: Arc<Roots>,
    pub(super) started: Sender<io::Result<Started>>,
}

/// What a thread tells when it has begun.
pub(super) struct Started {
    pub(super) handle: Handle,
    /// The core it is pinned to.
    pub(super) cpu: Option<usize>,
}

/// The thread's function.
pub(super) fn run(start: Start) -> Outcome {
    let cpu = start.cpu.filter(|&cpu| affinity::pin(cpu).is_ok());
    // Before foreign code runs here for the first time, which may ask.
    CURRENT.set(Some(Current {
        shard: start.shard,
        stop: Arc::clone(&start.stop),
    }));
    let runtime = match build(&start, cpu.is_some()) {
        Ok(runtime) => runtime,
        Err(error) => {
            // Whoever builds the shards waits for it.
            let _ = start.started.send(Err(error));
            return Outcome::Finished;
        }
    };
    let handle = runtime.handle().clone();
    let _ = start.started.send(Ok(Started { handle, cpu }));
    match catch_unwind(AssertUnwindSafe(|| live(runtime, &start))).flatten() {
        Ok(0) => Outcome::Finished,
        Ok(tasks) => Outcome::CutOff { tasks },
        Err(payload) => {
            let panic = ShardPanic {
                shard: start.shard,
                payload: payload.as_ref(),
            };
            survive(|| start.on_panic.iter().for_each(|hook| hook(&panic)));
            let outcome = Outcome::panicked(payload.as_ref());
            // Its drop is foreign code.
            survive(|| drop(payload));
            outcome
        }
    }
}

fn build(start: &Start, is_pinned: bool) -> io::Result<Runtime> {
    let mut builder = runtime::Builder::new();
    builder.name(format!("shard-{}", start.shard));
    if let Some(configure) = &start.configure {
        configure(start.shard, &mut builder);
    }
    let everywhere = start.everywhere.filter(|_| is_pinned);
    let roots = Arc::clone(&start.roots);
    builder.blocking_threads_begin_with(move || {
        // From a thread that is pinned they inherit its one core, and would keep it from its tasks. Where the kernel
        // refuses, they are only less useful.
        let _ = everywhere.as_ref().map(affinity::allow);
        SERVED.set(Some(Arc::clone(&roots)));
    });
    builder.build()
}

/// Runs tasks until the stop, and then as long as its patience lasts. How many of those that it waits for are left, or
/// the panic by which it has fallen.
fn live(runtime: Runtime, start: &Start) -> thread::Result<usize> {
    let lived = catch_unwind(AssertUnwindSafe(|| live_until_stopped(&runtime, start)));
    match lived {
        Ok(_) => drop(runtime),
        // A blocking call may take for ever: whoever supervises the shards is not to wait for it to hear of this.
        Err(_) => runtime.shutdown_background(),
    }
    lived
}

fn live_until_stopped(runtime: &Runtime, start: &Start) -> usize {
    runtime.block_on(async {
        Stopping::new(Arc::clone(&start.stop)).await;
        let patience = start.stop.patience().unwrap_or_default();
        // Ready at once if there are none, be there patience or not.
        match timeout(patience, start.roots.ended()).await {
            Ok(()) => 0,
            Err(_) => start.roots.count(),
        }
    })
}

/// Whether this thread makes blocking calls of the shard with these roots.
pub(super) fn serves(roots: &Arc<Roots>) -> bool {
    let served = SERVED.try_with(|served| {
        let served = served.borrow();
        served
            .as_ref()
            .is_some_and(|served| Arc::ptr_eq(served, roots))
    });
    // A thread that is ending makes none any more.
    served.unwrap_or(false)
}

/// The number of the shard that this thread is, or `None` on any other thread; that of a blocking call is another, too.
/// The closure of [`Builder::runtime`](super::Builder::runtime) runs on the shard's thread already.
///
/// ```
/// use uring_rt::shard;
///
/// assert_eq!(shard::current(), None);
/// let shards = shard::Builder::new().shards(2).build()?;
/// let task = shards.spawn_on(1, || async { shard::current() });
/// assert_eq!(uring_rt::runtime::Runtime::new()?.block_on(task)?, Some(1));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn current() -> Option<usize> {
    with_current(|current| current.shard)
}

/// Ready when the shards of this thread are to stop: what a task on a shard awaits beside its work.
///
/// # Panics
///
/// On a thread that is no shard.
///
/// ```
/// use std::time::Duration;
/// use uring_rt::shard::{Builder, stopping};
///
/// let shards = Builder::new().shards(2).build()?;
/// let tasks = shards.broadcast(|shard| async move {
///     stopping().await;
///     shard // whatever there is to be said at the end
/// });
/// shards.shutdown(Duration::from_secs(5))?;
/// let runtime = uring_rt::runtime::Runtime::new()?;
/// for (shard, task) in tasks.into_iter().enumerate() {
///     assert_eq!(runtime.block_on(task)?, shard);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[track_caller]
pub fn stopping() -> Stopping {
    match with_current(|current| Arc::clone(&current.stop)) {
        Some(stop) => Stopping::new(stop),
        None => panic!(
            "uring_rt::shard::stopping was called on a thread that is no shard: make one by `Shards::stopping` and \
             send it there"
        ),
    }
}

fn with_current<R>(ask: impl FnOnce(&Current) -> R) -> Option<R> {
    // A thread that is ending is none any more.
    CURRENT
        .try_with(|current| current.borrow().as_ref().map(ask))
        .ok()
        .flatten()
}
