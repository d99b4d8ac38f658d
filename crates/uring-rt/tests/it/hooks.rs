//! The callbacks of the builder.

use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use uring_rt::runtime::Builder;
use uring_rt::time::{Duration, sleep};

use crate::support::{backends, text_of};

#[test]
fn park_and_unpark_come_in_pairs() {
    for (_, mut builder) in backends() {
        let depth = Arc::new(AtomicI32::new(0));
        let parks = Arc::new(AtomicU32::new(0));
        let (down, count, up) = (depth.clone(), parks.clone(), depth.clone());
        let runtime = builder
            .on_thread_park(move || {
                assert_eq!(down.fetch_add(1, Ordering::Relaxed), 0, "parked twice");
                count.fetch_add(1, Ordering::Relaxed);
            })
            .on_thread_unpark(move || {
                assert_eq!(up.fetch_sub(1, Ordering::Relaxed), 1, "never parked");
            })
            .build()
            .unwrap();
        runtime.block_on(async {
            for _ in 0..10 {
                sleep(Duration::from_micros(100)).await;
                assert_eq!(depth.load(Ordering::Relaxed), 0, "a task runs");
            }
        });
        assert_eq!(depth.load(Ordering::Relaxed), 0);
        assert!(parks.load(Ordering::Relaxed) > 0);
    }
}

#[test]
fn a_park_that_a_waker_ends_by_a_panic_is_counted_as_ended() {
    struct Bomb;
    impl Wake for Bomb {
        fn wake(self: Arc<Self>) {
            panic!("a waker that panics");
        }
    }
    for (name, mut builder) in backends() {
        let runtime = builder.build().unwrap();
        let waker = Waker::from(Arc::new(Bomb));
        let root = AssertUnwindSafe(|| {
            runtime.block_on(async {
                let mut alarm = pin!(sleep(Duration::from_millis(1)));
                let poll = alarm.as_mut().poll(&mut Context::from_waker(&waker));
                assert!(poll.is_pending());
                pending::<()>().await;
            });
        });
        assert!(catch_unwind(root).is_err(), "{name}: it goes on here");
        let count = runtime.metrics().worker_park_unpark_count(0);
        assert_eq!(count % 2, 0, "{name}: odd is parked");
    }
}

/// A root that is woken only by the hook, which calls `wake` with its waker.
fn woken_by_the_park_hook(mut builder: Builder, wake: fn(Waker)) {
    let waker = Arc::new(Mutex::new(None::<Waker>));
    let theirs = Arc::clone(&waker);
    let runtime = builder
        .on_thread_park(move || {
            let waker = theirs.lock().unwrap().take();
            waker.into_iter().for_each(wake);
        })
        .build()
        .unwrap();
    let mut is_first = true;
    runtime.block_on(poll_fn(|cx| {
        if std::mem::take(&mut is_first) {
            *waker.lock().unwrap() = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(())
    }));
}

#[test]
fn a_wake_in_the_park_hook_ends_the_sleep() {
    for (_, builder) in backends() {
        woken_by_the_park_hook(builder, Waker::wake);
    }
}

#[test]
fn a_wake_from_another_thread_during_the_park_hook_ends_the_sleep() {
    for (_, builder) in backends() {
        woken_by_the_park_hook(builder, |waker| {
            thread::spawn(|| waker.wake()).join().unwrap();
        });
    }
}

#[test]
fn on_task_panic_is_told_of_each_and_the_join_error_tells_all_the_same() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let theirs = Arc::clone(&told);
    let runtime = Builder::new()
        .on_task_panic(move |panic| {
            let line = panic.location().line();
            theirs
                .lock()
                .unwrap()
                .push((panic.id(), line, text_of(panic.payload())));
        })
        .build()
        .unwrap();
    let line = line!() + 1;
    let task = runtime.spawn(async { panic!("the task fell") });
    let id = task.id();
    let error = runtime.block_on(task).unwrap_err();
    assert!(error.is_panic());
    assert_eq!(text_of(error.into_panic().as_ref()), "the task fell");
    assert_eq!(
        *told.lock().unwrap(),
        [(id, line, "the task fell".to_string())]
    );
}
