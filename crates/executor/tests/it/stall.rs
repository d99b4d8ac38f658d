//! Polls that hold the thread for too long. The clock is the tests' own, so nothing here depends on how long a thing
//! takes.

use std::cell::Cell;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use uring_executor::{Config, Executor, Stall, StallWatch, yield_now};

use crate::support::{FakePark, Log, executor};

const THRESHOLD: Duration = Duration::from_millis(50);
const TICK: Duration = Duration::from_millis(1);

thread_local! {
    static ELAPSED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

fn now() -> Instant {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    *START + ELAPSED.get()
}

/// Lets time pass: inside of a poll this is code that does not give the thread back.
fn pass(time: Duration) {
    ELAPSED.set(ELAPSED.get() + time);
}

fn watching(on_stall: impl Fn(&Stall) + 'static, park: &FakePark) -> Executor {
    let watch = StallWatch {
        threshold: THRESHOLD,
        clock: now,
        on_stall: Box::new(on_stall),
    };
    let config = Config {
        stall_watch: Some(watch),
        ..Config::default()
    };
    Executor::new(config, uring_executor::Park::unparker(park))
}

/// An executor whose looks at the driver take longer than the threshold, and what it reports.
fn watched() -> (Executor, FakePark, Log<Stall>) {
    let log = Log::new();
    let told = log.clone();
    let park = FakePark::with_driver(|_| pass(2 * THRESHOLD));
    let executor = watching(move |stall| told.push(stall.clone()), &park);
    (executor, park, log)
}

#[test]
fn a_stall_names_the_task_the_line_that_spawned_it_and_how_long_it_took() {
    let (executor, mut park, log) = watched();
    let line = line!() + 1;
    let task = executor.spawn(async { pass(3 * THRESHOLD) });
    let id = task.id();
    executor.block_on(&mut park, task).unwrap();
    let stalls = log.take();
    assert_eq!(stalls.len(), 1);
    let stall = &stalls[0];
    assert_eq!(stall.id, Some(id));
    assert_eq!(
        (stall.spawned_at.file(), stall.spawned_at.line()),
        (file!(), line)
    );
    assert_eq!(stall.held, 3 * THRESHOLD);
    assert_eq!(
        stall.to_string(),
        format!(
            "task {id}, spawned at {}:{line}:{}, held the thread for 150.0ms in one poll",
            file!(),
            stall.spawned_at.column()
        )
    );
    assert_eq!(executor.metrics().stalls, 1);
}

#[test]
fn a_stall_names_a_task_that_has_a_name() {
    let (executor, mut park, log) = watched();
    let spawner = executor.spawner();
    let work = || pass(THRESHOLD);
    let home = spawner.named("home").spawn_local(async move { work() });
    let elsewhere = spawner.clone();
    let spawn = move || elsewhere.named("elsewhere").spawn(async move { work() });
    let remote = std::thread::spawn(spawn).join().unwrap();
    let made = spawner
        .named("made")
        .spawn_with(move || async move { work() });
    executor.block_on(&mut park, async {
        home.await.unwrap();
        remote.await.unwrap();
        made.await.unwrap();
    });
    let stalls = log.take();
    let mut names: Vec<_> = stalls
        .iter()
        .filter_map(|stall| stall.name.as_deref())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["elsewhere", "home", "made"]);
    let text = stalls[0].to_string();
    assert!(
        text.contains(&format!(
            "{:?}, spawned at",
            stalls[0].name.as_deref().unwrap()
        )),
        "{text}"
    );
}

#[test]
fn a_task_spawned_elsewhere_is_reported_with_the_line_there() {
    let (executor, mut park, log) = watched();
    let spawner = executor.spawner();
    let line = line!() + 1;
    let task = std::thread::spawn(move || spawner.spawn(async { pass(THRESHOLD) }));
    executor.block_on(&mut park, task.join().unwrap()).unwrap();
    assert_eq!(log.take()[0].spawned_at.line(), line);
}

#[test]
fn the_future_of_block_on_is_watched_too() {
    let (executor, mut park, log) = watched();
    let line = line!() + 1;
    executor.block_on(&mut park, async { pass(THRESHOLD) });
    let stalls = log.take();
    assert_eq!(stalls.len(), 1);
    assert_eq!((stalls[0].id, stalls[0].spawned_at.line()), (None, line));
    assert!(
        stalls[0]
            .to_string()
            .starts_with("the future of `block_on` at ")
    );
    assert_eq!(executor.metrics().stalls, 1);
}

#[test]
fn a_task_that_awaits_does_not_stall_however_long_it_takes() {
    let (executor, mut park, log) = watched();
    let task = executor.spawn(async {
        for _ in 0..10 {
            pass(THRESHOLD - TICK);
            yield_now().await;
        }
    });
    executor.block_on(&mut park, task).unwrap();
    assert!(log.take().is_empty());
    assert_eq!(executor.metrics().stalls, 0);
}

#[test]
fn each_poll_that_takes_too_long_counts() {
    let (executor, mut park, log) = watched();
    let task = executor.spawn(async {
        for _ in 0..3 {
            pass(THRESHOLD);
            yield_now().await;
        }
    });
    executor.block_on(&mut park, task).unwrap();
    assert_eq!(log.take().len(), 3);
    assert_eq!(executor.metrics().stalls, 3);
}

#[test]
fn a_task_that_stalls_and_panics_is_reported() {
    let (executor, mut park, log) = watched();
    let task = executor.spawn(async {
        pass(THRESHOLD);
        panic!("after a while");
    });
    let error: uring_executor::JoinError = executor
        .block_on(&mut park, task)
        .map(|(): ()| ())
        .unwrap_err();
    assert!(error.is_panic());
    assert_eq!(log.take()[0].id, Some(error.id()));
}

#[test]
fn a_panic_of_the_hook_does_not_end_the_loop() {
    let mut park = FakePark::new();
    let executor = watching(|_| panic!("in the hook"), &park);
    let task = executor.spawn(async {
        pass(THRESHOLD);
        yield_now().await;
        pass(THRESHOLD);
        42
    });
    assert_eq!(executor.block_on(&mut park, task).unwrap(), 42);
    assert_eq!(executor.metrics().stalls, 2);
}

#[test]
fn a_foreign_loop_gets_reports_too() {
    let (executor, _park, log) = watched();
    drop(executor.spawn(async { pass(THRESHOLD) }));
    executor.run_pass();
    assert_eq!(log.take().len(), 1);
}

#[test]
fn without_a_watch_nothing_counts_as_a_stall() {
    let (executor, mut park) = executor();
    let task = executor.spawn(async { pass(100 * THRESHOLD) });
    executor.block_on(&mut park, task).unwrap();
    assert_eq!(executor.metrics().stalls, 0);
}
