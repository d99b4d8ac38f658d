//! How shards end: asked to, cut off, fallen.

use std::future::pending;
use std::panic::panic_any;
use std::sync::mpsc;
use std::thread;

use futures_channel::oneshot;
use uring_rt::runtime::{Backend, Runtime};
use uring_rt::shard::{Builder, Outcome, stopping};
use uring_rt::task::yield_now;
use uring_rt::time::sleep;

use super::{FALLS, LONG, for_each_backend, wait};
use crate::seccomp::under_filter;
use crate::support::{is_overridden, panic_text};

/// Says on which thread it was dropped.
struct Dropped(mpsc::Sender<thread::ThreadId>);

impl Drop for Dropped {
    fn drop(&mut self) {
        let _ = self.0.send(thread::current().id());
    }
}

#[test]
fn a_shutdown_waits_for_tasks_that_end_when_they_hear_of_it() {
    for_each_backend(3, |shards| {
        let (tell, told) = mpsc::channel();
        let outside = shards.stopping();
        shards.broadcast(move |shard| async move {
            stopping().await;
            // What is left to do takes more than one turn.
            for _ in 0..10 {
                yield_now().await;
            }
            uring_rt::spawn(sleep(uring_rt::time::Duration::from_millis(1)))
                .await
                .unwrap();
            tell.send(shard).unwrap();
        });
        shards.shutdown(LONG).unwrap();
        let mut told: Vec<_> = told.try_iter().collect();
        told.sort_unstable();
        assert_eq!(told, [0, 1, 2]);
        Runtime::new().unwrap().block_on(outside);
    });
}

#[test]
fn a_task_that_was_spawned_right_before_the_shutdown_is_run() {
    for_each_backend(2, |shards| {
        for _ in 0..100 {
            let (tell, told) = mpsc::channel();
            shards.spawn_on(1, move || async move { tell.send(7) });
            // Whether it has begun or not.
            drop(told);
        }
        let (tell, told) = mpsc::channel();
        shards.spawn_on(1, move || async move { tell.send(7).unwrap() });
        shards.shutdown(LONG).unwrap();
        assert_eq!(told.try_recv(), Ok(7));
    });
}

#[test]
fn patience_ends_and_what_is_left_is_dropped_at_home_and_counted() {
    for backend in [Backend::Auto, Backend::Epoll] {
        // The clocks of the shards stand still, and move on when nothing else can happen: no minute passes.
        let mut builder = Builder::new();
        builder.shards(2).runtime(move |_, runtime| {
            runtime.backend(backend).start_paused(true);
        });
        let shards = builder.build().unwrap();
        let home = wait(shards.spawn_on(1, async || thread::current().id()));
        let (tell, told) = mpsc::channel();
        let mut tasks = Vec::new();
        for _ in 0..3 {
            let dropped = Dropped(tell.clone());
            tasks.push(shards.spawn_on(1, move || async move {
                let _dropped = dropped;
                pending::<()>().await;
            }));
        }
        tasks.pop().unwrap().abort();
        let error = shards.shutdown(LONG).unwrap_err();
        assert_eq!(
            error.outcomes(),
            [Outcome::Finished, Outcome::CutOff { tasks: 2 }]
        );
        assert_eq!(told.try_iter().collect::<Vec<_>>(), [home; 3]);
        let runtime = Runtime::new().unwrap();
        for task in tasks {
            assert!(runtime.block_on(task).unwrap_err().is_cancelled());
        }
    }
}

#[test]
fn dropped_shards_drop_their_tasks_at_home() {
    for_each_backend(2, |shards| {
        let (tell, told) = mpsc::channel();
        let homes = shards.broadcast(move |_| async move {
            let _dropped = Dropped(tell);
            stopping().await;
            // It is not waited for.
            pending::<()>().await;
        });
        drop(homes);
        let homes = shards.broadcast(|_| async { thread::current().id() });
        let homes: Vec<_> = homes.into_iter().map(wait).collect();
        drop(shards);
        let mut where_dropped: Vec<_> = told.try_iter().collect();
        where_dropped.sort_by_key(|thread| homes.iter().position(|home| home == thread));
        assert_eq!(where_dropped, homes);
    });
}

#[test]
fn shards_that_are_dropped_on_one_of_them_end_all_the_same() {
    for_each_backend(2, |shards| {
        let (give, given) = oneshot::channel();
        let (tell, told) = mpsc::channel();
        let (begin, begun) = mpsc::channel();
        shards.broadcast(move |_| async move {
            let _dropped = Dropped(tell);
            begin.send(()).unwrap();
            pending::<()>().await;
        });
        shards.spawn_on(0, || async move {
            drop(given.await);
            pending::<()>().await;
        });
        assert_eq!(begun.iter().take(2).count(), 2);
        assert!(give.send(shards).is_ok());
        // Both tasks are dropped, and with the last one the channel.
        assert_eq!(told.iter().count(), 2);
    });
}

#[test]
fn a_shard_cannot_wait_for_its_own_end() {
    for_each_backend(2, |shards| {
        let (give, given) = oneshot::channel();
        let task = shards.spawn_on(0, || async move {
            let shards: uring_rt::shard::Shards = given.await.unwrap();
            panic_text(|| shards.shutdown(LONG))
        });
        assert!(give.send(shards).is_ok());
        let text = Runtime::new().unwrap().block_on(task);
        // The shards were dropped by the panic, and the task may have been cut off with them.
        if let Ok(text) = text {
            assert!(text.contains("cannot wait for its own end"), "{text}");
        }
    });
}

#[test]
fn a_task_that_panics_ends_alone() {
    for_each_backend(2, |shards| {
        let task = shards.spawn_on(0, || async { panic!("bad day") });
        let outcome = Runtime::new().unwrap().block_on(task);
        assert!(outcome.map(|never: ()| never).unwrap_err().is_panic());
        assert!(shards.is_running(0));
        assert_eq!(wait(shards.spawn_on(0, async || 7)), 7);
        shards.shutdown(LONG).unwrap();
    });
}

#[test]
fn a_shard_that_falls_is_reported_and_the_others_go_on() {
    for backend in [Backend::Auto, Backend::Epoll] {
        let (tell, told) = mpsc::channel();
        let mut builder = Builder::new();
        builder.shards(3).runtime(move |_, runtime| {
            // A hook of the thread, and not a task: nothing catches it but the shard's end.
            runtime.backend(backend).on_thread_park(|| {
                if FALLS.get() {
                    panic_any(41);
                }
            });
        });
        builder.on_shard_panic(move |panic| {
            let payload = panic.payload().downcast_ref::<i32>().copied();
            tell.send((panic.shard(), payload, panic.message().to_owned()))
                .unwrap();
            // Another panic is not one too many.
            panic!("and the hook as well");
        });
        let shards = builder.build().unwrap();
        let waits = shards.broadcast(|_| stopping());
        let task = shards.spawn_on(1, async || {
            FALLS.set(true);
            pending::<()>().await;
        });
        let expected = (1, Some(41), "a panic without a message".to_owned());
        assert_eq!(told.recv().unwrap(), expected);

        let runtime = Runtime::new().unwrap();
        assert!(runtime.block_on(task).unwrap_err().is_cancelled());
        let late = shards.spawn_on(1, async || 0);
        assert!(runtime.block_on(late).unwrap_err().is_cancelled());
        assert_eq!(wait(shards.spawn_on(0, async || 0)), 0);
        assert_eq!(wait(shards.spawn_on(2, async || 2)), 2);
        // The others still listen; one alone would have it all.
        let listeners = shards.listen("127.0.0.1:0").unwrap();
        assert_eq!(listeners.serve(|_| stopping()).len(), 2);

        let error = shards.shutdown(LONG).unwrap_err();
        let Outcome::Panicked { message } = &error.outcomes()[1] else {
            panic!("{error}");
        };
        assert_eq!(message, "a panic without a message");
        assert_eq!(
            error.to_string(),
            "shard 1: panicked: a panic without a message"
        );
        for (shard, waits) in waits.into_iter().enumerate() {
            let ended = runtime.block_on(waits);
            assert_eq!(ended.is_ok(), shard != 1);
        }
    }
}

#[test]
fn a_runtime_that_cannot_be_built_is_an_error_and_nothing_is_left() {
    if is_overridden() {
        return;
    }
    under_filter(libc::SYS_io_uring_setup, libc::EPERM, || {
        let mut builder = Builder::new();
        builder.shards(3).runtime(|shard, runtime| {
            let demanded = [Backend::Auto, Backend::IoUring, Backend::Epoll];
            runtime.backend(demanded[shard]);
        });
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
    });
}

#[test]
fn a_panic_of_the_closure_comes_to_whoever_builds() {
    let mut builder = Builder::new();
    builder
        .shards(2)
        .runtime(|shard, _| assert_ne!(shard, 1, "not this one"));
    let text = panic_text(|| builder.build().is_ok());
    assert!(text.contains("not this one"), "{text}");
}
