//! Waiting for a task.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use uring_executor::{JoinHandle, yield_now};

use crate::support::{Gate, executor, text};

fn noop() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

#[test]
fn a_handle_is_send_and_sync_if_the_output_is_send_and_always_unpin() {
    fn send_sync<T: Send + Sync>() {}
    fn unpin<T: Unpin>() {}
    send_sync::<JoinHandle<std::cell::Cell<u8>>>();
    unpin::<JoinHandle<std::marker::PhantomPinned>>();
}

#[test]
fn a_task_may_have_an_output_that_is_not_send() {
    let (executor, mut park) = executor();
    let task = executor.spawn(async { Rc::new(5) });
    assert_eq!(*executor.block_on(&mut park, task).unwrap(), 5);
}

#[test]
fn polling_again_after_the_output_panics() {
    let (executor, mut park) = executor();
    let mut task = executor.spawn(async { 5 });
    executor.block_on(&mut park, async { (&mut task).await.unwrap() });
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let _ = Pin::new(&mut task).poll(&mut noop());
    }));
    assert_eq!(
        text(&*panic.unwrap_err()),
        "JoinHandle polled after completion"
    );
    assert!(task.is_finished());
}

#[test]
fn tasks_wait_for_tasks() {
    let (executor, mut park) = executor();
    let gate = Gate::default();
    let mut last = executor.spawn({
        let gate = gate.clone();
        async move {
            gate.wait().await;
            0
        }
    });
    for _ in 0..100 {
        last = executor.spawn(async move { last.await.unwrap() + 1 });
    }
    executor.block_on(&mut park, async {
        yield_now().await;
        gate.open();
        assert_eq!(last.await.unwrap(), 100);
    });
}

#[test]
fn a_handle_on_another_thread_is_woken_there() {
    for _ in 0..200 {
        let (executor, mut park) = executor();
        let task = executor.spawn(async {
            yield_now().await;
            7
        });
        let waiting = thread::spawn(move || futures_util_block_on(task).unwrap());
        executor.block_on(&mut park, async {
            for _ in 0..3 {
                yield_now().await;
            }
        });
        assert_eq!(waiting.join().unwrap(), 7);
    }
}

/// Polls on this thread, which sleeps in between.
fn futures_util_block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}

#[derive(Default)]
struct CountingWaker(AtomicUsize);

impl Wake for CountingWaker {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_handle_that_moves_between_threads_wakes_who_polled_it_last() {
    let (executor, mut park) = executor();
    let gate = Gate::default();
    let mut task = executor.spawn({
        let gate = gate.clone();
        async move { gate.wait().await }
    });
    let poll = |task: &mut JoinHandle<()>, counter: &Arc<CountingWaker>| {
        let waker = Waker::from(Arc::clone(counter));
        Pin::new(task).poll(&mut Context::from_waker(&waker))
    };
    let [first, second, third] = [(); 3].map(|()| Arc::<CountingWaker>::default());
    assert!(poll(&mut task, &first).is_pending());
    let mut task = thread::scope(|scope| {
        scope
            .spawn(|| {
                assert!(poll(&mut task, &second).is_pending());
                assert!(poll(&mut task, &second).is_pending());
                task
            })
            .join()
            .unwrap()
    });
    assert!(poll(&mut task, &third).is_pending());
    gate.open();
    executor.block_on(&mut park, yield_now());
    assert_eq!(third.0.load(Ordering::Relaxed), 1);
    assert!(poll(&mut task, &third).is_ready());
    // Nothing of the wakers is kept.
    drop(task);
    for waker in [first, second, third] {
        assert_eq!(Arc::strong_count(&waker), 1);
    }
}

#[test]
fn a_handle_can_be_dropped_on_another_thread_at_any_moment() {
    let (executor, mut park) = executor();
    for _ in 0..300 {
        let task = executor.spawn(async {
            yield_now().await;
            Box::new(1)
        });
        let dropping = thread::spawn(move || drop(task));
        executor.block_on(&mut park, async {
            yield_now().await;
            yield_now().await;
        });
        dropping.join().unwrap();
    }
    assert_eq!(executor.metrics().tasks_alive, 0);
}

#[test]
fn a_handle_that_is_not_polled_again_does_not_hinder_completion() {
    let (executor, mut park) = executor();
    let mut task = executor.spawn(yield_now());
    assert!(Pin::new(&mut task).poll(&mut noop()).is_pending());
    executor.block_on(&mut park, async {
        yield_now().await;
        yield_now().await;
    });
    assert!(Pin::new(&mut task).poll(&mut noop()).is_ready());
}

#[test]
fn a_handle_prints_its_id() {
    let (executor, _park) = executor();
    let task = executor.spawn(pending::<()>());
    assert_eq!(
        format!("{task:?}"),
        format!("JoinHandle {{ id: {:?} }}", task.id())
    );
    assert!(!task.is_finished());
}
