//! Nobody starves: tasks whose sockets are always ready, tasks that wake themselves.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use futures_util::{AsyncReadExt, AsyncWriteExt};
use uring_rt::runtime::{Builder, Handle};
use uring_rt::time::{Duration, sleep};

use crate::support::{backends, echo, for_each_backend, tcp_pair};

/// Something that takes both sockets and timers a good number of turns.
async fn ordinary_work() {
    let (mut ours, theirs) = tcp_pair().await;
    let server = uring_rt::spawn(echo(theirs));
    for round in 0..50_u8 {
        let mut answer = [0; 3];
        ours.write_all(&[round; 3]).await.unwrap();
        ours.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer, [round; 3]);
    }
    sleep(Duration::from_micros(100)).await;
    drop(ours);
    server.await.unwrap().unwrap();
}

#[test]
fn a_stream_with_data_for_ever_leaves_room_for_others() {
    for_each_backend(async || {
        let (hogged, mut theirs) = tcp_pair().await;
        theirs.write_all(b"x").await.unwrap();
        let peeks = Rc::new(Cell::new(0_u64));
        let count = Rc::clone(&peeks);
        let hog = uring_rt::spawn(async move {
            loop {
                hogged.peek(&mut [0]).await.unwrap();
                count.set(count.get() + 1);
            }
        });
        ordinary_work().await;
        hog.abort();
        assert!(peeks.get() > 0, "it was running all the time");
        assert!(
            Handle::current()
                .metrics()
                .snapshot()
                .executor
                .budget_yields
                > 0
        );
    });
}

#[test]
fn readiness_that_nobody_uses_leaves_room_for_others() {
    for_each_backend(async || {
        let (hogged, _theirs) = tcp_pair().await;
        let hog = uring_rt::spawn(async move {
            loop {
                hogged.writable().await.unwrap();
            }
        });
        ordinary_work().await;
        hog.abort();
    });
}

#[test]
fn a_root_that_hogs_leaves_room_for_tasks() {
    for_each_backend(async || {
        let (hogged, _theirs) = tcp_pair().await;
        let work = uring_rt::spawn(ordinary_work());
        while !work.is_finished() {
            hogged.writable().await.unwrap();
        }
        work.await.unwrap();
    });
}

#[test]
fn a_task_that_wakes_itself_leaves_room_for_sockets_at_any_interval() {
    for polls in [1, 2, 61, 1000] {
        for (_, mut builder) in backends() {
            let runtime = builder.event_interval(polls).build().unwrap();
            drop(runtime.spawn(poll_fn(|cx| {
                cx.waker().wake_by_ref();
                Poll::<()>::Pending
            })));
            runtime.block_on(ordinary_work());
        }
    }
}

#[test]
fn a_small_budget_still_makes_progress() {
    for budget in [0, 1, 2] {
        let runtime = Builder::new().task_budget(budget).build().unwrap();
        runtime.block_on(ordinary_work());
        assert!(runtime.metrics().snapshot().executor.budget_yields > 0);
    }
}

#[test]
fn looks_at_the_kernel_are_as_often_as_asked_for() {
    let turns = |interval: u32| {
        let runtime = Builder::new().event_interval(interval).build().unwrap();
        let mut polls = 0;
        runtime.block_on(poll_fn(|cx| {
            polls += 1;
            cx.waker().wake_by_ref();
            if polls > 1000 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }));
        runtime.metrics().snapshot().reactor.turns
    };
    assert_eq!((turns(1), turns(10), turns(100)), (1000, 100, 10));
}
