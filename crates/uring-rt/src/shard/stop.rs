//! The one stop for all shards, and what it waits for.

use std::collections::HashMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use parking_lot::Mutex;

use crate::unwind::survive;

/// Whether the shards are to stop. A waker is cloned before the lock is taken, and dropped or woken after it is left: it
/// is foreign code, which may come back here.
#[derive(Default)]
pub(super) struct Stop {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Present from the stop on: how long tasks may take to end.
    patience: Option<Duration>,
    /// By the number of the future that waits.
    waiters: HashMap<u64, Waker>,
    next: u64,
}

impl Stop {
    /// Only the first call counts.
    pub(super) fn begin(&self, patience: Duration) {
        let mut state = self.state.lock();
        state.patience.get_or_insert(patience);
        let waiters = std::mem::take(&mut state.waiters);
        drop(state);
        for waker in waiters.into_values() {
            // One that panics keeps no other from being woken, least of all a shard.
            survive(|| waker.wake());
        }
    }

    pub(super) fn patience(&self) -> Option<Duration> {
        self.state.lock().patience
    }
}

/// A future that is ready when the shards are to stop. It may be awaited on any thread, and cloned.
///
/// Cancel safe: whoever awaits another one afterwards hears of the stop as well.
///
/// ```
/// use std::time::Duration;
/// use uring_rt::shard::{self, Stopping};
///
/// let shards = shard::Builder::new().shards(1).build()?;
/// let task = shards.spawn_on(0, || async {
///     let stopping: Stopping = shard::stopping();
///     let other = uring_rt::spawn(stopping.clone());
///     stopping.await;
///     other.await
/// });
/// shards.shutdown(Duration::from_secs(5))?;
/// uring_rt::runtime::Runtime::new()?.block_on(task)??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "futures do nothing unless you `.await` them"]
pub struct Stopping {
    stop: Arc<Stop>,
    /// Its place among the waiters, once it has one.
    number: Option<u64>,
}

impl Stopping {
    pub(super) fn new(stop: Arc<Stop>) -> Stopping {
        Stopping { stop, number: None }
    }
}

impl Future for Stopping {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let waker = cx.waker().clone();
        let mut state = self.stop.state.lock();
        if state.patience.is_some() {
            return Poll::Ready(());
        }
        let number = self.number.unwrap_or(state.next);
        if self.number.is_none() {
            state.next += 1;
        }
        let replaced = state.waiters.insert(number, waker);
        drop(state);
        drop(replaced);
        self.number = Some(number);
        Poll::Pending
    }
}

impl Drop for Stopping {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            let waker = self.stop.state.lock().waiters.remove(&number);
            drop(waker);
        }
    }
}

impl Clone for Stopping {
    fn clone(&self) -> Stopping {
        Stopping::new(Arc::clone(&self.stop))
    }
}

impl fmt::Debug for Stopping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stopping").finish_non_exhaustive()
    }
}

/// The tasks of one shard that its end waits for.
#[derive(Default)]
pub(super) struct Roots {
    state: Mutex<RootState>,
}

#[derive(Default)]
struct RootState {
    count: usize,
    /// Of the shard's own future, which waits for the last.
    waker: Option<Waker>,
}

/// Held by one such task.
pub(super) struct Root(Arc<Roots>);

impl Roots {
    pub(super) fn enter(self: &Arc<Self>) -> Root {
        self.state.lock().count += 1;
        Root(Arc::clone(self))
    }

    pub(super) fn count(&self) -> usize {
        self.state.lock().count
    }

    /// Ready when there are none.
    pub(super) fn ended(&self) -> impl Future<Output = ()> {
        poll_fn(|cx| {
            let waker = cx.waker().clone();
            let mut state = self.state.lock();
            if state.count == 0 {
                return Poll::Ready(());
            }
            let replaced = state.waker.replace(waker);
            drop(state);
            drop(replaced);
            Poll::Pending
        })
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.count -= 1;
        let waker = if state.count == 0 {
            state.waker.take()
        } else {
            None
        };
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
