//! Channels of async-channel, between threads and between runtimes.

use std::thread;

use async_channel::{RecvError, bounded, unbounded};
use uring_rt::runtime::Runtime;
use uring_rt::task::JoinSet;

use crate::support::for_each_backend;

#[test]
fn a_channel_carries_between_two_runtimes_and_wakes_both() {
    const COUNT: u32 = 2000;
    for_each_backend(async || {
        // One message at a time, so that each side sleeps for the other.
        let (ask, asked) = bounded(1);
        let (answer, answers) = bounded(1);
        let other = thread::spawn(move || {
            let runtime = Runtime::new().unwrap();
            runtime.block_on(async {
                while let Ok(n) = asked.recv().await {
                    answer.send(n * 2).await.unwrap();
                }
            });
        });
        for n in 0..COUNT {
            ask.send(n).await.unwrap();
            assert_eq!(answers.recv().await, Ok(n * 2));
        }
        drop(ask);
        assert_eq!(answers.recv().await, Err(RecvError));
        other.join().unwrap();
    });
}

#[test]
fn each_message_goes_to_one_of_many_receivers() {
    const COUNT: u64 = 3000;
    for_each_backend(async || {
        let (send, receive) = unbounded();
        let mut workers = JoinSet::new();
        for _ in 0..5 {
            let receive = receive.clone();
            workers.spawn(async move {
                let mut sum = 0;
                while let Ok(n) = receive.recv().await {
                    sum += n;
                }
                sum
            });
        }
        let other = thread::spawn(move || {
            for n in 0..COUNT {
                send.send_blocking(n).unwrap();
            }
        });
        let sums = workers.join_all().await;
        assert_eq!(sums.iter().sum::<u64>(), COUNT * (COUNT - 1) / 2);
        other.join().unwrap();
    });
}
