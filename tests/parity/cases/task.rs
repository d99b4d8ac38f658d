//! `task`: spawning, joining, aborting.

use std::future::{pending, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use tokio::sync::oneshot;

use crate::rt;
use crate::rt::runtime::Handle;
use crate::rt::task::{self, JoinError, JoinHandle, spawn, spawn_blocking, yield_now};
use crate::support::{Log, SaysDropped, panics, poll, text_of};

async fn joined(handle: JoinHandle<u8>) -> Result<u8, JoinError> {
    handle.await
}

#[rt::test]
async fn a_join_handle_gives_the_output() {
    assert_eq!(joined(spawn(async { 1 })).await.unwrap(), 1);
    assert_eq!(
        joined(Handle::current().spawn(async { 2 })).await.unwrap(),
        2
    );
    assert_eq!(joined(spawn_blocking(|| 3)).await.unwrap(), 3);
}

#[rt::test]
async fn tasks_begin_in_the_order_of_their_spawning_and_take_turns() {
    let log = Log::default();
    let tasks: Vec<_> = ["a", "b", "c"]
        .map(|name| {
            let log = log.clone();
            spawn(async move {
                for round in 0..2 {
                    log.add(format!("{name}{round}"));
                    yield_now().await;
                }
            })
        })
        .into();
    assert!(log.lines().is_empty(), "a spawn runs nothing by itself");
    for task in tasks {
        task.await.unwrap();
    }
    let lines = log.lines();
    assert_eq!(lines[..3], ["a0", "b0", "c0"]);
    // Those that have yielded go on in an order that tokio does not promise (it is the reverse one there).
    let mut again = lines[3..].to_vec();
    again.sort();
    assert_eq!(again, ["a1", "b1", "c1"]);
}

#[rt::test]
async fn a_dropped_handle_detaches() {
    let (tell, told) = oneshot::channel();
    drop(spawn(async move { tell.send(5).unwrap() }));
    assert_eq!(told.await.unwrap(), 5);
}

#[rt::test]
async fn aborted_before_its_first_poll_a_task_never_runs_and_its_future_is_dropped() {
    let log = Log::default();
    let (ran, kept) = (log.clone(), SaysDropped(log.clone(), "future"));
    let task = spawn(async move {
        let _kept = kept;
        ran.add("ran");
    });
    task.abort();
    let error = task.await.unwrap_err();
    assert!(error.is_cancelled() && !error.is_panic());
    assert_eq!(log.lines(), ["future dropped"]);
}

#[rt::test]
async fn aborted_while_it_waits_a_task_is_dropped_where_it_stands() {
    let log = Log::default();
    let theirs = log.clone();
    let task = spawn(async move {
        let _kept = SaysDropped(theirs.clone(), "local");
        theirs.add("waits");
        pending::<()>().await;
        theirs.add("goes on");
    });
    yield_now().await;
    task.abort();
    assert!(!task.is_finished(), "an abort is a request");
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(log.lines(), ["waits", "local dropped"]);
}

#[rt::test]
async fn an_abort_after_the_end_changes_nothing() {
    let task = spawn(async { 4 });
    yield_now().await;
    assert!(task.is_finished());
    task.abort();
    assert_eq!(task.await.unwrap(), 4);
}

#[rt::test]
async fn a_task_that_aborts_itself_ends_at_its_next_suspension() {
    let log = Log::default();
    let theirs = log.clone();
    let (give, get) = oneshot::channel::<task::AbortHandle>();
    let task = spawn(async move {
        get.await.unwrap().abort();
        theirs.add("goes on");
        yield_now().await;
        theirs.add("too far");
    });
    give.send(task.abort_handle()).unwrap();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(log.lines(), ["goes on"]);
}

#[rt::test]
async fn a_task_that_completes_in_the_poll_of_its_abort_keeps_its_output() {
    let (give, get) = oneshot::channel::<task::AbortHandle>();
    let task = spawn(async move {
        get.await.unwrap().abort();
        6
    });
    give.send(task.abort_handle()).unwrap();
    assert_eq!(task.await.unwrap(), 6);
}

#[rt::test]
async fn an_abort_handle_knows_its_task_and_may_be_cloned() {
    let task = spawn(pending::<()>());
    let abort = task.abort_handle();
    let other = abort.clone();
    assert_eq!((abort.id(), other.id()), (task.id(), task.id()));
    assert!(!abort.is_finished());
    drop(abort);
    other.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(other.is_finished());
}

#[rt::test]
async fn a_panic_comes_with_its_payload() {
    let text = spawn(async { panic!("a {}", "text") }).await.unwrap_err();
    assert!(text.is_panic() && !text.is_cancelled());
    assert_eq!(text_of(text.into_panic().as_ref()), "a text");
    let literal = spawn(async { panic!("literal") }).await.unwrap_err();
    let payload = literal.try_into_panic().unwrap();
    assert_eq!(*payload.downcast_ref::<&str>().unwrap(), "literal");
    let number = spawn(async { std::panic::panic_any(7_u8) }).await;
    assert_eq!(
        *number.unwrap_err().into_panic().downcast::<u8>().unwrap(),
        7
    );
    let blocking = spawn_blocking(|| panic!("elsewhere")).await.unwrap_err();
    assert_eq!(text_of(blocking.into_panic().as_ref()), "elsewhere");
}

#[rt::test]
async fn a_cancellation_has_no_payload() {
    let cancelled = || async {
        let task = spawn(pending::<()>());
        task.abort();
        task.await.unwrap_err()
    };
    assert!(cancelled().await.try_into_panic().is_err());
    let error = cancelled().await;
    assert!(panics(|| error.into_panic()));
}

#[rt::test]
async fn a_join_error_says_what_happened() {
    let task = spawn(async { panic!("why") });
    let id = task.id();
    let error = task.await.unwrap_err();
    assert_eq!(error.id(), id);
    assert_eq!(
        error.to_string(),
        format!("task {id} panicked with message \"why\"")
    );
    assert_eq!(
        format!("{error:?}"),
        format!("JoinError::Panic({id:?}, \"why\", ...)")
    );
    assert_eq!(io::Error::from(error).to_string(), "task panicked");
    let task = spawn(pending::<()>());
    task.abort();
    let id = task.id();
    let error = task.await.unwrap_err();
    assert_eq!(error.to_string(), format!("task {id} was cancelled"));
    assert_eq!(
        format!("{error:?}"),
        format!("JoinError::Cancelled({id:?})")
    );
    let error = io::Error::from(error);
    assert_eq!(error.kind(), io::ErrorKind::Other);
    assert_eq!(error.to_string(), "task was cancelled");
}

#[rt::test]
async fn polled_again_after_the_end_a_join_handle_panics() {
    let mut task = pin!(spawn(async {}));
    task.as_mut().await.unwrap();
    assert!(panics(|| poll(task.as_mut())));
}

#[rt::test]
async fn a_join_handle_that_is_not_awaited_drops_the_output() {
    let log = Log::default();
    let theirs = log.clone();
    let task = spawn(async move { SaysDropped(theirs, "output") });
    yield_now().await;
    assert!(log.lines().is_empty(), "it is kept for the handle");
    drop(task);
    assert_eq!(log.lines(), ["output dropped"]);
}

#[rt::test]
async fn ids_are_those_of_the_tasks() {
    assert!(task::try_id().is_none(), "the root is no task");
    let one = spawn(async { task::id() });
    let other = spawn(async { task::try_id().unwrap() });
    let blocking = spawn_blocking(task::id);
    let ids = (one.id(), other.id(), blocking.id());
    assert_ne!(ids.0, ids.1);
    let seen = (
        one.await.unwrap(),
        other.await.unwrap(),
        blocking.await.unwrap(),
    );
    assert_eq!(seen, ids);
}

#[test]
fn an_id_outside_of_a_task_panics() {
    assert!(panics(task::id));
    assert!(task::try_id().is_none());
}

#[test]
fn a_blocking_call_aborted_in_the_queue_never_runs_and_one_that_runs_goes_on() {
    let runtime = rt::runtime::Builder::new_current_thread()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    let (begun, begins) = std::sync::mpsc::channel();
    let (go, goes) = std::sync::mpsc::channel::<()>();
    let ran = Arc::new(AtomicBool::new(false));
    let theirs = Arc::clone(&ran);
    let first = runtime.spawn_blocking(move || {
        begun.send(()).unwrap();
        goes.recv().unwrap();
        1
    });
    begins.recv().unwrap();
    let second = runtime.spawn_blocking(move || theirs.store(true, Ordering::Relaxed));
    second.abort();
    first.abort();
    // An abort is a request to the runtime, which has to have seen it before the thread comes to the second call.
    runtime.block_on(yield_now());
    go.send(()).unwrap();
    let third = runtime.spawn_blocking(|| 3);
    runtime.block_on(async {
        assert_eq!(first.await.unwrap(), 1, "the abort came too late");
        assert!(second.await.unwrap_err().is_cancelled());
        assert_eq!(third.await.unwrap(), 3);
    });
    assert!(!ran.load(Ordering::Relaxed));
}

#[rt::test]
async fn yield_now_lets_what_is_ready_run_first() {
    let log = Log::default();
    let theirs = log.clone();
    let task = spawn(async move { theirs.add("task") });
    yield_now().await;
    log.add("root");
    task.await.unwrap();
    assert_eq!(log.lines(), ["task", "root"]);
}

#[rt::test]
async fn yield_now_is_pending_once() {
    let mut yields = pin!(yield_now());
    let mut pending = 0;
    poll_fn(|cx| match yields.as_mut().poll(cx) {
        Poll::Pending => {
            pending += 1;
            Poll::Pending
        }
        ready => ready,
    })
    .await;
    assert_eq!(pending, 1);
}

#[rt::test]
async fn a_panic_while_a_task_is_dropped_ends_in_the_join_error() {
    struct Falls;
    impl Drop for Falls {
        fn drop(&mut self) {
            panic!("in the destructor");
        }
    }
    let task = spawn(async {
        let _falls = Falls;
        pending::<()>().await;
    });
    yield_now().await;
    task.abort();
    let error = task.await.unwrap_err();
    assert_eq!(text_of(error.into_panic().as_ref()), "in the destructor");
}
