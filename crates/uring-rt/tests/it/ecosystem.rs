//! Crates that know nothing of this one: combinators of futures-util, channels of tokio.

use std::rc::Rc;
use std::sync::Arc;
use std::thread;

use futures_util::stream::{FuturesUnordered, StreamExt};
use futures_util::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, FutureExt, join, select};
use tokio::sync::{Mutex, Notify, Semaphore, mpsc, oneshot, watch};
use uring_rt::time::{Duration, interval, sleep};

use crate::support::{echo, for_each_backend, for_each_runtime, tcp_pair};

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_micros(100);

#[test]
fn select_takes_whichever_is_first_and_loses_nothing() {
    for_each_backend(async || {
        let (mut ours, mut theirs) = tcp_pair().await;
        let mut buffer = [0; 4];
        for _ in 0..10 {
            select! {
                _ = ours.read(&mut buffer).fuse() => panic!("nothing was sent"),
                () = sleep(SHORT).fuse() => {}
            }
        }
        theirs.write_all(b"data").await.unwrap();
        select! {
            result = ours.read_exact(&mut buffer).fuse() => result.unwrap(),
            () = sleep(LONG).fuse() => panic!("an hour has passed"),
        }
        assert_eq!(&buffer, b"data");
    });
}

#[test]
fn join_runs_a_reader_and_a_writer_of_one_stream() {
    for_each_backend(async || {
        let (ours, theirs) = tcp_pair().await;
        let server = uring_rt::spawn(echo(theirs));
        let sent = crate::support::pattern(7, 400_000);
        let mut received = vec![0; sent.len()];
        let (written, read, ()) = join!(
            async { (&ours).write_all(&sent).await },
            async { (&ours).read_exact(&mut received).await },
            sleep(SHORT),
        );
        written.unwrap();
        read.unwrap();
        assert!(received == sent);
        drop(ours);
        server.await.unwrap().unwrap();
    });
}

#[test]
fn futures_unordered_finishes_hundreds_of_echoes_and_sleeps() {
    for_each_backend(async || {
        let mut all = FuturesUnordered::new();
        for n in 0..200_u8 {
            all.push(async move {
                let (mut ours, theirs) = tcp_pair().await;
                let server = uring_rt::spawn(echo(theirs));
                let mut answer = [0; 2];
                ours.write_all(&[n; 2]).await.unwrap();
                sleep(SHORT * u32::from(n % 7)).await;
                ours.read_exact(&mut answer).await.unwrap();
                assert_eq!(answer, [n; 2]);
                drop(ours);
                server.await.unwrap().unwrap();
            });
        }
        let mut finished = 0;
        while all.next().await.is_some() {
            finished += 1;
        }
        assert_eq!(finished, 200);
    });
}

#[test]
fn streams_of_lines_and_of_ticks_work() {
    for_each_backend(async || {
        let (ours, mut theirs) = tcp_pair().await;
        theirs.write_all(b"one\ntwo\nthree\n").await.unwrap();
        drop(theirs);
        let lines = futures_util::io::BufReader::new(ours).lines();
        let ticks = interval(SHORT);
        let lines: Vec<String> = lines
            .zip(ticks)
            .map(|(line, _)| line.unwrap())
            .collect()
            .await;
        assert_eq!(lines, ["one", "two", "three"]);
    });
}

#[test]
fn copy_and_split_of_futures_util_work() {
    for_each_backend(async || {
        let (ours, mut client) = tcp_pair().await;
        let copier = uring_rt::spawn(async move {
            let (read, mut write) = ours.split();
            futures_util::io::copy(read, &mut write).await
        });
        client.write_all(b"copied").await.unwrap();
        client.read_exact(&mut [0; 6]).await.unwrap();
        client.close().await.unwrap();
        assert_eq!(copier.await.unwrap().unwrap(), 6);
    });
}

#[test]
fn channels_of_tokio_carry_from_task_to_task() {
    for_each_backend(async || {
        let (send, mut receive) = mpsc::channel(2);
        let (done, is_done) = oneshot::channel();
        drop(uring_rt::spawn(async move {
            for n in 0..500_u32 {
                send.send(n).await.unwrap();
            }
            done.send("done").unwrap();
        }));
        let mut sum = 0;
        while let Some(n) = receive.recv().await {
            sum += n;
        }
        assert_eq!((sum, is_done.await), (499 * 500 / 2, Ok("done")));
    });
}

#[test]
fn channels_of_tokio_wake_from_another_thread() {
    for_each_runtime(|runtime| {
        let (send, mut receive) = mpsc::channel(1);
        let other = thread::spawn(move || {
            for n in 0..300_u32 {
                send.blocking_send(n).unwrap();
            }
        });
        runtime.block_on(async {
            for n in 0..300 {
                assert_eq!(receive.recv().await, Some(n));
            }
            assert_eq!(receive.recv().await, None);
        });
        other.join().unwrap();
    });
}

#[test]
fn notify_mutex_semaphore_and_watch_of_tokio_work() {
    for_each_backend(async || {
        let notify = Rc::new(Notify::new());
        let theirs = Rc::clone(&notify);
        let waits = uring_rt::spawn(async move { theirs.notified().await });
        sleep(SHORT).await;
        notify.notify_one();
        waits.await.unwrap();

        let counter = Arc::new(Mutex::new(0));
        let permits = Arc::new(Semaphore::new(2));
        let mut tasks = uring_rt::task::JoinSet::new();
        for _ in 0..20 {
            let (counter, permits) = (counter.clone(), permits.clone());
            tasks.spawn(async move {
                let _permit = permits.acquire().await.unwrap();
                let mut counter = counter.lock().await;
                sleep(Duration::from_micros(1)).await;
                *counter += 1;
            });
        }
        tasks.join_all().await;
        assert_eq!(*counter.lock().await, 20);

        let (set, mut watch) = watch::channel(0);
        let watches =
            uring_rt::spawn(async move { watch.changed().await.map(|()| *watch.borrow()) });
        sleep(SHORT).await;
        set.send(5).unwrap();
        assert_eq!(watches.await.unwrap().unwrap(), 5);
    });
}
