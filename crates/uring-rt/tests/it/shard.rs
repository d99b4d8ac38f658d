//! Many runtimes: where they run, how they are reached, how they end.

mod ends;
mod listen;
mod traps;

use std::cell::Cell;
use std::rc::Rc;
use std::thread;

use futures_channel::mpsc;
use futures_util::StreamExt;
use rustix::thread::{CpuSet, sched_getaffinity};
use uring_rt::runtime::{Backend, Runtime};
use uring_rt::shard::{self, Builder, Shards};
use uring_rt::task::{JoinHandle, spawn_blocking, yield_now};
use uring_rt::time::Duration;

/// Longer than anything takes.
const LONG: Duration = Duration::from_secs(60);

thread_local! {
    /// Whether this shard is to fall, as soon as a hook of its thread has seen this.
    static FALLS: Cell<bool> = const { Cell::new(false) };
}

/// So many, on each backend; or on the one that the environment decides.
fn for_each_backend(count: usize, test: impl Fn(Shards)) {
    for backend in [Backend::Auto, Backend::Epoll] {
        let mut builder = Builder::new();
        builder.shards(count).runtime(move |_, runtime| {
            runtime.backend(backend);
        });
        test(builder.build().unwrap());
    }
}

fn wait<T>(task: JoinHandle<T>) -> T {
    Runtime::new().unwrap().block_on(task).unwrap()
}

fn cpus() -> Vec<usize> {
    let allowed = sched_getaffinity(None).unwrap();
    let all = 0..CpuSet::MAX_CPU;
    all.filter(|&cpu| allowed.is_set(cpu)).collect()
}

#[test]
fn each_shard_has_a_thread_and_a_core_and_its_blocking_calls_have_all() {
    let everywhere = cpus();
    // One more than there are cores: they are taken in turn.
    let count = everywhere.len() + 1;
    for_each_backend(count, |shards| {
        let found = shards.broadcast(|shard| async move {
            assert_eq!(shard::current(), Some(shard));
            let elsewhere = spawn_blocking(|| (cpus(), shard::current()));
            let name = thread::current().name().map(str::to_owned);
            (
                thread::current().id(),
                name,
                cpus(),
                elsewhere.await.unwrap(),
            )
        });
        let mut threads = Vec::new();
        for (shard, task) in found.into_iter().enumerate() {
            let (thread, name, here, elsewhere) = wait(task);
            assert_eq!(name, Some(format!("shard-{shard}")));
            assert_eq!(here, [everywhere[shard % everywhere.len()]]);
            assert_eq!(shards.cpu(shard), Some(here[0]));
            assert_eq!(elsewhere, (everywhere.clone(), None));
            assert!(!threads.contains(&thread));
            threads.push(thread);
        }
        shards.shutdown(LONG).unwrap();
    });
    // This thread was left alone.
    assert_eq!(cpus(), everywhere);
}

#[test]
fn a_shard_that_is_not_to_be_pinned_runs_where_its_builder_does() {
    let shards = Builder::new().shards(2).pinned(false).build().unwrap();
    assert_eq!(shards.cpu(1), None);
    assert_eq!(wait(shards.spawn_on(1, async || cpus())), cpus());
    shards.shutdown(LONG).unwrap();
}

#[test]
fn by_default_there_is_a_shard_for_each_core() {
    let shards = Shards::new().unwrap();
    assert_eq!(
        shards.count(),
        thread::available_parallelism().unwrap().get()
    );
}

#[test]
fn a_future_that_is_not_send_is_made_and_run_on_its_shard() {
    for_each_backend(3, |shards| {
        let task = shards.spawn_on(2, || async {
            let local = Rc::new(Cell::new(0));
            let other = Rc::clone(&local);
            let task = uring_rt::spawn(async move { other.set(other.get() + 7) });
            yield_now().await;
            task.await.unwrap();
            (local.get(), shard::current())
        });
        assert_eq!(wait(task), (7, Some(2)));
        shards.shutdown(LONG).unwrap();
    });
}

#[test]
fn messages_go_round_all_shards() {
    const COUNT: usize = 3;
    const ROUNDS: u32 = 2000;
    for_each_backend(COUNT, |shards| {
        // One message goes round: each shard sleeps until it comes, woken by the one before.
        let (mut senders, mut receivers): (Vec<_>, Vec<_>) =
            (0..COUNT).map(|_| mpsc::unbounded::<u32>()).unzip();
        senders.rotate_left(1);
        let tasks: Vec<_> = (0..COUNT)
            .rev()
            .map(|shard| {
                let (send, mut receive) = (senders.pop().unwrap(), receivers.pop().unwrap());
                shards.spawn_on(shard, move || async move {
                    if shard == 0 {
                        send.unbounded_send(0).unwrap();
                    }
                    while let Some(n) = receive.next().await {
                        // The neighbour that has seen the last one is gone.
                        if n == ROUNDS || send.unbounded_send(n + 1).is_err() {
                            break;
                        }
                    }
                })
            })
            .collect();
        tasks.into_iter().for_each(wait);
        shards.shutdown(LONG).unwrap();
    });
}

#[test]
fn a_handle_reaches_a_shard_from_a_task_of_another() {
    for_each_backend(2, |shards| {
        let other = shards.handle(1).clone();
        let task = shards.spawn_on(0, move || async move {
            let there = other.spawn(async { shard::current() }).await.unwrap();
            (shard::current(), there)
        });
        assert_eq!(wait(task), (Some(0), Some(1)));
    });
}

#[test]
#[should_panic(expected = "there is no shard 2: there are 2, counted from 0")]
fn a_shard_that_is_not_there_is_named() {
    let shards = Builder::new().shards(2).build().unwrap();
    shards.spawn_on(2, async || ());
}

#[test]
#[should_panic(expected = "uring_rt::shard::stopping was called on a thread that is no shard")]
fn stopping_is_for_shards() {
    drop(shard::stopping());
}
