//! Tasks and timers on one thread, without what a runtime needs for others: no wake from another thread, no locks.

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// What the tables call both.
pub(crate) const NAME: &str = "raw-queue";

/// Futures that are polled in turn.
#[derive(Default)]
pub(crate) struct Queue {
    tasks: VecDeque<Pin<Box<dyn Future<Output = ()>>>>,
}

impl Queue {
    /// Its output is there when the queue has been run.
    pub(crate) fn spawn<F>(&mut self, future: F) -> Output<F::Output>
    where
        F: Future<Output: 'static> + 'static,
    {
        let output = Rc::new(Cell::new(None));
        let slot = Rc::clone(&output);
        let task = async move { slot.set(Some(future.await)) };
        self.tasks.push_back(Box::pin(task));
        Output(output)
    }

    /// Polls until every task is done. One that is not goes to the end: no waker says when to look again.
    pub(crate) fn run(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        while let Some(mut task) = self.tasks.pop_front() {
            match task.as_mut().poll(&mut context) {
                Poll::Ready(()) => {}
                Poll::Pending => self.tasks.push_back(task),
            }
        }
    }
}

/// Where a task leaves its output: an allocation of its own, since safe code cannot pin a future beside it.
pub(crate) struct Output<T>(Rc<Cell<Option<T>>>);

impl<T> Output<T> {
    pub(crate) fn take(self) -> T {
        self.0.take().expect("the queue has been run")
    }
}

/// Wakers by their deadlines.
#[derive(Default)]
pub(crate) struct Timers {
    wakers: BTreeMap<Key, Waker>,
    next: u64,
}

/// The number tells timers of one deadline apart.
type Key = (Instant, u64);

impl Timers {
    /// Reads the clock, as every sleep does.
    pub(crate) fn insert(&mut self, after: Duration, waker: &Waker) -> Key {
        let key = (Instant::now() + after, self.next);
        self.next += 1;
        self.wakers.insert(key, waker.clone());
        key
    }

    /// Whether it was there.
    pub(crate) fn remove(&mut self, key: Key) -> bool {
        self.wakers.remove(&key).is_some()
    }
}
