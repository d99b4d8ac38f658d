//! The list of tasks. The clock is the tests' own.

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use uring_executor::{
    Config, Executor, Park, ParkMode, Spawner, TaskInfo, TaskState, WakerOwner, yield_now,
};

use crate::support::{FakePark, Gate, executor, executor_with};

thread_local! {
    static NOW: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// An executor with that clock, in whose sleeps a minute passes.
fn executor_with_clock(event_interval: u32) -> (Executor, FakePark) {
    let park = FakePark::with_driver(|mode| {
        if mode == ParkMode::Block {
            pass(60);
        }
    });
    let config = Config {
        clock: || NOW.get(),
        event_interval,
        ..Config::default()
    };
    (Executor::new(config, park.unparker()), park)
}

fn pass(seconds: u64) {
    NOW.set(NOW.get() + Duration::from_secs(seconds));
}

fn seconds(seconds: u64) -> Option<Duration> {
    Some(Duration::from_secs(seconds))
}

fn tasks() -> Vec<TaskInfo> {
    Spawner::current().tasks().unwrap()
}

#[test]
fn every_task_is_listed_with_the_line_that_spawned_it_until_it_completes() {
    let (executor, mut park) = executor();
    executor.block_on(&mut park, async {
        let line = line!() + 1;
        let waits = executor.spawn(pending::<()>());
        let done = executor.spawner().named("done").spawn_local(async {});
        let [_, first, second] = &tasks()[..] else {
            panic!("two tasks and the root")
        };
        assert_eq!((first.id, first.name.as_deref()), (Some(waits.id()), None));
        assert_eq!(
            (first.spawned_at.file(), first.spawned_at.line()),
            (file!(), line)
        );
        assert_eq!(
            (second.id, second.name.as_deref()),
            (Some(done.id()), Some("done"))
        );
        yield_now().await;
        let ids: Vec<_> = tasks().iter().map(|task| task.id).collect();
        assert_eq!(ids, [None, Some(waits.id())]);
    });
}

#[test]
fn a_new_task_is_queued_and_was_never_polled() {
    let (executor, mut park) = executor();
    executor.block_on(&mut park, async {
        drop(executor.spawn(pending::<()>()));
        let task = &tasks()[1];
        assert_eq!(task.state, TaskState::Queued);
        assert_eq!((task.polls, task.since_last_poll), (0, None));
        yield_now().await;
        let task = &tasks()[1];
        assert_eq!((task.state, task.polls), (TaskState::Waiting, 1));
    });
}

#[test]
fn who_asks_is_running_be_it_the_root_or_a_task() {
    let (executor, mut park) = executor();
    executor.block_on(&mut park, async {
        let states = || tasks().iter().map(|task| task.state).collect::<Vec<_>>();
        let task =
            executor.spawn(async { tasks().iter().map(|task| task.state).collect::<Vec<_>>() });
        assert_eq!(states(), [TaskState::Running, TaskState::Queued]);
        assert_eq!(
            task.await.unwrap(),
            [TaskState::Waiting, TaskState::Running]
        );
        yield_now().await;
        let deferred = executor.spawn(async { yield_now().await });
        poll_fn(|cx| {
            // Woken while it is being polled.
            cx.waker().wake_by_ref();
            Poll::Ready(())
        })
        .await;
        assert_eq!(states(), [TaskState::Running, TaskState::Queued]);
        deferred.await.unwrap();
    });
}

#[test]
fn the_time_since_the_last_poll_is_told() {
    let (executor, mut park) = executor_with_clock(2);
    executor.block_on(&mut park, async {
        // Two polls have the clock read.
        let read_clock = async || {
            yield_now().await;
            yield_now().await;
        };
        pass(1);
        read_clock().await;
        drop(executor.spawn(pending::<()>()));
        read_clock().await;
        pass(4);
        read_clock().await;
        let [root, info] = &tasks()[..] else {
            panic!("two")
        };
        assert_eq!((info.polls, info.since_last_poll), (1, seconds(4)));
        assert_eq!((root.polls, root.since_last_poll), (7, seconds(0)));
    });
}

#[test]
fn the_clock_is_read_after_a_sleep_and_after_each_event_interval() {
    let (executor, mut park) = executor_with_clock(10);
    executor.block_on(&mut park, async {
        let gate = Gate::default();
        let waits = gate.clone();
        let task = executor.spawn(async move { waits.wait().await });
        yield_now().await;
        // The driver sleeps for a minute, and is woken by nobody but this thread.
        let mut is_first = true;
        let mut sleeper = None;
        poll_fn(|cx| {
            if !std::mem::take(&mut is_first) {
                return Poll::Ready(());
            }
            let waker = cx.waker().clone();
            sleeper = Some(std::thread::spawn(move || waker.wake()));
            Poll::Pending
        })
        .await;
        sleeper.unwrap().join().unwrap();
        let since = || {
            let tasks = tasks();
            (tasks[0].since_last_poll, tasks[1].since_last_poll)
        };
        // Where the wake was so early that nobody slept, the clock stands still.
        let slept = NOW.get().as_secs();
        assert_eq!(since(), (seconds(0), seconds(slept)));
        pass(1);
        assert_eq!(since(), (seconds(1), seconds(slept + 1)), "not read yet");
        for _ in 0..10 {
            yield_now().await;
        }
        assert_eq!(since(), (seconds(0), seconds(slept + 1)));
        gate.open();
        task.await.unwrap();
    });
}

#[test]
fn a_pass_of_a_foreign_loop_has_the_clock_read() {
    let (executor, _park) = executor_with_clock(61);
    let task = executor.spawn(poll_fn(|cx| {
        cx.waker().wake_by_ref();
        Poll::<()>::Pending
    }));
    pass(1);
    executor.run_pass();
    pass(3);
    let since = || executor.spawner().tasks().unwrap()[0].since_last_poll;
    assert_eq!(since(), seconds(3));
    executor.run_pass();
    assert_eq!(since(), seconds(0));
    task.abort();
}

#[test]
fn polls_of_one_block_on_are_not_those_of_the_next() {
    let (executor, mut park) = executor_with_clock(61);
    executor.block_on(&mut park, async {
        for _ in 0..10 {
            yield_now().await;
        }
    });
    pass(100);
    let line = line!() + 1;
    executor.block_on(&mut park, async {
        let root = &tasks()[0];
        assert_eq!((root.polls, root.since_last_poll), (1, seconds(0)));
        assert_eq!(root.spawned_at.line(), line);
    });
    assert!(
        executor.spawner().tasks().unwrap().is_empty(),
        "no root outside"
    );
}

#[test]
fn who_waits_for_a_task_is_told() {
    let (executor, mut park) = executor();
    executor.block_on(&mut park, async {
        let never = executor.spawn(pending::<()>());
        let (never_id, abort) = (never.id(), never.abort_handle());
        let joiner = executor.spawn(async move { never.await.unwrap_err().is_cancelled() });
        let joiner_id = joiner.id();
        let observer = executor.spawn(async move {
            yield_now().await;
            tasks()
        });
        let list = observer.await.unwrap();
        let joins = |id| {
            let task = list.iter().find(|task| task.id == id).unwrap();
            task.joins.clone()
        };
        assert_eq!(joins(Some(joiner_id)), [never_id]);
        assert!(joins(Some(never_id)).is_empty());
        assert_eq!(joins(None).len(), 1, "the root waits for the observer");
        abort.abort();
        assert!(joiner.await.unwrap(), "its waker is where it was");
    });
}

#[test]
fn the_owner_of_a_waker_is_found_in_the_list() {
    let (executor, mut park) = executor();
    let owner = || poll_fn(|cx| Poll::Ready(WakerOwner::of(&cx.waker().clone())));
    executor.block_on(&mut park, async {
        assert_eq!(owner().await, Some(tasks()[0].owner));
        let task = executor.spawn(async move { (owner().await, tasks()[1].owner) });
        let (owner, listed) = task.await.unwrap();
        assert_eq!(owner, Some(listed));
        assert_ne!(listed, tasks()[0].owner);
    });
}

#[test]
fn roots_of_two_executors_are_not_taken_for_each_other() {
    let owner = || {
        let (executor, mut park) = executor();
        let owner = executor.block_on(&mut park, async { tasks()[0].owner });
        (executor, owner)
    };
    let ((_one, first), (_other, second)) = (owner(), owner());
    assert_ne!(first, second);
}

#[test]
fn only_the_home_thread_has_the_list_and_only_until_the_end() {
    let (executor, _park) = executor_with(Config::default());
    let spawner = executor.spawner();
    drop(executor.spawn(pending::<()>()));
    assert_eq!(spawner.tasks().unwrap().len(), 1);
    let elsewhere = spawner.clone();
    assert!(
        std::thread::spawn(move || elsewhere.tasks())
            .join()
            .unwrap()
            .is_none()
    );
    drop(executor);
    assert!(spawner.tasks().is_none());
}

#[test]
fn listing_keeps_nothing_alive() {
    let (executor, mut park) = executor();
    let kept = Rc::new(());
    let theirs = Rc::clone(&kept);
    let list = executor.block_on(&mut park, async {
        let task = executor.spawn(async move {
            yield_now().await;
            drop(theirs);
        });
        let list = tasks();
        task.await.unwrap();
        list
    });
    assert_eq!(Rc::strong_count(&kept), 1);
    assert_eq!(list.len(), 2);
}
