//! Halves of streams: what each can do, and what the drop of one means to the peer.

use std::io::{ErrorKind, IoSlice, IoSliceMut};

use futures_util::{AsyncReadExt, AsyncWriteExt, FutureExt, join};
use uring_rt::io::Interest;
use uring_rt::net::{SocketStream, StreamSocket, TcpStream, UnixStream, tcp, unix};

use crate::support::{for_each_backend, pattern, tcp_pair};

/// Runs `test` with both kinds of streams, on each backend.
fn for_both(tcp: impl AsyncFn(TcpStream, TcpStream), unix: impl AsyncFn(UnixStream, UnixStream)) {
    for_each_backend(async || {
        let (ours, theirs) = tcp_pair().await;
        tcp(ours, theirs).await;
        let (ours, theirs) = UnixStream::pair().unwrap();
        unix(ours, theirs).await;
    });
}

#[test]
fn owned_halves_work_in_two_tasks_and_the_write_halfs_drop_ends_the_stream() {
    async fn check<S: StreamSocket>(ours: SocketStream<S>, mut theirs: SocketStream<S>) {
        let (mut read, mut write) = ours.into_split();
        let sent = pattern(3, 300_000);
        let writer = uring_rt::spawn({
            let sent = sent.clone();
            async move { write.write_all(&sent).await.unwrap() }
        });
        let mut received = Vec::new();
        theirs.read_to_end(&mut received).await.unwrap();
        assert!(received == sent);
        writer.await.unwrap();
        theirs.write_all(b"the other way").await.unwrap();
        drop(theirs);
        received.clear();
        read.read_to_end(&mut received).await.unwrap();
        assert_eq!(received, b"the other way");
    }
    for_both(check, check);
}

#[test]
fn the_drop_of_the_read_half_changes_nothing() {
    async fn check<S: StreamSocket>(ours: SocketStream<S>, mut theirs: SocketStream<S>) {
        let (read, mut write) = ours.into_split();
        drop(read);
        assert!(theirs.read(&mut [0; 4]).now_or_never().is_none());
        write.write_all(b"still").await.unwrap();
        theirs.read_exact(&mut [0; 5]).await.unwrap();
        write.close().await.unwrap();
        write.close().await.expect("the end of what has ended");
        assert_eq!(theirs.read(&mut [0; 4]).await.unwrap(), 0);
    }
    for_both(check, check);
}

#[test]
fn a_forgotten_write_half_ends_nothing_until_the_read_half_goes() {
    async fn check<S: StreamSocket>(ours: SocketStream<S>, mut theirs: SocketStream<S>) {
        let (read, write) = ours.into_split();
        write.forget();
        assert!(theirs.read(&mut [0; 4]).now_or_never().is_none());
        drop(read);
        assert_eq!(theirs.read(&mut [0; 4]).await.unwrap(), 0);
    }
    for_both(check, check);
}

#[test]
fn lent_halves_read_and_write_at_once_and_end_nothing() {
    async fn check<S: StreamSocket>(mut ours: SocketStream<S>, mut theirs: SocketStream<S>) {
        let sent = pattern(4, 200_000);
        let (mut read, mut write) = SocketStream::split(&mut ours);
        let (mut there, mut back) = (vec![0; sent.len()], vec![0; sent.len()]);
        let (mut their_read, mut their_write) = SocketStream::split(&mut theirs);
        let all = join!(
            write.write_all(&sent),
            their_read.read_exact(&mut there),
            their_write.write_all(&sent),
            read.read_exact(&mut back),
        );
        all.0.unwrap();
        all.1.unwrap();
        all.2.unwrap();
        all.3.unwrap();
        assert!(there == sent && back == sent);
        assert!(theirs.read(&mut [0; 4]).now_or_never().is_none(), "no end");
        let (_, mut write) = SocketStream::split(&mut ours);
        write.close().await.unwrap();
        assert_eq!(theirs.read(&mut [0; 4]).await.unwrap(), 0);
    }
    for_both(check, check);
}

#[test]
fn halves_have_readiness_vectors_and_addresses() {
    async fn check<S: StreamSocket>(ours: SocketStream<S>, theirs: SocketStream<S>) {
        let (read, write) = ours.into_split();
        let early = read.try_read(&mut [0; 4]).unwrap_err();
        assert_eq!(early.kind(), ErrorKind::WouldBlock);
        write.writable().await.unwrap();
        assert!(write.ready(Interest::WRITABLE).await.unwrap().is_writable());
        let parts = [IoSlice::new(b"one"), IoSlice::new(b"two")];
        assert_eq!(write.try_write_vectored(&parts).unwrap(), 6);
        assert_eq!(write.try_write(b"three").unwrap(), 5);
        theirs.readable().await.unwrap();
        assert_eq!(theirs.try_read(&mut [0; 16]).unwrap(), 11);
        theirs.writable().await.unwrap();
        assert_eq!(theirs.try_write(b"answer").unwrap(), 6);
        read.readable().await.unwrap();
        assert!(read.ready(Interest::READABLE).await.unwrap().is_readable());
        let (mut head, mut tail) = ([0; 2], [0; 2]);
        let mut into = [IoSliceMut::new(&mut head), IoSliceMut::new(&mut tail)];
        assert_eq!(read.try_read_vectored(&mut into).unwrap(), 4);
        assert_eq!((&head, &tail), (b"an", b"sw"));
        assert_eq!(read.try_read(&mut [0; 4]).unwrap(), 2);
        let stream: &SocketStream<S> = read.as_ref();
        assert!(std::ptr::eq(stream, write.as_ref()));
        read.local_addr().unwrap();
        write.peer_addr().unwrap();
    }
    for_both(check, check);
}

#[test]
fn halves_of_one_stream_are_reunited_and_others_are_given_back() {
    for_each_backend(async || {
        let (one, other) = tcp_pair().await;
        let address = one.local_addr().unwrap();
        let ((read, write), (other_read, other_write)) = (one.into_split(), other.into_split());
        let error: tcp::ReuniteError = read.reunite(other_write).unwrap_err();
        let text = error.to_string();
        assert_eq!(
            text,
            "tried to reunite halves that are not from the same socket"
        );
        let tcp::ReuniteError(read, other_write) = error;
        let one = write.reunite(read).unwrap();
        assert_eq!(one.local_addr().unwrap(), address);
        let mut other = other_read.reunite(other_write).unwrap();
        assert!(
            other.read(&mut [0; 4]).now_or_never().is_none(),
            "reuniting has shut nothing down"
        );
        drop(one);
        assert_eq!(other.read(&mut [0; 4]).await.unwrap(), 0);

        let (one, other) = UnixStream::pair().unwrap();
        let ((read, _write), (_read, other_write)) = (one.into_split(), other.into_split());
        let unix::ReuniteError(..) = other_write.reunite(read).unwrap_err();
    });
}

#[test]
fn halves_of_tcp_peek() {
    for_each_backend(async || {
        let (mut ours, mut theirs) = tcp_pair().await;
        theirs.write_all(b"peek").await.unwrap();
        let (mut read, _) = SocketStream::split(&mut ours);
        let mut buffer = [0; 2];
        assert_eq!(read.peek(&mut buffer).await.unwrap(), 2);
        let (mut read, _write) = ours.into_split();
        let polled = std::future::poll_fn(|cx| read.poll_peek(cx, &mut buffer)).await;
        assert_eq!((polled.unwrap(), &buffer), (2, b"pe"));
    });
}

#[test]
fn the_futures_of_both_halves_go_to_other_threads() {
    fn is_send<T: Send + Sync + Unpin + 'static>() {}
    is_send::<tcp::OwnedReadHalf>();
    is_send::<tcp::OwnedWriteHalf>();
    is_send::<unix::OwnedReadHalf>();
    is_send::<unix::OwnedWriteHalf>();
    for_each_backend(async || {
        let (ours, theirs) = tcp_pair().await;
        let (mut read, mut write) = ours.into_split();
        let thread = std::thread::spawn(move || {
            crate::support::foreign_block_on(async move {
                write.write_all(b"from another thread").await.unwrap();
                read.read(&mut [0; 32]).await.unwrap()
            })
        });
        let mut received = Vec::new();
        let (mut their_read, mut their_write) = theirs.into_split();
        while received.len() < 19 {
            let mut buffer = [0; 32];
            let count = their_read.read(&mut buffer).await.unwrap();
            received.extend_from_slice(&buffer[..count]);
        }
        their_write.write_all(b"ok").await.unwrap();
        while !thread.is_finished() {
            uring_rt::task::yield_now().await;
        }
        assert_eq!(thread.join().unwrap(), 2);
    });
}
