//! Combinators of futures-util over our sockets and timers. The facade's own tests have more of them.

use std::thread;

use futures_util::future::{AbortHandle, Abortable, Aborted, Shared};
use futures_util::lock::Mutex;
use futures_util::stream::{FuturesOrdered, StreamExt, TryStreamExt};
use futures_util::task::AtomicWaker;
use futures_util::{AsyncBufReadExt, AsyncWriteExt, FutureExt, future, join};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use uring_rt::net::{TcpListener, UnixStream};
use uring_rt::time::{Duration, sleep};

use crate::support::for_each_backend;

#[test]
fn buffered_streams_of_connections_keep_their_order() {
    for_each_backend(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = listener
            .incoming()
            .take(40)
            .try_for_each_concurrent(8, async |stream| {
                let mut lines = futures_util::io::BufReader::new(&stream).lines();
                let line = lines.next().await.unwrap()?;
                (&stream).write_all(format!("{line}!\n").as_bytes()).await
            });
        let clients = futures_util::stream::iter(0..40)
            .map(async |n: u32| {
                let mut stream = uring_rt::net::TcpStream::connect(address).await.unwrap();
                stream.write_all(format!("{n}\n").as_bytes()).await.unwrap();
                let mut lines = futures_util::io::BufReader::new(stream).lines();
                lines.next().await.unwrap().unwrap()
            })
            .buffered(8)
            .collect::<Vec<_>>();
        let (served, answers) = join!(server, clients);
        served.unwrap();
        let expected: Vec<_> = (0..40).map(|n| format!("{n}!")).collect();
        assert_eq!(answers, expected);
    });
}

#[test]
fn an_atomic_waker_and_a_shared_future_wake_across_threads() {
    for_each_backend(async || {
        let flag = Arc::new((AtomicWaker::new(), AtomicBool::new(false)));
        let theirs = Arc::clone(&flag);
        let is_set = future::poll_fn(move |cx| {
            flag.0.register(cx.waker());
            match flag.1.load(Ordering::Acquire) {
                true => Poll::Ready(7),
                false => Poll::Pending,
            }
        });
        let shared: Shared<_> = is_set.boxed().shared();
        let waits: Vec<_> = (0..3).map(|_| uring_rt::spawn(shared.clone())).collect();
        let other = thread::spawn(move || {
            theirs.1.store(true, Ordering::Release);
            theirs.0.wake();
        });
        for waits in waits {
            assert_eq!(waits.await.unwrap(), 7);
        }
        other.join().unwrap();
    });
}

#[test]
fn an_abort_from_a_thread_ends_a_read_and_leaves_the_stream_whole() {
    for_each_backend(async || {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let ours = Mutex::new(futures_util::io::BufReader::new(ours));
        let (handle, registration) = AbortHandle::new_pair();
        let read = async {
            let mut line = String::new();
            ours.lock().await.read_line(&mut line).await.unwrap();
        };
        let other = thread::spawn(move || handle.abort());
        assert_eq!(Abortable::new(read, registration).await, Err(Aborted));
        other.join().unwrap();

        theirs.write_all(b"whole\n").await.unwrap();
        let mut line = String::new();
        ours.lock().await.read_line(&mut line).await.unwrap();
        assert_eq!(line, "whole\n");
    });
}

#[test]
fn ordered_futures_give_what_timers_finish_in_another_order() {
    for_each_backend(async || {
        let naps = [3_u64, 1, 2].map(|n| async move {
            sleep(Duration::from_micros(n * 200)).await;
            n
        });
        let ordered: FuturesOrdered<_> = naps.into_iter().collect();
        assert_eq!(ordered.collect::<Vec<_>>().await, [3, 1, 2]);
    });
}
