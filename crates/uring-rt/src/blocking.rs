//! Threads for calls that block: started when needed, ended when idle.

#[cfg(any(feature = "futures-io", feature = "tokio-io"))]
mod call;

#[cfg(any(feature = "futures-io", feature = "tokio-io"))]
pub(crate) use call::Call;

use std::any::Any;
use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Condvar, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use uring_executor::{JoinHandle, Reluctant, Spawner};
use uring_reactor::ClockHold;
use uring_sys::identity::process_token;

use crate::unwind::survive;

/// A call, and whether it is made even when the runtime ends before it began.
struct Job {
    call: Box<dyn FnOnce() + Send>,
    is_mandatory: bool,
}

/// Called on each thread, at its start or its end.
pub(crate) type ThreadHook = Option<Arc<dyn Fn() + Send + Sync>>;

/// How the threads are made.
#[derive(Clone)]
pub(crate) struct PoolConfig {
    pub(crate) max_threads: usize,
    pub(crate) keep_alive: Duration,
    pub(crate) thread_name: Arc<dyn Fn() -> String + Send + Sync>,
    /// In bytes; `None` is std's default.
    pub(crate) stack_size: Option<usize>,
    pub(crate) on_start: ThreadHook,
    pub(crate) on_stop: ThreadHook,
}

impl Default for PoolConfig {
    fn default() -> PoolConfig {
        PoolConfig {
            max_threads: 512,
            keep_alive: Duration::from_secs(10),
            thread_name: Arc::new(|| "uring-rt-blocking".into()),
            stack_size: None,
            on_start: None,
            on_stop: None,
        }
    }
}

impl PoolConfig {
    fn thread(&self, name: &str) -> thread::Builder {
        // A NUL ends a name for the kernel, and std panics over it.
        let name = name.replace('\0', "");
        let builder = thread::Builder::new().name(name);
        match self.stack_size {
            Some(bytes) => builder.stack_size(bytes),
            None => builder,
        }
    }
}

impl std::fmt::Debug for PoolConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PoolConfig")
            .field("max_threads", &self.max_threads)
            .field("keep_alive", &self.keep_alive)
            .finish_non_exhaustive()
    }
}

/// The pool of one runtime, shared by its handles.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    shared: Arc<Shared>,
}

/// The threads and jobs of one process.
///
/// A forked child has none of its parent's threads, but a copy of the lock that one of them may have held, and of the
/// queue of those that slept: so it begins with a `Shared` of its own. For the same reason this is std's lock: that of
/// parking_lot keeps its sleepers in a table of the whole process, which a fork may copy while it is locked.
#[derive(Debug)]
struct Shared {
    config: PoolConfig,
    /// The process that the threads are in.
    process: u64,
    /// The pool of a forked child, in its copy of this.
    successor: OnceLock<Arc<Shared>>,
    state: std::sync::Mutex<State>,
    /// There is a job, or no more to come.
    work: Condvar,
    /// A thread has ended.
    ended: Condvar,
}

#[derive(Default)]
struct State {
    /// Oldest first.
    queue: VecDeque<Job>,
    /// Threads that take jobs.
    threads: usize,
    /// Threads that wait for `work`; never more than `threads`.
    idle: usize,
    /// Threads that take no more jobs, and are in their last hook.
    leaving: usize,
    is_closed: bool,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("queued", &self.queue.len())
            .field("threads", &self.threads)
            .field("idle", &self.idle)
            .finish_non_exhaustive()
    }
}

impl Pool {
    pub(crate) fn new(config: PoolConfig) -> Pool {
        Pool {
            shared: Arc::new(Shared::new(config, State::default())),
        }
    }

    /// The part that belongs to this process.
    fn shared(&self) -> &Arc<Shared> {
        let here = process_token();
        let mut shared = &self.shared;
        while shared.process != here {
            shared = shared.successor.get_or_init(|| shared.after_fork());
        }
        shared
    }

    /// Runs `call` on a thread of the pool; a task of `spawner` waits for it.
    ///
    /// Aborting the task before the call has begun keeps it from beginning. After that nothing stops it. `hold` keeps a paused clock still until the call has returned.
    #[track_caller]
    pub(crate) fn spawn<F, R>(
        &self,
        spawner: &Spawner,
        name: Option<Arc<str>>,
        hold: ClockHold,
        call: F,
    ) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let result = Arc::new(ResultSlot::new());
        let theirs = Arc::clone(&result);
        let job = move || {
            theirs.run(call);
            drop(hold);
        };
        let is_accepted = self.push(Job {
            call: Box::new(job),
            is_mandatory: false,
        });
        // Where the pool is closed nothing comes, and this task is about to be dropped with its runtime.
        if !is_accepted {
            let _ = result.abandon();
        }
        match name {
            None => spawner.spawn_reluctant(Waiting(result)),
            Some(name) => spawner.named(name).spawn_reluctant(Waiting(result)),
        }
    }

    fn push(&self, job: Job) -> bool {
        let shared = self.shared();
        let mut name = None;
        let mut state = loop {
            let state = shared.lock();
            if state.is_closed {
                return false;
            }
            if name.is_some() || !shared.needs_thread(&state) {
                break state;
            }
            drop(state);
            // Foreign code, which may come back here, or panic: without the lock, and before the job is anywhere.
            name = Some((shared.config.thread_name)());
        };
        let needs_thread = shared.needs_thread(&state);
        state.queue.push_back(job);
        if !needs_thread {
            shared.work.notify_one();
        } else if let Err(error) = shared.start_thread(&mut state, &name.unwrap_or_default())
            && state.threads == 0
        {
            let job = state.queue.pop_back();
            drop(state);
            drop(job);
            panic!("no thread can be started for a blocking call: {error}");
        }
        true
    }

    /// Accepts nothing more, drops what has not begun, and waits this long for what has; `None` is for ever.
    pub(crate) fn shut_down(&self, limit: Option<Duration>) {
        let shared = self.shared();
        let mut state = shared.lock();
        state.is_closed = true;
        // What stays is what has to be done; where something is queued, there are threads.
        let (mandatory, dropped): (VecDeque<Job>, VecDeque<Job>) = std::mem::take(&mut state.queue)
            .into_iter()
            .partition(|job| job.is_mandatory);
        state.queue = mandatory;
        shared.work.notify_all();
        // One that does not fit into the clock is no limit.
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        while state.threads + state.leaving > 0 {
            let Some(deadline) = deadline else {
                state = shared.ended.wait(state).unwrap_or_else(unpoisoned);
                continue;
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = shared.ended.wait_timeout(state, left);
            (state, _) = waited.unwrap_or_else(unpoisoned);
        }
        drop(state);
        // What a call owns may panic when it is dropped, and this may be an unwinding already.
        dropped.into_iter().for_each(|job| survive(|| drop(job)));
    }
}

/// Foreign code runs without the lock, so a panic leaves nothing half done.
fn unpoisoned<T>(poisoned: PoisonError<T>) -> T {
    poisoned.into_inner()
}

impl Shared {
    fn new(config: PoolConfig, state: State) -> Shared {
        Shared {
            config,
            process: process_token(),
            successor: OnceLock::new(),
            state: std::sync::Mutex::new(state),
            work: Condvar::new(),
            ended: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(unpoisoned)
    }

    /// In a forked child: what had not begun is the child's to do as well, with its next call. Where a thread of the parent
    /// held the lock at the fork, it may have been in the middle of that queue, which is then left alone.
    fn after_fork(&self) -> Arc<Shared> {
        let mut state = State::default();
        if let Ok(mut parents) = self.state.try_lock() {
            state.queue = std::mem::take(&mut parents.queue);
            state.is_closed = parents.is_closed;
        }
        Arc::new(Shared::new(self.config.clone(), state))
    }

    /// Whether one more job finds every thread busy, and there may be another one.
    fn needs_thread(&self, state: &State) -> bool {
        state.idle <= state.queue.len() && state.threads < self.config.max_threads.max(1)
    }

    /// Without a thread the job waits for one of the others to be free, as it does at the limit.
    fn start_thread(self: &Arc<Self>, state: &mut State, name: &str) -> io::Result<()> {
        let shared = Arc::clone(self);
        self.config.thread(name).spawn(move || shared.live())?;
        state.threads += 1;
        Ok(())
    }

    /// The life of one thread.
    fn live(&self) {
        survive(|| self.config.on_start.iter().for_each(|hook| hook()));
        self.serve();
        survive(|| self.config.on_stop.iter().for_each(|hook| hook()));
        self.lock().leaving -= 1;
        self.ended.notify_all();
    }

    fn serve(&self) {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.queue.pop_front() {
                drop(state);
                // The call's own panic ends in its task. What is left are destructors of what it gives.
                survive(job.call);
                state = self.lock();
                continue;
            }
            if state.is_closed {
                break;
            }
            state.idle += 1;
            let waited = self.work.wait_timeout(state, self.config.keep_alive);
            let (woken, timeout) = waited.unwrap_or_else(unpoisoned);
            state = woken;
            state.idle -= 1;
            if timeout.timed_out() && state.queue.is_empty() {
                break;
            }
        }
        // In the same step as the last look at the queue: the next job must not count on this thread.
        state.threads -= 1;
        state.leaving += 1;
    }
}

/// The call has not begun.
const WAITING: u8 = 0;
const BEGUN: u8 = 1;
/// Nobody wanted the call any more before it began.
const ABANDONED: u8 = 2;

/// Where a call leaves its result for the task that waits.
struct ResultSlot<R> {
    /// [`WAITING`], then [`BEGUN`] or [`ABANDONED`], whichever comes first.
    phase: AtomicU8,
    state: Mutex<SlotState<R>>,
}

struct SlotState<R> {
    result: Option<Result<R, Box<dyn Any + Send>>>,
    waker: Option<Waker>,
}

impl<R> ResultSlot<R> {
    fn new() -> ResultSlot<R> {
        ResultSlot {
            phase: AtomicU8::new(WAITING),
            state: Mutex::new(SlotState {
                result: None,
                waker: None,
            }),
        }
    }

    /// Nobody wants the call any more. Whether that keeps it from beginning.
    fn abandon(&self) -> bool {
        self.leave_start(ABANDONED) != BEGUN
    }

    /// The phase that was left, or was there instead of the first.
    fn leave_start(&self, to: u8) -> u8 {
        // Relaxed: the phase decides who is first and publishes nothing.
        self.phase
            .compare_exchange(WAITING, to, Ordering::Relaxed, Ordering::Relaxed)
            .unwrap_or_else(|found| found)
    }

    fn run(&self, call: impl FnOnce() -> R) {
        if self.leave_start(BEGUN) != WAITING {
            return;
        }
        let result = catch_unwind(AssertUnwindSafe(call));
        let mut state = self.state.lock();
        state.result = Some(result);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn poll_take(&self, cx: &Context<'_>) -> Poll<Result<R, Box<dyn Any + Send>>> {
        let waker = cx.waker().clone();
        let mut state = self.state.lock();
        if let Some(result) = state.result.take() {
            return Poll::Ready(result);
        }
        let old = state.waker.replace(waker);
        drop(state);
        drop(old);
        Poll::Pending
    }
}

/// The task that waits for a call.
struct Waiting<R>(Arc<ResultSlot<R>>);

impl<R> Future for Waiting<R> {
    type Output = R;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<R> {
        let outcome = self.0.poll_take(cx);
        outcome.map(|outcome| outcome.unwrap_or_else(|payload| resume_unwind(payload)))
    }
}

impl<R> Reluctant for Waiting<R> {
    fn may_be_cancelled(&self) -> bool {
        self.0.abandon()
    }
}

impl<R> Drop for Waiting<R> {
    fn drop(&mut self) {
        let _ = self.0.abandon();
    }
}

#[cfg(test)]
mod tests;
