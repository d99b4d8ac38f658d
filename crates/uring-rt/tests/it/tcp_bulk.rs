//! Large transfers: both directions of one stream at once, and writes that have to wait for room.

use std::rc::Rc;

use futures_util::{AsyncReadExt, AsyncWriteExt};
use uring_rt::net::TcpStream;

use crate::support::{for_each_backend, pattern, tcp_pair};

const SIZE: usize = 8 << 20;

/// Sends one pattern and receives the other, by two tasks that share the stream.
fn start_both_ways(
    stream: TcpStream,
    sent: Rc<Vec<u8>>,
    expected: Rc<Vec<u8>>,
) -> [uring_rt::task::JoinHandle<()>; 2] {
    let stream = Rc::new(stream);
    let theirs = Rc::clone(&stream);
    let writer = uring_rt::spawn(async move {
        (&*theirs).write_all(&sent).await.unwrap();
        (&*theirs).close().await.unwrap();
    });
    let reader = uring_rt::spawn(async move {
        let mut received = Vec::new();
        (&*stream).read_to_end(&mut received).await.unwrap();
        assert!(received == *expected, "{} bytes came", received.len());
    });
    [writer, reader]
}

#[test]
fn eight_mebibytes_go_both_ways_at_once_through_one_stream() {
    let (ours, theirs) = (Rc::new(pattern(1, SIZE)), Rc::new(pattern(2, SIZE)));
    for_each_backend(async || {
        let (left, right) = tcp_pair().await;
        let tasks = start_both_ways(left, Rc::clone(&ours), Rc::clone(&theirs));
        let others = start_both_ways(right, Rc::clone(&theirs), Rc::clone(&ours));
        for task in tasks.into_iter().chain(others) {
            task.await.unwrap();
        }
    });
}

#[test]
fn a_writer_waits_for_a_reader_that_starts_late_and_reads_in_odd_pieces() {
    let sent = pattern(5, 16 << 20);
    for_each_backend(async || {
        let (mut left, mut right) = tcp_pair().await;
        let data = sent.clone();
        let writer = uring_rt::spawn(async move {
            left.write_all(&data).await.unwrap();
        });
        // Until the writer waits for room: then nothing is left to be done here.
        for _ in 0..50 {
            uring_rt::task::yield_now().await;
        }
        assert!(!writer.is_finished(), "the buffers took all of it");
        let mut received = vec![0; sent.len()];
        let (mut at, mut piece) = (0, 1);
        while at < received.len() {
            let end = received.len().min(at + piece);
            let count = right.read(&mut received[at..end]).await.unwrap();
            assert_ne!(count, 0);
            at += count;
            piece = (piece * 3 + 1) % 65_537;
        }
        assert!(received == sent);
        writer.await.unwrap();
    });
}
