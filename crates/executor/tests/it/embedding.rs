//! Driving the executor from a foreign loop.

use uring_executor::{Park, ParkMode, yield_now};

use crate::support::{Gate, executor};

#[test]
fn run_pass_tells_whether_there_is_more() {
    let (executor, _park) = executor();
    assert!(!executor.run_pass());
    let task = executor.spawn(async {
        yield_now().await;
        yield_now().await;
    });
    assert!(executor.run_pass());
    assert!(executor.run_pass());
    assert!(!executor.run_pass());
    assert!(task.is_finished());
}

#[test]
fn a_local_wake_outside_of_a_pass_unparks_the_foreign_loop() {
    let (executor, mut park) = executor();
    let gate = Gate::default();
    let task = executor.spawn({
        let gate = gate.clone();
        async move { gate.wait().await }
    });
    assert_eq!(park.unparks(), 1, "a spawn outside of a pass is told");
    assert!(!executor.run_pass());
    gate.open();
    assert_eq!(park.unparks(), 2);
    assert!(executor.has_work());
    // Does not hang, because it was told.
    park.park(ParkMode::Block);
    executor.run_pass();
    assert!(task.is_finished());
}

#[test]
fn a_remote_wake_is_seen_as_work() {
    let (executor, _park) = executor();
    let spawner = executor.spawner();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            assert!(!spawner.has_work());
            spawner.spawn(async {});
            assert!(spawner.has_work());
        });
    });
    assert!(executor.has_work());
    assert!(!executor.run_pass());
}

#[test]
fn metrics_can_be_read_from_any_thread() {
    let (executor, mut park) = executor();
    let task = executor.spawn(std::future::pending::<()>());
    executor.block_on(&mut park, yield_now());
    let spawner = executor.spawner();
    let there = std::thread::spawn(move || spawner.metrics())
        .join()
        .unwrap();
    assert_eq!(there, executor.metrics());
    assert_eq!(there.tasks_alive, 1);
    // The root twice, the task once.
    assert_eq!(there.polls, 3);
    drop(task);
}
