//! `block_on` and its root.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use uring_executor::{Config, Executor, Park, Spawner, id, try_id, yield_now};

use crate::support::{Gate, executor, text};

#[test]
fn the_root_may_borrow_from_its_caller() {
    let (executor, mut park) = executor();
    let mut words = vec!["a"];
    let count = executor.block_on(&mut park, async {
        yield_now().await;
        words.push("b");
        words.len()
    });
    assert_eq!(count, 2);
    assert_eq!(words, ["a", "b"]);
}

#[test]
fn tasks_of_an_earlier_call_run_on_in_the_next() {
    let (executor, mut park) = executor();
    let runs = Rc::new(Cell::new(0));
    let task = executor.spawn({
        let runs = Rc::clone(&runs);
        async move {
            for _ in 0..10 {
                runs.set(runs.get() + 1);
                yield_now().await;
            }
        }
    });
    executor.block_on(&mut park, async {
        yield_now().await;
        yield_now().await;
    });
    let after_first = runs.get();
    assert!((1..10).contains(&after_first));
    executor.block_on(&mut park, task).unwrap();
    assert_eq!(runs.get(), 10);
}

#[test]
fn a_nested_call_panics_and_says_why() {
    let (executor, mut park) = executor();
    let (inner, mut inner_park) = crate::support::executor();
    executor.block_on(&mut park, async {
        let panic = catch_unwind(AssertUnwindSafe(|| {
            inner.block_on(&mut inner_park, async {})
        }));
        let payload = panic.unwrap_err();
        assert!(
            text(&*payload).contains("`block_on` was called from inside a `block_on`"),
            "{}",
            text(&*payload)
        );
        assert!(catch_unwind(AssertUnwindSafe(|| inner.run_pass())).is_err());
    });
    // Neither is the worse for it.
    assert_eq!(inner.block_on(&mut inner_park, async { 1 }), 1);
    assert_eq!(executor.block_on(&mut park, async { 2 }), 2);
}

#[test]
fn a_panic_of_the_root_leaves_the_executor_usable() {
    let (executor, mut park) = executor();
    let task = executor.spawn(async { 7 });
    let panic = catch_unwind(AssertUnwindSafe(|| {
        executor.block_on(&mut park, async { panic!("root") })
    }));
    assert_eq!(text(&*panic.unwrap_err()), "root");
    assert!(Spawner::try_current().is_none());
    assert_eq!(executor.block_on(&mut park, task).unwrap(), 7);
}

#[test]
fn the_root_is_woken_from_another_thread() {
    let (executor, mut park) = executor();
    for _ in 0..200 {
        let gate = Gate::default();
        let opener = std::thread::spawn({
            let gate = gate.clone();
            move || gate.open()
        });
        executor.block_on(&mut park, gate.wait());
        opener.join().unwrap();
    }
}

#[test]
fn block_on_makes_its_spawner_current_and_puts_the_old_one_back() {
    let (outer, _outer_park) = executor();
    let (inner, mut park) = executor();
    assert!(Spawner::try_current().is_none());
    let outer = outer.spawner();
    let guard = outer.enter();
    inner.block_on(&mut park, async {
        let task = Spawner::current().spawn_local(async { 3 });
        assert_eq!(task.await.unwrap(), 3);
    });
    assert!(Spawner::try_current().is_some());
    drop(guard);
    assert!(Spawner::try_current().is_none());
}

#[test]
fn only_a_task_has_an_id() {
    let (executor, mut park) = executor();
    let task = executor.spawn(async {
        let before = id();
        yield_now().await;
        assert_eq!(try_id(), Some(before));
        before
    });
    let expected = task.id();
    executor.block_on(&mut park, async {
        assert_eq!(try_id(), None);
        assert_eq!(task.await.unwrap(), expected);
        assert_eq!(try_id(), None);
        assert!(catch_unwind(id).is_err());
    });
}

#[test]
fn two_executors_of_a_thread_take_turns() {
    let (first, mut first_park) = executor();
    let (second, mut second_park) = executor();
    let gate = Gate::default();
    let waiting = first.spawn({
        let gate = gate.clone();
        async move { gate.wait().await }
    });
    first.block_on(&mut first_park, yield_now());
    second.block_on(&mut second_park, async { gate.open() });
    first.block_on(&mut first_park, waiting).unwrap();
}

#[test]
fn a_root_waker_may_outlive_the_executor() {
    let waker = {
        let (executor, mut park) = executor();
        executor.block_on(
            &mut park,
            std::future::poll_fn(|cx| std::task::Poll::Ready(cx.waker().clone())),
        )
    };
    waker.wake_by_ref();
    std::thread::spawn(move || waker.wake()).join().unwrap();
}

#[test]
fn an_executor_can_be_made_without_ever_running() {
    let park = crate::support::FakePark::new();
    let executor = Executor::new(Config::default(), park.unparker());
    assert!(!executor.has_work());
    assert!(format!("{executor:?}").starts_with("Executor"));
}
