//! Channels and locks of tokio's `sync`, which need no runtime of tokio. The facade's own tests have more of them.

use std::sync::Arc;
use std::thread;

use tokio::sync::{Barrier, Notify, RwLock, broadcast, mpsc, oneshot, watch};
use uring_rt::task::JoinSet;

use crate::support::for_each_backend;

#[test]
fn requests_go_to_a_thread_and_their_answers_come_back() {
    const COUNT: u64 = 1000;
    for_each_backend(async || {
        let (ask, mut asked) = mpsc::channel::<(u64, oneshot::Sender<u64>)>(4);
        let other = thread::spawn(move || {
            while let Some((n, answer)) = asked.blocking_recv() {
                answer.send(n * n).unwrap();
            }
        });
        let mut tasks = JoinSet::new();
        for n in 0..COUNT {
            let ask = ask.clone();
            tasks.spawn(async move {
                let (answer, is_answered) = oneshot::channel();
                ask.send((n, answer)).await.unwrap();
                assert_eq!(is_answered.await, Ok(n * n));
            });
        }
        drop(ask);
        tasks.join_all().await;
        other.join().unwrap();
    });
}

#[test]
fn a_broadcast_and_a_watch_reach_every_task_from_a_thread() {
    for_each_backend(async || {
        let (say, _) = broadcast::channel(16);
        let (set, value) = watch::channel(0);
        let ready = Arc::new(Barrier::new(9));
        let heard = Arc::new(RwLock::new(0));
        let all_heard = Arc::new(Notify::new());
        let mut tasks = JoinSet::new();
        for _ in 0..8 {
            let (mut hear, mut value) = (say.subscribe(), value.clone());
            let (ready, heard) = (Arc::clone(&ready), Arc::clone(&heard));
            let all_heard = Arc::clone(&all_heard);
            tasks.spawn(async move {
                ready.wait().await;
                assert_eq!(hear.recv().await, Ok("hello"));
                value.wait_for(|value| *value == 3).await.unwrap();
                let mut heard = heard.write().await;
                *heard += 1;
                if *heard == 8 {
                    all_heard.notify_one();
                }
            });
        }
        ready.wait().await;
        let other = thread::spawn(move || {
            say.send("hello").unwrap();
            (1..=3).for_each(|value| set.send(value).unwrap());
            // The senders live until then.
            (say, set)
        });
        all_heard.notified().await;
        tasks.join_all().await;
        assert_eq!(*heard.read().await, 8);
        drop(other.join().unwrap());
    });
}
