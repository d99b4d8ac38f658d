//! Abort, in every state that a task can be in.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::rc::Rc;
use std::thread;

use uring_executor::{AbortHandle, yield_now};

use crate::support::{Drops, Gate, executor, wake_self};

#[test]
fn before_the_first_poll_the_future_is_dropped_unpolled() {
    let (executor, mut park) = executor();
    let drops = Drops::default();
    let token = drops.token();
    let task = executor.spawn(async move {
        let _token = token;
        panic!("was polled");
    });
    task.abort();
    assert_eq!(drops.count(), 0, "only the loop drops it");
    let error = executor.block_on(&mut park, task).unwrap_err();
    assert!(error.is_cancelled());
    assert_eq!(drops.count(), 1);
}

#[test]
fn an_idle_task_is_woken_and_cancelled() {
    let (executor, mut park) = executor();
    let drops = Drops::default();
    let token = drops.token();
    let task = executor.spawn(async move {
        let _token = token;
        pending::<()>().await;
    });
    executor.block_on(&mut park, yield_now());
    task.abort();
    assert!(
        executor
            .block_on(&mut park, task)
            .unwrap_err()
            .is_cancelled()
    );
    assert_eq!(drops.count(), 1);
}

#[test]
fn a_queued_task_is_not_polled_again() {
    let (executor, mut park) = executor();
    let polls = Rc::new(Cell::new(0));
    let task = executor.spawn({
        let polls = Rc::clone(&polls);
        async move {
            loop {
                polls.set(polls.get() + 1);
                wake_self().await;
            }
        }
    });
    executor.run_pass();
    assert!(executor.has_work());
    task.abort();
    assert!(
        executor
            .block_on(&mut park, task)
            .unwrap_err()
            .is_cancelled()
    );
    assert_eq!(polls.get(), 1);
}

#[test]
fn a_task_that_waits_for_the_driver_is_not_polled_again() {
    let (executor, mut park) = executor();
    let polls = Rc::new(Cell::new(0));
    let task = executor.spawn({
        let polls = Rc::clone(&polls);
        async move {
            loop {
                polls.set(polls.get() + 1);
                yield_now().await;
            }
        }
    });
    executor.run_pass();
    task.abort();
    assert!(
        executor
            .block_on(&mut park, task)
            .unwrap_err()
            .is_cancelled()
    );
    assert_eq!(polls.get(), 1);
}

#[test]
fn a_task_that_aborts_itself_ends_at_its_next_suspension() {
    let (executor, mut park) = executor();
    let handle: Rc<RefCell<Option<AbortHandle>>> = Rc::default();
    let reached = Rc::new(Cell::new(false));
    let task = executor.spawn({
        let (handle, reached) = (Rc::clone(&handle), Rc::clone(&reached));
        async move {
            handle.take().unwrap().abort();
            reached.set(true);
            yield_now().await;
            unreachable!("resumed after the abort");
        }
    });
    *handle.borrow_mut() = Some(task.abort_handle());
    assert!(
        executor
            .block_on(&mut park, task)
            .unwrap_err()
            .is_cancelled()
    );
    assert!(reached.get());
    assert!(!executor.has_work() || executor.metrics().tasks_alive == 0);
}

#[test]
fn a_task_that_completes_in_the_poll_in_which_it_was_aborted_keeps_its_output() {
    let (executor, mut park) = executor();
    let handle: Rc<RefCell<Option<AbortHandle>>> = Rc::default();
    let task = executor.spawn({
        let handle = Rc::clone(&handle);
        async move {
            handle.take().unwrap().abort();
            11
        }
    });
    *handle.borrow_mut() = Some(task.abort_handle());
    assert_eq!(executor.block_on(&mut park, task).unwrap(), 11);
}

#[test]
fn a_finished_task_keeps_its_output() {
    let (executor, mut park) = executor();
    let task = executor.spawn(async { 12 });
    executor.block_on(&mut park, yield_now());
    assert!(task.is_finished());
    task.abort();
    task.abort();
    assert!(!executor.has_work());
    assert_eq!(executor.block_on(&mut park, task).unwrap(), 12);
}

#[test]
fn from_another_thread_it_ends_the_sleep_and_drops_at_home() {
    let (executor, mut park) = executor();
    let home = thread::current().id();
    for _ in 0..100 {
        let drops = Drops::default();
        let token = drops.token();
        let task = executor.spawn(async move {
            let _token = token;
            pending::<()>().await;
        });
        let abort = task.abort_handle();
        let aborting = thread::spawn(move || abort.abort());
        assert!(
            executor
                .block_on(&mut park, task)
                .unwrap_err()
                .is_cancelled()
        );
        assert_eq!(drops.threads(), [home]);
        aborting.join().unwrap();
    }
}

#[test]
fn a_task_spawned_elsewhere_can_be_aborted_before_it_arrived() {
    let (executor, mut park) = executor();
    let spawner = executor.spawner();
    let (there, here) = thread::spawn(move || {
        let there = spawner.spawn(async { unreachable!("was polled") });
        there.abort();
        let here = spawner.spawn(async { unreachable!("was polled") });
        (there, here)
    })
    .join()
    .unwrap();
    here.abort();
    executor.block_on(&mut park, async {
        assert!(there.await.unwrap_err().is_cancelled());
        assert!(here.await.unwrap_err().is_cancelled());
    });
    assert_eq!(executor.metrics().tasks_alive, 0);
}

#[test]
fn cancel_waits_until_the_future_is_dropped() {
    let (executor, mut park) = executor();
    let drops = Drops::default();
    let token = drops.token();
    let task = executor.spawn(async move {
        let _token = token;
        pending::<()>().await;
    });
    executor.block_on(&mut park, async {
        yield_now().await;
        assert!(task.cancel().await.unwrap_err().is_cancelled());
    });
    assert_eq!(drops.count(), 1);
}

#[test]
fn cancel_of_a_finished_task_gives_its_output() {
    let (executor, mut park) = executor();
    let task = executor.spawn(async { 1 });
    executor.block_on(&mut park, async {
        yield_now().await;
        assert_eq!(task.cancel().await.unwrap(), 1);
    });
}

#[test]
fn the_waiter_of_an_aborted_task_is_woken() {
    let (executor, mut park) = executor();
    let gate = Gate::default();
    let inner = executor.spawn(async move { gate.wait().await });
    let abort = inner.abort_handle();
    let outer = executor.spawn(async move { inner.await.unwrap_err().is_cancelled() });
    executor.block_on(&mut park, async {
        yield_now().await;
        abort.abort();
        assert!(outer.await.unwrap());
        assert!(abort.is_finished());
    });
}

#[test]
fn an_abort_handle_knows_its_task() {
    fn check<T: Send + Sync + Clone>(_: &T) {}
    let (executor, _park) = executor();
    let task = executor.spawn(async {});
    let abort = task.abort_handle();
    check(&abort);
    assert_eq!(abort.id(), task.id());
    assert!(!abort.is_finished());
    assert_eq!(
        format!("{abort:?}"),
        format!("AbortHandle {{ id: {:?} }}", task.id())
    );
}
