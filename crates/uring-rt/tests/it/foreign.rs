//! What was made in a runtime, polled by other executors on other threads.

use std::thread;

use futures_util::{AsyncReadExt, AsyncWriteExt};
use uring_rt::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use crate::support::{for_each_runtime, foreign_block_on, pattern, runtime, tcp_pair};

/// Keeps the runtime running while `elsewhere` runs on another thread.
fn beside<R: Send + 'static>(
    runtime: &uring_rt::runtime::Runtime,
    elsewhere: impl FnOnce() -> R + Send + 'static,
) -> R {
    let (done, is_done) = tokio::sync::oneshot::channel::<()>();
    let other = thread::spawn(move || {
        let result = elsewhere();
        drop(done);
        result
    });
    runtime.block_on(is_done).unwrap_err();
    other.join().unwrap()
}

#[test]
fn a_stream_reads_and_writes_elsewhere() {
    for_each_runtime(|runtime| {
        let (mut ours, mut theirs) = runtime.block_on(tcp_pair());
        let sent = pattern(6, 1_000_000);
        let expected = sent.clone();
        let writer = runtime.spawn(async move { theirs.write_all(&sent).await });
        let received = beside(runtime, move || {
            foreign_block_on(async {
                let mut received = vec![0; 1_000_000];
                ours.read_exact(&mut received).await.unwrap();
                received
            })
        });
        assert!(received == expected);
        runtime.block_on(writer).unwrap().unwrap();
    });
}

#[test]
fn a_listener_accepts_elsewhere_and_its_streams_work_there() {
    for_each_runtime(|runtime| {
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let client = runtime.spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"hello").await.unwrap();
            stream.read(&mut [0; 1]).await.unwrap()
        });
        beside(runtime, move || {
            foreign_block_on(async {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut buffer = [0; 5];
                stream.read_exact(&mut buffer).await.unwrap();
                assert_eq!(&buffer, b"hello");
            });
        });
        assert_eq!(
            runtime.block_on(client).unwrap(),
            0,
            "dropped elsewhere: the end is seen"
        );
    });
}

#[test]
fn a_unix_listener_accepts_elsewhere() {
    for_each_runtime(|runtime| {
        let path = crate::unix::fresh_path();
        let listener = {
            let _entered = runtime.enter();
            UnixListener::bind(&path).unwrap()
        };
        let client = runtime.spawn({
            let path = path.clone();
            async move {
                UnixStream::connect(path)
                    .await
                    .unwrap()
                    .read(&mut [0; 1])
                    .await
            }
        });
        beside(runtime, move || {
            foreign_block_on(async { drop(listener.accept().await.unwrap()) });
        });
        assert_eq!(runtime.block_on(client).unwrap().unwrap(), 0);
        std::fs::remove_file(path).unwrap();
    });
}

#[test]
fn a_socket_dropped_elsewhere_lets_go_of_the_kernel() {
    for_each_runtime(|runtime| {
        let (mut ours, theirs) = runtime.block_on(tcp_pair());
        let reader = runtime.spawn(async move { ours.read(&mut [0; 1]).await });
        // Waited on here, dropped there.
        let theirs = runtime.block_on(async {
            let mut theirs = theirs;
            let mut buffer = [0; 1];
            let waits =
                uring_rt::time::timeout(std::time::Duration::ZERO, theirs.read(&mut buffer));
            waits.await.unwrap_err();
            theirs
        });
        beside(runtime, move || drop(theirs));
        assert_eq!(runtime.block_on(reader).unwrap().unwrap(), 0);
        assert_eq!(runtime.metrics().snapshot().reactor.sources, 0);
    });
}

#[test]
fn two_runtimes_talk_to_each_other() {
    for_each_runtime(|ours| {
        let (give, get) = std::sync::mpsc::channel();
        let other = thread::spawn(move || {
            runtime().block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                give.send(listener.local_addr().unwrap()).unwrap();
                crate::support::echo(listener.accept().await.unwrap().0)
                    .await
                    .unwrap();
            });
        });
        let address = get.recv().unwrap();
        ours.block_on(async {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let sent = pattern(2, 10_000);
            let mut answer = vec![0; sent.len()];
            stream.write_all(&sent).await.unwrap();
            stream.read_exact(&mut answer).await.unwrap();
            assert!(answer == sent);
        });
        other.join().unwrap();
    });
}

#[test]
fn a_stream_of_one_runtime_is_driven_by_it_also_inside_of_another() {
    for_each_runtime(|ours| {
        let (mut stream, mut theirs) = ours.block_on(tcp_pair());
        let writer = ours.spawn(async move { theirs.write_all(b"over there").await });
        let text = beside(ours, move || {
            runtime().block_on(async move {
                let mut text = [0; 10];
                stream.read_exact(&mut text).await.unwrap();
                text
            })
        });
        assert_eq!(&text, b"over there");
        ours.block_on(writer).unwrap().unwrap();
    });
}
