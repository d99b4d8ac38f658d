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
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
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

#[derive(Debug)]
struct Shared {
    config: PoolConfig,
    state: Mutex<State>,
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
    /// The process that the threads are in.
    process: u64,
}

impl State {
    /// A forked child has none of its parent's threads.
    fn forget_parents_threads(&mut self) {
        let here = process_token();
        if std::mem::replace(&mut self.process, here) != here {
            (self.threads, self.idle, self.leaving) = (0, 0, 0);
        }
    }
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
        let state = Mutex::new(State {
            process: process_token(),
            ..State::default()
        });
        let (work, ended) = (Condvar::new(), Condvar::new());
        Pool {
            shared: Arc::new(Shared {
                config,
                state,
                work,
                ended,
            }),
        }
    }

    /// Runs `call` on a thread of the pool; a task of `spawner` waits for it.
    ///
    /// Aborting the task before the call has begun keeps it from beginning. After that nothing stops it. `hold` keeps a paused clock still until the call has returned.
    #[track_caller]
    pub(crate) fn spawn<F, R>(&self, spawner: &Spawner, hold: ClockHold, call: F) -> JoinHandle<R>
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
        spawner.spawn_reluctant(Waiting(result))
    }

    fn push(&self, job: Job) -> bool {
        let mut name = None;
        let mut state = loop {
            let mut state = self.shared.state.lock();
            state.forget_parents_threads();
            if state.is_closed {
                return false;
            }
            if name.is_some() || !self.needs_thread(&state) {
                break state;
            }
            drop(state);
            // Foreign code, which may come back here, or panic: without the lock, and before the job is anywhere.
            name = Some((self.shared.config.thread_name)());
        };
        let needs_thread = self.needs_thread(&state);
        state.queue.push_back(job);
        if !needs_thread {
            self.shared.work.notify_one();
        } else if let Err(error) = self.start_thread(&mut state, &name.unwrap_or_default())
            && state.threads == 0
        {
            let job = state.queue.pop_back();
            drop(state);
            drop(job);
            panic!("no thread can be started for a blocking call: {error}");
        }
        true
    }

    /// Whether one more job finds every thread busy, and there may be another one.
    fn needs_thread(&self, state: &State) -> bool {
        state.idle <= state.queue.len() && state.threads < self.shared.config.max_threads.max(1)
    }

    /// Without a thread the job waits for one of the others to be free, as it does at the limit.
    fn start_thread(&self, state: &mut State, name: &str) -> io::Result<()> {
        let shared = Arc::clone(&self.shared);
        self.shared
            .config
            .thread(name)
            .spawn(move || shared.live())?;
        state.threads += 1;
        Ok(())
    }

    /// Accepts nothing more, drops what has not begun, and waits this long for what has; `None` is for ever.
    pub(crate) fn shut_down(&self, limit: Option<Duration>) {
        let mut state = self.shared.state.lock();
        state.forget_parents_threads();
        state.is_closed = true;
        // What stays is what has to be done; where something is queued, there are threads.
        let (mandatory, dropped): (VecDeque<Job>, VecDeque<Job>) = std::mem::take(&mut state.queue)
            .into_iter()
            .partition(|job| job.is_mandatory);
        state.queue = mandatory;
        self.shared.work.notify_all();
        let deadline = limit.map(|limit| Instant::now().checked_add(limit));
        while state.threads + state.leaving > 0 {
            match deadline {
                // Also where the deadline does not fit into the clock.
                None | Some(None) => self.shared.ended.wait(&mut state),
                Some(Some(deadline)) => {
                    if self
                        .shared
                        .ended
                        .wait_until(&mut state, deadline)
                        .timed_out()
                    {
                        break;
                    }
                }
            }
        }
        drop(state);
        // What a call owns may panic when it is dropped, and this may be an unwinding already.
        dropped.into_iter().for_each(|job| survive(|| drop(job)));
    }
}

impl Shared {
    /// The life of one thread.
    fn live(&self) {
        survive(|| self.config.on_start.iter().for_each(|hook| hook()));
        self.serve();
        survive(|| self.config.on_stop.iter().for_each(|hook| hook()));
        self.state.lock().leaving -= 1;
        self.ended.notify_all();
    }

    fn serve(&self) {
        let mut state = self.state.lock();
        loop {
            if let Some(job) = state.queue.pop_front() {
                drop(state);
                // The call's own panic ends in its task. What is left are destructors of what it gives.
                survive(job.call);
                state = self.state.lock();
                continue;
            }
            if state.is_closed {
                break;
            }
            state.idle += 1;
            let timed_out = self
                .work
                .wait_for(&mut state, self.config.keep_alive)
                .timed_out();
            state.idle -= 1;
            if timed_out && state.queue.is_empty() {
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
