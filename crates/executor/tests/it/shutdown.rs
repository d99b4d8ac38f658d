//! The end of an executor.

use std::cell::RefCell;
use std::future::pending;
use std::rc::Rc;
use std::thread;

use uring_executor::{Executor, yield_now};

use crate::support::{Drops, Gate, executor, wake_self};

#[test]
fn all_tasks_are_cancelled_at_home() {
    let (executor, mut park) = executor();
    let drops = Drops::default();
    let mut tasks = Vec::new();
    for n in 0..4 {
        let token = drops.token();
        tasks.push(executor.spawn(async move {
            let _token = token;
            match n {
                0 => pending().await,
                1 => loop {
                    wake_self().await;
                },
                _ => loop {
                    yield_now().await;
                },
            }
        }));
    }
    executor.run_pass();
    let token = drops.token();
    // Never polled.
    tasks.push(executor.spawn(async move { drop(token) }));
    executor.shutdown();
    assert_eq!(drops.threads(), [thread::current().id(); 5]);
    assert_eq!(executor.metrics().tasks_alive, 0);
    assert!(!executor.has_work());
    executor.block_on(&mut park, async {
        for task in tasks {
            assert!(task.await.unwrap_err().is_cancelled());
        }
    });
}

#[test]
fn a_spawn_after_it_is_cancelled() {
    let (executor, mut park) = executor();
    executor.shutdown();
    executor.shutdown();
    let task = executor.spawn(async {});
    assert!(
        executor
            .block_on(&mut park, task)
            .unwrap_err()
            .is_cancelled()
    );
}

#[test]
fn a_task_in_the_inbox_is_cancelled_at_home() {
    let (executor, _park) = executor();
    let (spawner, drops) = (executor.spawner(), Drops::default());
    let token = drops.token();
    let task = thread::spawn(move || spawner.spawn(async move { drop(token) }))
        .join()
        .unwrap();
    drop(executor);
    assert!(task.is_finished());
    assert_eq!(drops.threads(), [thread::current().id()]);
}

#[test]
fn who_waits_on_another_thread_is_woken() {
    let (executor, _park) = executor();
    let task = executor.spawn(pending::<()>());
    let (other_ready, ready) = std::sync::mpsc::channel();
    let waiting = thread::spawn(move || {
        let (other, mut park) = crate::support::executor();
        let waiting = other.spawn(task);
        // Once polled, the handle has noted down its waker.
        other.block_on(&mut park, yield_now());
        other_ready.send(()).unwrap();
        other.block_on(&mut park, waiting).unwrap()
    });
    ready.recv().unwrap();
    drop(executor);
    assert!(waiting.join().unwrap().unwrap_err().is_cancelled());
}

#[test]
fn a_task_may_shut_its_own_executor_down() {
    let (executor, mut park) = executor();
    let executor = Rc::new(executor);
    let drops = Drops::default();
    let [mine, others] = [drops.token(), drops.token()];
    let other = executor.spawn(async move {
        let _token = others;
        pending::<()>().await;
    });
    let task = executor.spawn({
        let executor = Rc::clone(&executor);
        let drops = drops.clone();
        async move {
            let _token = mine;
            executor.shutdown();
            assert_eq!(drops.count(), 1, "all but the running one");
            assert!(other.is_finished());
            wake_self().await;
            unreachable!("resumed after the shutdown");
        }
    });
    executor.block_on(&mut park, async {
        assert!(task.await.unwrap_err().is_cancelled());
    });
    assert_eq!(drops.count(), 2);
    assert_eq!(executor.metrics().tasks_alive, 0);
}

#[test]
fn a_destructor_may_shut_its_own_executor_down() {
    struct ShutsDown(Rc<RefCell<Option<Rc<Executor>>>>);
    impl Drop for ShutsDown {
        fn drop(&mut self) {
            if let Some(executor) = self.0.take() {
                executor.shutdown();
            }
        }
    }
    let (executor, mut park) = executor();
    let executor = Rc::new(executor);
    let slot = Rc::new(RefCell::new(Some(Rc::clone(&executor))));
    let drops = Drops::default();
    for _ in 0..3 {
        let (shuts_down, token) = (ShutsDown(Rc::clone(&slot)), drops.token());
        executor.spawn(async move {
            let _both = (token, shuts_down);
            pending::<()>().await;
        });
    }
    executor.block_on(&mut park, yield_now());
    executor.shutdown();
    assert_eq!(drops.count(), 3);
    assert_eq!(executor.metrics().tasks_alive, 0);
}

#[test]
fn a_destructor_may_wake_tasks_that_are_gone_or_about_to_be() {
    struct Opens(Gate);
    impl Drop for Opens {
        fn drop(&mut self) {
            self.0.open();
        }
    }
    let (executor, mut park) = executor();
    let gates: Vec<_> = (0..6).map(|_| Gate::default()).collect();
    for n in 0..6 {
        let (mine, opens) = (gates[n].clone(), Opens(gates[5 - n].clone()));
        executor.spawn(async move {
            let _opens = opens;
            mine.wait().await;
        });
    }
    executor.block_on(&mut park, yield_now());
    drop(executor);
}
