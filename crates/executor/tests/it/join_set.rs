//! Sets of tasks.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Waker};
use std::thread;

use uring_executor::{JoinSet, yield_now};

use crate::support::{Drops, Gate, executor, text};

#[test]
fn a_set_is_send_and_sync_if_the_output_is_send() {
    fn check<T: Send + Sync>() {}
    check::<JoinSet<std::cell::Cell<u8>>>();
}

#[test]
fn tasks_are_joined_in_the_order_in_which_they_complete() {
    let (executor, mut park) = executor();
    executor.block_on(&mut park, async {
        let gates: Vec<_> = (0..5).map(|_| Gate::default()).collect();
        let mut set = JoinSet::new();
        for (n, gate) in gates.iter().cloned().enumerate() {
            set.spawn(async move {
                gate.wait().await;
                n
            });
        }
        yield_now().await;
        for n in [3, 0, 4, 1, 2] {
            gates[n].open();
        }
        let mut order = Vec::new();
        while let Some(n) = set.join_next().await {
            order.push(n.unwrap());
        }
        assert_eq!(order, [3, 0, 4, 1, 2]);
        assert!(set.is_empty());
        assert!(set.join_next().await.is_none());
    });
}

#[test]
fn join_next_waits_for_the_first() {
    let (executor, mut park) = executor();
    executor.block_on(&mut park, async {
        let mut set = JoinSet::new();
        set.spawn(pending());
        let second = set.spawn(async {
            yield_now().await;
            5
        });
        assert_eq!(set.len(), 2);
        let (id, output) = set.join_next_with_id().await.unwrap().unwrap();
        assert_eq!((id, output), (second.id(), 5));
        assert_eq!(set.len(), 1);
    });
}

#[test]
fn try_join_next_does_not_wait_and_leaves_the_waiter() {
    let (executor, mut park) = executor();
    executor.block_on(&mut park, async {
        let mut set = JoinSet::new();
        assert!(set.try_join_next().is_none());
        set.spawn(async {
            yield_now().await;
            1
        });
        let polled = std::future::poll_fn(|cx| {
            let polled = set.poll_join_next(cx);
            if polled.is_pending() {
                // Must not take away the waker that was just noted down.
                assert!(set.try_join_next().is_none());
            }
            polled
        })
        .await;
        assert_eq!(polled.unwrap().unwrap(), 1);
        set.spawn(async { 2 });
        yield_now().await;
        assert_eq!(set.try_join_next_with_id().unwrap().unwrap().1, 2);
    });
}

#[test]
fn a_handle_that_is_already_finished_can_be_inserted() {
    let (executor, mut park) = executor();
    let done = executor.spawn(async { 1 });
    let not_yet = executor.spawn(async {
        yield_now().await;
        yield_now().await;
        2
    });
    executor.block_on(&mut park, async {
        yield_now().await;
        let mut set = JoinSet::new();
        set.insert(not_yet);
        set.insert(done);
        assert_eq!(set.join_all().await, [1, 2]);
    });
}

#[test]
fn dropping_the_set_aborts_its_tasks() {
    let (executor, mut park) = executor();
    let drops = Drops::default();
    executor.block_on(&mut park, async {
        let mut set = JoinSet::new();
        for _ in 0..3 {
            let token = drops.token();
            set.spawn(async move {
                let _token = token;
                pending::<()>().await;
            });
        }
        yield_now().await;
        drop(set);
        yield_now().await;
    });
    assert_eq!(drops.count(), 3);
}

#[test]
fn detach_all_lets_them_run_on() {
    let (executor, mut park) = executor();
    let drops = Drops::default();
    executor.block_on(&mut park, async {
        let mut set = JoinSet::new();
        let token = drops.token();
        set.spawn(async move {
            let _token = token;
            yield_now().await;
            yield_now().await;
        });
        set.detach_all();
        drop(set);
        yield_now().await;
        assert_eq!(drops.count(), 0);
        yield_now().await;
        yield_now().await;
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn shutdown_waits_until_all_are_dropped() {
    let (executor, mut park) = executor();
    let drops = Drops::default();
    executor.block_on(&mut park, async {
        let mut set = JoinSet::new();
        for _ in 0..3 {
            let token = drops.token();
            set.spawn(async move {
                let _token = token;
                pending::<()>().await;
            });
        }
        set.shutdown().await;
        assert!(set.is_empty());
    });
    assert_eq!(drops.count(), 3);
}

#[test]
fn one_task_of_a_set_can_be_aborted() {
    let (executor, mut park) = executor();
    executor.block_on(&mut park, async {
        let mut set = JoinSet::new();
        let abort = set.spawn(pending::<()>());
        abort.abort();
        let error = set.join_next().await.unwrap().unwrap_err();
        assert!(error.is_cancelled());
        assert_eq!(error.id(), abort.id());
    });
}

#[test]
fn join_all_passes_a_panic_on() {
    let (executor, mut park) = executor();
    let panic = catch_unwind(AssertUnwindSafe(|| {
        executor.block_on(&mut park, async {
            let mut set = JoinSet::new();
            set.spawn(async {});
            set.spawn(async { panic!("inside") });
            set.join_all().await;
        });
    }));
    assert_eq!(text(&*panic.unwrap_err()), "inside");
}

#[test]
fn a_set_can_be_joined_on_another_thread() {
    let (executor, mut park) = executor();
    let mut set = JoinSet::new();
    let spawner = executor.spawner();
    let gate = Gate::default();
    set.spawn_on(
        {
            let gate = gate.clone();
            async move {
                gate.wait().await;
                4
            }
        },
        &spawner,
    );
    let joined = Gate::default();
    let joining = thread::spawn({
        let joined = joined.clone();
        move || {
            let (other, mut park) = crate::support::executor();
            gate.open();
            let output = other.block_on(&mut park, async { set.join_next().await });
            joined.open();
            output.unwrap().unwrap()
        }
    });
    executor.block_on(&mut park, joined.wait());
    assert_eq!(joining.join().unwrap(), 4);
}

#[test]
fn spawning_without_an_executor_panics_and_says_why() {
    let panic = catch_unwind(|| JoinSet::new().spawn(async {}));
    assert!(text(&*panic.unwrap_err()).contains("JoinSet::spawn needs a running runtime"));
}

#[test]
fn an_empty_set_is_ready_with_nothing() {
    let mut set = JoinSet::<()>::default();
    let mut cx = Context::from_waker(Waker::noop());
    assert!(matches!(
        set.poll_join_next(&mut cx),
        std::task::Poll::Ready(None)
    ));
    assert_eq!(format!("{set:?}"), "JoinSet { len: 0 }");
}
