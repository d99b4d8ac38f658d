//! `task::JoinSet`.

use std::future::{pending, poll_fn};
use std::task::Poll;

use tokio::sync::oneshot;

use crate::rt;
use crate::rt::runtime::Handle;
use crate::rt::task::{JoinSet, yield_now};
use crate::support::{Log, SaysDropped, panics, runtime, text_of};

#[rt::test]
async fn tasks_are_joined_in_the_order_of_their_completion() {
    let mut set = JoinSet::new();
    let (first, second) = (oneshot::channel::<()>(), oneshot::channel::<()>());
    set.spawn(async move {
        first.1.await.unwrap();
        1
    });
    set.spawn(async move {
        second.1.await.unwrap();
        2
    });
    set.spawn(async { 3 });
    assert_eq!(set.join_next().await.unwrap().unwrap(), 3);
    second.0.send(()).unwrap();
    assert_eq!(set.join_next().await.unwrap().unwrap(), 2);
    first.0.send(()).unwrap();
    assert_eq!(set.join_next().await.unwrap().unwrap(), 1);
    assert!(set.join_next().await.is_none() && set.is_empty());
}

#[rt::test]
async fn an_empty_set_has_nothing_to_wait_for() {
    let mut set = JoinSet::<()>::default();
    assert!(set.join_next().await.is_none());
    assert!(set.join_next_with_id().await.is_none());
    assert!(set.try_join_next().is_none());
    assert!(poll_fn(|cx| set.poll_join_next(cx)).await.is_none());
    assert!(set.join_all().await.is_empty());
}

#[rt::test]
async fn a_task_stays_in_the_set_until_it_is_joined() {
    let mut set: JoinSet<_> = (0..3).map(|n| async move { n }).collect();
    assert!(set.try_join_next().is_none(), "none has run");
    yield_now().await;
    assert_eq!(set.len(), 3);
    let mut seen = Vec::new();
    while let Some(joined) = set.try_join_next() {
        seen.push(joined.unwrap());
    }
    assert_eq!((seen, set.len()), (vec![0, 1, 2], 0));
}

#[rt::test]
async fn ids_come_with_outputs_and_with_errors() {
    let mut set = JoinSet::new();
    let fine = set.spawn(async { 1 }).id();
    assert_eq!(set.join_next_with_id().await.unwrap().unwrap(), (fine, 1));
    let falls = set.spawn(async { panic!("falls") }).id();
    let error = set.join_next_with_id().await.unwrap().unwrap_err();
    assert!(error.is_panic());
    assert_eq!(error.id(), falls);
    let abort = set.spawn(pending());
    abort.abort();
    let error = poll_fn(|cx| set.poll_join_next_with_id(cx)).await;
    assert_eq!(error.unwrap().unwrap_err().id(), abort.id());
    set.spawn(async { 2 });
    yield_now().await;
    assert_eq!(set.try_join_next_with_id().unwrap().unwrap().1, 2);
}

#[rt::test]
async fn a_dropped_wait_has_lost_nothing() {
    let mut set = JoinSet::new();
    let (go, goes) = oneshot::channel();
    set.spawn(async move { goes.await.unwrap() });
    {
        let mut waits = std::pin::pin!(set.join_next());
        let polled = poll_fn(|cx| Poll::Ready(waits.as_mut().poll(cx))).await;
        assert!(polled.is_pending());
    }
    go.send(8).unwrap();
    assert_eq!(set.join_next().await.unwrap().unwrap(), 8);
}

#[rt::test]
async fn abort_all_leaves_the_cancelled_to_be_joined() {
    let mut set = JoinSet::new();
    set.spawn(pending::<u8>());
    set.spawn(async { 1 });
    yield_now().await;
    set.abort_all();
    let mut outcomes = Vec::new();
    while let Some(joined) = set.join_next().await {
        outcomes.push(joined.ok());
    }
    outcomes.sort();
    assert_eq!(outcomes, [None, Some(1)], "one had completed before");
}

#[rt::test]
async fn shutdown_returns_when_the_futures_are_dropped() {
    let log = Log::default();
    let theirs = log.clone();
    let mut set = JoinSet::new();
    set.spawn(async move {
        let _kept = SaysDropped(theirs, "future");
        pending::<()>().await;
    });
    yield_now().await;
    set.shutdown().await;
    assert!(set.is_empty());
    assert_eq!(log.lines(), ["future dropped"]);
}

#[rt::test]
async fn dropping_the_set_aborts_and_detaching_does_not() {
    let log = Log::default();
    let add = |set: &mut JoinSet<()>, name: &'static str| {
        let log = log.clone();
        set.spawn(async move {
            let _kept = SaysDropped(log.clone(), name);
            yield_now().await;
            log.add(format!("{name} ran on"));
        });
    };
    let mut set = JoinSet::new();
    add(&mut set, "aborted");
    yield_now().await;
    drop(set);
    let mut set = JoinSet::new();
    add(&mut set, "detached");
    set.detach_all();
    assert!(set.is_empty());
    for _ in 0..4 {
        yield_now().await;
    }
    let lines = log.lines();
    assert!(lines.contains(&"aborted dropped".into()), "{lines:?}");
    assert!(!lines.contains(&"aborted ran on".into()), "{lines:?}");
    assert!(lines.contains(&"detached ran on".into()), "{lines:?}");
}

#[rt::test]
async fn join_all_gives_the_outputs_and_passes_a_panic_on() {
    let mut set = JoinSet::new();
    for n in 0..4 {
        set.spawn(async move { n });
    }
    let mut all = set.join_all().await;
    all.sort_unstable();
    assert_eq!(all, [0, 1, 2, 3]);
}

#[test]
fn join_all_panics_as_its_task_did_or_for_one_that_was_cancelled() {
    let payload = std::panic::catch_unwind(|| {
        runtime().block_on(async {
            let mut set = JoinSet::new();
            set.spawn(async { panic!("of the task") });
            let _: Vec<()> = set.join_all().await;
        });
    });
    assert_eq!(text_of(payload.unwrap_err().as_ref()), "of the task");
    let cancelled = || {
        runtime().block_on(async {
            let mut set = JoinSet::new();
            set.spawn(pending::<()>()).abort();
            set.join_all().await
        })
    };
    assert!(panics(cancelled));
}

#[test]
fn tasks_are_put_on_another_runtime_and_on_its_pool() {
    let runtime = runtime();
    let mut set = JoinSet::new();
    set.spawn_on(async { 1 }, runtime.handle());
    set.spawn_blocking_on(|| 2, runtime.handle());
    runtime.block_on(async {
        set.spawn_blocking(|| 3);
        set.extend([async { 4 }]);
        set.spawn_on(async { 5 }, &Handle::current());
    });
    let mut all = runtime.block_on(set.join_all());
    all.sort_unstable();
    assert_eq!(all, [1, 2, 3, 4, 5]);
}

#[test]
fn a_spawn_outside_of_a_runtime_panics_and_changes_nothing() {
    let mut set = JoinSet::new();
    assert!(panics(|| set.spawn(async {})));
    assert!(panics(|| set.spawn_blocking(|| ())));
    assert!(set.is_empty());
    assert_eq!(format!("{set:?}"), "JoinSet { len: 0 }");
}
