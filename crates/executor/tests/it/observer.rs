//! Who is told of each poll.

use std::future::pending;
use std::time::{Duration, Instant};

use uring_executor::{
    Config, Executor, Id, JoinHandle, Observer, Park, PolledTask, StallWatch, yield_now,
};

use crate::support::{FakePark, Log};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Told {
    Begin(Id),
    End(Id, bool),
}

struct Tell(Log<Told>);

impl Observer for Tell {
    fn poll_begins(&self, task: &PolledTask) {
        self.0.push(Told::Begin(task.id));
    }

    fn poll_ends(&self, task: &PolledTask, is_complete: bool) {
        self.0.push(Told::End(task.id, is_complete));
    }
}

fn observed_with(config: Config) -> (Executor, FakePark, Log<Told>) {
    let log = Log::new();
    let park = FakePark::new();
    let config = Config {
        observer: Some(Box::new(Tell(log.clone()))),
        ..config
    };
    (Executor::new(config, park.unparker()), park, log)
}

fn observed() -> (Executor, FakePark, Log<Told>) {
    observed_with(Config::default())
}

#[test]
fn each_poll_is_told_of_with_its_end_and_the_last_with_that_of_the_task() {
    let (executor, mut park, log) = observed();
    let task = executor.spawn(async {
        yield_now().await;
        yield_now().await;
    });
    let id = task.id();
    executor.block_on(&mut park, task).unwrap();
    let poll = |is_complete| [Told::Begin(id), Told::End(id, is_complete)];
    assert_eq!(log.take(), [poll(false), poll(false), poll(true)].concat());
}

#[test]
fn polls_do_not_overlap_in_any_order() {
    for seed in [None, Some(1), Some(2)] {
        let watch = StallWatch {
            threshold: Duration::MAX,
            clock: Instant::now,
            on_stall: Box::new(|_| unreachable!("so long takes nothing")),
        };
        let (executor, mut park, log) = observed_with(Config {
            seed,
            stall_watch: Some(watch),
            ..Config::default()
        });
        let tasks: Vec<_> = (0..20).map(|_| executor.spawn(yield_now())).collect();
        executor.block_on(&mut park, async {
            for task in tasks {
                task.await.unwrap();
            }
        });
        let told = log.take();
        assert_eq!(told.len(), 2 * 2 * 20);
        for pair in told.chunks(2) {
            let [Told::Begin(begin), Told::End(end, _)] = pair else {
                panic!("{pair:?}")
            };
            assert_eq!(begin, end);
        }
    }
}

#[test]
fn a_task_that_panics_or_is_cancelled_is_complete() {
    let (executor, mut park, log) = observed();
    let panics: JoinHandle<()> = executor.spawn(async { panic!("told") });
    let never = executor.spawn(pending::<()>());
    let ids = [panics.id(), never.id()];
    executor.block_on(&mut park, async {
        panics.await.unwrap_err();
        never.cancel().await.unwrap_err();
    });
    let told = log.take();
    for id in ids {
        assert!(told.contains(&Told::End(id, true)), "{told:?}");
    }
}

#[test]
fn a_task_that_ended_while_it_was_queued_is_not_told_of_again() {
    let (executor, mut park, log) = observed();
    let task = executor.spawn(wakes_itself_at_the_end());
    let id = task.id();
    executor.block_on(&mut park, task).unwrap();
    let told = log.take();
    let ends = told
        .iter()
        .filter(|told| matches!(told, Told::End(other, true) if *other == id));
    assert_eq!(ends.count(), 1, "{told:?}");
}

/// Wakes itself in its last poll, so that it is complete when its turn comes.
async fn wakes_itself_at_the_end() {
    std::future::poll_fn(|cx| {
        cx.waker().wake_by_ref();
        std::task::Poll::Ready(())
    })
    .await;
}

struct Panics;

impl Observer for Panics {
    fn poll_begins(&self, _: &PolledTask) {
        panic!("begin");
    }

    fn poll_ends(&self, _: &PolledTask, _: bool) {
        panic!("end");
    }
}

#[test]
fn a_panic_of_the_observer_stops_nothing() {
    let mut park = FakePark::new();
    let config = Config {
        observer: Some(Box::new(Panics)),
        ..Config::default()
    };
    let executor = Executor::new(config, park.unparker());
    let task = executor.spawn(async {
        yield_now().await;
        7
    });
    assert_eq!(executor.block_on(&mut park, task).unwrap(), 7);
}
