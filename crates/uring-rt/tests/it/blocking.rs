//! Calls that block run on the pool, and the tasks go on meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use uring_rt::runtime::{Builder, Handle, Runtime};
use uring_rt::task::{self, spawn_blocking, yield_now};
use uring_rt::time::{Instant, sleep};

#[test]
fn a_call_returns_its_value_from_another_thread() {
    let runtime = Builder::new()
        .thread_name("worker-of-test")
        .build()
        .unwrap();
    let (value, id, name) = runtime.block_on(async {
        let call = || {
            let current = thread::current();
            (7, current.id(), current.name().map(str::to_owned))
        };
        spawn_blocking(call).await.unwrap()
    });
    assert_eq!(value, 7);
    assert_ne!(id, thread::current().id());
    assert_eq!(name.as_deref(), Some("worker-of-test"));
}

#[test]
fn a_call_may_have_a_name_and_runs_on_the_pool_that_is_asked_for() {
    let runtime = Runtime::new().unwrap();
    let other = Builder::new().thread_name("other-pool").build().unwrap();
    let thread_name = || thread::current().name().map(str::to_owned);
    let builder = task::Builder::new().name("call");
    let here = {
        let _entered = runtime.enter();
        builder.spawn_blocking(thread_name).unwrap()
    };
    let there = builder.spawn_blocking_on(thread_name, other.handle());
    let name = runtime.block_on(here).unwrap();
    assert_eq!(name.as_deref(), Some("uring-rt-blocking"));
    // The task that waits for it is the other runtime's.
    let name = other.block_on(there.unwrap()).unwrap();
    assert_eq!(name.as_deref(), Some("other-pool"));
}

#[test]
fn tasks_go_on_while_a_call_blocks() {
    Runtime::new().unwrap().block_on(async {
        let (send, receive) = mpsc::channel();
        let call = spawn_blocking(move || receive.recv().unwrap());
        for _ in 0..10 {
            yield_now().await;
        }
        send.send(5).unwrap();
        assert_eq!(call.await.unwrap(), 5);
    });
}

#[test]
fn calls_run_at_once_up_to_the_limit() {
    let runtime = Builder::new().max_blocking_threads(3).build().unwrap();
    runtime.block_on(async {
        let barrier = Arc::new(Barrier::new(3));
        let calls: Vec<_> = (0..6)
            .map(|_| {
                let barrier = Arc::clone(&barrier);
                spawn_blocking(move || barrier.wait())
            })
            .collect();
        for call in calls {
            call.await.unwrap();
        }
    });
}

#[test]
fn a_panic_of_a_call_ends_in_its_join_error() {
    Runtime::new().unwrap().block_on(async {
        let error = spawn_blocking(|| panic!("as planned")).await.unwrap_err();
        assert!(error.is_panic());
        let payload = error.into_panic();
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"as planned"));
        assert_eq!(spawn_blocking(|| 1).await.unwrap(), 1, "the pool lives");
    });
}

#[test]
fn an_aborted_call_that_has_not_begun_never_begins() {
    let runtime = Builder::new().max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        let (send, receive) = mpsc::channel::<()>();
        let first = spawn_blocking(move || receive.recv().unwrap_err());
        let (begun, has_begun) = mpsc::channel();
        let second = spawn_blocking(move || begun.send(()).unwrap());
        yield_now().await;
        assert!(second.cancel().await.unwrap_err().is_cancelled());
        drop(send);
        first.await.unwrap();
        assert_eq!(
            spawn_blocking(|| 3).await.unwrap(),
            3,
            "the queue is empty now"
        );
        assert!(has_begun.try_recv().is_err());
    });
}

#[test]
fn an_abort_after_the_call_has_begun_changes_nothing() {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let (begun, has_begun) = mpsc::channel();
        let (end, may_end) = mpsc::channel::<()>();
        let call = spawn_blocking(move || {
            begun.send(()).unwrap();
            may_end.recv().unwrap_err();
            7
        });
        has_begun.recv().unwrap();
        call.abort();
        for _ in 0..5 {
            yield_now().await;
            assert!(!call.is_finished(), "it runs on");
        }
        let from_afar = call.abort_handle();
        thread::spawn(move || from_afar.abort()).join().unwrap();
        yield_now().await;
        drop(end);
        assert_eq!(call.await.unwrap(), 7);
    });
}

#[test]
fn a_set_that_is_shut_down_waits_for_the_calls_that_have_begun() {
    let runtime = Builder::new().max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        let mut set = uring_rt::task::JoinSet::new();
        let (begun, has_begun) = mpsc::channel();
        let (end, may_end) = mpsc::channel::<()>();
        let (ended, has_ended) = mpsc::channel();
        set.spawn_blocking(move || {
            begun.send(()).unwrap();
            may_end.recv().unwrap_err();
            ended.send(()).unwrap();
        });
        set.spawn_blocking(|| panic!("never begun"));
        has_begun.recv().unwrap();
        let ender = thread::spawn(move || {
            // sleep: gives a shutdown that does not wait the time to return.
            thread::sleep(Duration::from_millis(20));
            drop(end);
        });
        set.shutdown().await;
        has_ended.try_recv().expect("the shutdown has waited");
        ender.join().unwrap();
    });
}

#[test]
fn a_detached_call_runs_to_its_end() {
    let (send, receive) = mpsc::channel();
    Runtime::new().unwrap().block_on(async {
        drop(spawn_blocking(move || send.send(1).unwrap()));
        spawn_blocking(move || receive.recv().unwrap())
            .await
            .unwrap();
    });
}

#[test]
fn dropping_the_runtime_waits_for_a_call_that_has_begun() {
    let (begun, has_begun) = mpsc::channel();
    let (end, may_end) = mpsc::channel::<()>();
    let (ended, has_ended) = mpsc::channel();
    let runtime = Runtime::new().unwrap();
    let _call = runtime.spawn_blocking(move || {
        begun.send(()).unwrap();
        may_end.recv().unwrap();
        ended.send(()).unwrap();
    });
    has_begun.recv().unwrap();
    let ender = thread::spawn(move || end.send(()).unwrap());
    drop(runtime);
    has_ended.try_recv().expect("the drop has waited");
    ender.join().unwrap();
}

#[test]
fn a_panic_in_the_drop_of_a_call_that_never_began_stays_there() {
    struct Bomb(mpsc::Sender<()>);
    impl Drop for Bomb {
        fn drop(&mut self) {
            self.0.send(()).unwrap();
            panic!("what a call owns");
        }
    }
    let (end, may_end) = mpsc::channel::<()>();
    let (begun, has_begun) = mpsc::channel();
    let (told, is_told) = mpsc::channel();
    let runtime = Builder::new().max_blocking_threads(1).build().unwrap();
    drop(runtime.spawn_blocking(move || {
        begun.send(()).unwrap();
        let _ = may_end.recv();
    }));
    has_begun.recv().unwrap();
    for _ in 0..2 {
        let bomb = Bomb(told.clone());
        drop(runtime.spawn_blocking(move || drop(bomb)));
    }
    runtime.shutdown_background();
    assert_eq!(is_told.try_iter().count(), 2);
    drop(end);
}

#[test]
fn the_handle_of_a_call_that_outlasts_its_runtime_says_cancelled() {
    let (begun, has_begun) = mpsc::channel();
    let (end, may_end) = mpsc::channel::<()>();
    let runtime = Runtime::new().unwrap();
    let call = runtime.spawn_blocking(move || {
        begun.send(()).unwrap();
        may_end.recv().unwrap_err();
    });
    has_begun.recv().unwrap();
    let ender = thread::spawn(move || drop(end));
    drop(runtime);
    ender.join().unwrap();
    let error = tokio_test::block_on(call).unwrap_err();
    assert!(error.is_cancelled());
}

#[test]
fn shutdown_background_does_not_wait() {
    let (end, may_end) = mpsc::channel::<()>();
    let (begun, has_begun) = mpsc::channel();
    let runtime = Runtime::new().unwrap();
    drop(runtime.spawn_blocking(move || {
        begun.send(()).unwrap();
        let _ = may_end.recv();
    }));
    has_begun.recv().unwrap();
    // Would hang here if it waited: the call ends only with the line after it.
    runtime.shutdown_background();
    drop(end);
}

#[test]
fn a_call_on_a_runtime_that_is_gone_is_cancelled() {
    let runtime = Runtime::new().unwrap();
    let handle = runtime.handle().clone();
    drop(runtime);
    let call = handle.spawn_blocking(|| 1);
    let error = tokio_test::block_on(call).unwrap_err();
    assert!(error.is_cancelled());
}

#[test]
fn a_paused_clock_stands_while_a_call_is_under_way() {
    let runtime = Builder::new().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let start = Instant::now();
        let (send, receive) = mpsc::channel::<()>();
        let call = spawn_blocking(move || receive.recv().unwrap_err());
        let timer = uring_rt::spawn(sleep(Duration::from_secs(60)));
        let ender = thread::spawn(move || {
            // sleep: gives a clock that does not stand the time to jump.
            thread::sleep(Duration::from_millis(50));
            drop(send);
        });
        call.await.unwrap();
        assert!(
            !timer.is_finished(),
            "no time has passed while the call ran"
        );
        assert_eq!(Instant::now(), start);
        timer.await.unwrap();
        assert_eq!(start.elapsed(), Duration::from_secs(60));
        ender.join().unwrap();
    });
}

#[test]
fn a_thread_ends_when_it_was_idle_for_long_and_the_next_call_gets_another() {
    let (stopped, has_stopped) = mpsc::channel();
    let runtime = Builder::new()
        .max_blocking_threads(1)
        .thread_keep_alive(Duration::ZERO)
        .on_thread_stop(move || stopped.send(thread::current().id()).unwrap())
        .build()
        .unwrap();
    runtime.block_on(async {
        for _ in 0..50 {
            let id = spawn_blocking(|| thread::current().id()).await.unwrap();
            // A call that comes while the thread is in its last hook must not count on it.
            let next = spawn_blocking(|| thread::current().id());
            let first = has_stopped.recv().unwrap();
            assert_eq!(first, id);
            if next.await.unwrap() != id {
                has_stopped.recv().unwrap();
            }
        }
    });
}

#[test]
fn the_start_hook_runs_before_the_first_call_of_its_thread() {
    thread_local! {
        static STARTED: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
    }
    let runtime = Builder::new()
        .on_thread_start(|| STARTED.set(STARTED.get() + 1))
        .build()
        .unwrap();
    runtime.block_on(async {
        for _ in 0..5 {
            assert_eq!(spawn_blocking(|| STARTED.get()).await.unwrap(), 1);
        }
    });
    assert_eq!(STARTED.get(), 0, "this thread is not of the pool");
}

#[test]
fn hooks_that_panic_do_not_harm_the_pool() {
    let runtime = Builder::new()
        .max_blocking_threads(1)
        .thread_keep_alive(Duration::ZERO)
        .on_thread_start(|| panic!("a hook, as planned"))
        .on_thread_stop(|| panic!("a hook, as planned"))
        .build()
        .unwrap();
    runtime.block_on(async {
        for turn in 0..5 {
            assert_eq!(spawn_blocking(move || turn).await.unwrap(), turn);
        }
    });
}

#[test]
fn the_function_that_names_a_thread_may_use_the_runtime() {
    static HANDLE: OnceLock<Handle> = OnceLock::new();
    static IS_INSIDE: AtomicBool = AtomicBool::new(false);
    let runtime = Builder::new()
        .thread_name_fn(|| {
            let handle = HANDLE.get().unwrap();
            if !IS_INSIDE.swap(true, Ordering::Relaxed) {
                drop(handle.spawn_blocking(|| {}));
            }
            "one".into()
        })
        .build()
        .unwrap();
    HANDLE.set(runtime.handle().clone()).unwrap();
    let call = runtime.spawn_blocking(|| 1);
    assert_eq!(runtime.block_on(call).unwrap(), 1);
}

#[test]
fn each_thread_is_named_by_the_function_and_a_nul_is_left_out() {
    let runtime = Builder::new()
        .thread_name_fn(|| "one\0two".into())
        .build()
        .unwrap();
    let name = runtime.spawn_blocking(|| thread::current().name().map(str::to_owned));
    let name = runtime.block_on(name).unwrap();
    assert_eq!(name.as_deref(), Some("onetwo"));
}

#[test]
fn a_stack_size_is_what_a_call_can_use() {
    /// Uses more stack than the default of two mebibytes.
    fn deep(level: usize) -> usize {
        let frame = std::hint::black_box([1_u8; 4096]);
        if level == 0 {
            return 0;
        }
        deep(level - 1) + usize::from(frame[level % 4096])
    }
    let runtime = Builder::new().thread_stack_size(64 << 20).build().unwrap();
    let sum = runtime.block_on(runtime.spawn_blocking(|| deep(2000)));
    assert_eq!(sum.unwrap(), 2000);
}

#[test]
fn a_stack_that_no_thread_can_have_is_a_panic_that_says_so() {
    let runtime = Builder::new()
        .thread_stack_size(usize::MAX >> 2)
        .build()
        .unwrap();
    let text = crate::support::panic_text(|| runtime.spawn_blocking(|| 1));
    assert!(text.contains("no thread can be started"), "{text}");
}
