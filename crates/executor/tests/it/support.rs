//! A driver for tests, and futures to be steered by hand.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Wake, Waker};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use uring_executor::{Config, Executor, Park, ParkMode};

/// Sleeps on a condition variable, counts its calls, and lets a test do something in each of them.
pub(crate) struct FakePark {
    unparker: Arc<Unparker>,
    pub(crate) seen: Rc<Seen>,
    driver: Box<dyn FnMut(ParkMode)>,
}

#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) polls: Cell<u32>,
    pub(crate) blocks: Cell<u32>,
}

#[derive(Default)]
pub(crate) struct Unparker {
    notified: Mutex<bool>,
    changed: Condvar,
    pub(crate) wakes: AtomicUsize,
}

impl Wake for Unparker {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::Relaxed);
        *self.notified.lock() = true;
        self.changed.notify_one();
    }
}

impl FakePark {
    pub(crate) fn new() -> Self {
        Self::with_driver(|_| {})
    }

    pub(crate) fn with_driver(driver: impl FnMut(ParkMode) + 'static) -> Self {
        Self {
            unparker: Arc::default(),
            seen: Rc::default(),
            driver: Box::new(driver),
        }
    }

    pub(crate) fn unparks(&self) -> usize {
        self.unparker.wakes.load(Ordering::Relaxed)
    }
}

impl Park for FakePark {
    fn park(&mut self, mode: ParkMode) {
        (self.driver)(mode);
        if mode == ParkMode::Poll {
            self.seen.polls.set(self.seen.polls.get() + 1);
            return;
        }
        self.seen.blocks.set(self.seen.blocks.get() + 1);
        let mut notified = self.unparker.notified.lock();
        while !*notified {
            let waited = self
                .unparker
                .changed
                .wait_for(&mut notified, Duration::from_secs(20));
            assert!(!waited.timed_out(), "asleep for 20 s: a wake was lost");
        }
        *notified = false;
    }

    fn unparker(&self) -> Waker {
        Arc::clone(&self.unparker).into()
    }
}

/// An executor with default settings and its driver.
pub(crate) fn executor() -> (Executor, FakePark) {
    executor_with(Config::default())
}

pub(crate) fn executor_with(config: Config) -> (Executor, FakePark) {
    let park = FakePark::new();
    (Executor::new(config, park.unparker()), park)
}

/// Ready when opened, from any thread.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<Mutex<(bool, Vec<Waker>)>>);

impl Gate {
    pub(crate) fn open(&self) {
        let wakers = {
            let mut inner = self.0.lock();
            inner.0 = true;
            std::mem::take(&mut inner.1)
        };
        for waker in wakers {
            waker.wake();
        }
    }

    pub(crate) async fn wait(&self) {
        poll_fn(|cx| {
            let mut inner = self.0.lock();
            if inner.0 {
                return Poll::Ready(());
            }
            inner.1.push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// What happened, in order.
#[derive(Clone)]
pub(crate) struct Log<T>(Rc<RefCell<Vec<T>>>);

impl<T> Log<T> {
    pub(crate) fn new() -> Self {
        Self(Rc::default())
    }

    pub(crate) fn push(&self, entry: T) {
        self.0.borrow_mut().push(entry);
    }

    pub(crate) fn take(&self) -> Vec<T> {
        self.0.take()
    }
}

/// Counts its drops, and remembers the thread of the last.
#[derive(Clone, Default)]
pub(crate) struct Drops(Arc<Mutex<Vec<std::thread::ThreadId>>>);

impl Drops {
    pub(crate) fn count(&self) -> usize {
        self.0.lock().len()
    }

    pub(crate) fn threads(&self) -> Vec<std::thread::ThreadId> {
        self.0.lock().clone()
    }

    pub(crate) fn token(&self) -> DropToken {
        DropToken(self.clone())
    }
}

pub(crate) struct DropToken(Drops);

impl Drop for DropToken {
    fn drop(&mut self) {
        (self.0.0).lock().push(std::thread::current().id());
    }
}

/// Pending once, after it has woken its task: a wake during the poll.
pub(crate) async fn wake_self() {
    let mut woken = false;
    poll_fn(move |cx| {
        if woken {
            return Poll::Ready(());
        }
        woken = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The text of a caught panic.
pub(crate) fn text(payload: &(dyn std::any::Any + Send)) -> &str {
    payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&'static str>().copied())
        .expect("a panic with a text")
}
