//! Unix sockets.

use std::io::{ErrorKind, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::{AsyncReadExt, AsyncWriteExt, FutureExt};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use uring_rt::net::{UnixListener, UnixStream};
use uring_rt::task::yield_now;

use crate::support::{for_each_backend, pattern};

/// A path for a socket that nobody else uses.
pub(crate) fn fresh_path() -> PathBuf {
    std::env::temp_dir().join(format!("uring-rt-{}.socket", fresh_number()))
}

/// An abstract name that nobody else uses. Not one for each test: until it runs its program, a process that another test
/// has just forked keeps a listener of this one open, and so its name taken.
pub(crate) fn fresh_name() -> String {
    format!("\0uring-rt-{}", fresh_number())
}

/// Of the process, and in it.
fn fresh_number() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{}-{n}", std::process::id())
}

#[test]
fn a_listener_and_its_client_exchange_bytes() {
    for_each_backend(async || {
        let path = fresh_path();
        let listener = UnixListener::bind(&path).unwrap();
        assert_eq!(listener.local_addr().unwrap().as_pathname(), Some(&*path));
        let client = uring_rt::spawn({
            let path = path.clone();
            async move {
                let mut stream = UnixStream::connect(&path).await.unwrap();
                assert_eq!(stream.peer_addr().unwrap().as_pathname(), Some(&*path));
                let sent = pattern(1, 500_000);
                stream.write_all(&sent).await.unwrap();
                stream.close().await.unwrap();
                let mut answer = Vec::new();
                stream.read_to_end(&mut answer).await.unwrap();
                assert_eq!(answer, b"thanks");
            }
        });
        let (mut stream, peer) = listener.accept().await.unwrap();
        assert!(peer.is_unnamed());
        let mut received = Vec::new();
        stream.read_to_end(&mut received).await.unwrap();
        assert!(received == pattern(1, 500_000));
        stream.write_all(b"thanks").await.unwrap();
        drop(stream);
        client.await.unwrap();
        std::fs::remove_file(path).unwrap();
    });
}

#[test]
fn a_path_that_exists_or_is_absent_is_an_error() {
    for_each_backend(async || {
        let path = fresh_path();
        let absent = UnixStream::connect(&path).await.unwrap_err();
        assert_eq!(absent.kind(), ErrorKind::NotFound);
        let listener = UnixListener::bind(&path).unwrap();
        let taken = UnixListener::bind(&path).unwrap_err();
        assert_eq!(taken.kind(), ErrorKind::AddrInUse);
        drop(listener);
        let refused = UnixStream::connect(&path).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        std::fs::remove_file(path).unwrap();
    });
}

#[test]
fn a_pair_is_connected_and_ends_together() {
    for_each_backend(async || {
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        let mut buffer = [0; 8];
        assert!(ours.read(&mut buffer).now_or_never().is_none());
        theirs.write_all(b"pair").await.unwrap();
        assert_eq!(ours.read(&mut buffer).await.unwrap(), 4);
        let reader = uring_rt::spawn(async move { ours.read(&mut [0; 8]).await });
        yield_now().await;
        drop(theirs);
        assert_eq!(reader.await.unwrap().unwrap(), 0);
    });
}

#[test]
fn trying_needs_a_wait_first() {
    for_each_backend(async || {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let mut buffer = [0; 8];
        assert_eq!(
            ours.try_read(&mut buffer).unwrap_err().kind(),
            ErrorKind::WouldBlock
        );
        theirs.writable().await.unwrap();
        assert_eq!(theirs.try_write(b"try").unwrap(), 3);
        ours.readable().await.unwrap();
        assert_eq!(ours.try_read(&mut buffer).unwrap(), 3);
        assert_eq!(
            ours.try_read(&mut buffer).unwrap_err().kind(),
            ErrorKind::WouldBlock
        );
        assert!(ours.readable().now_or_never().is_none());
    });
}

/// Sends `bytes` and a descriptor with them.
fn send_with_fd(to: &UnixStream, bytes: &[u8]) {
    let fds = [to.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    assert!(control.push(SendAncillaryMessage::ScmRights(&fds)));
    let sent = sendmsg(to, &[IoSlice::new(bytes)], &mut control, SendFlags::empty());
    assert_eq!(sent.unwrap(), bytes.len());
}

#[test]
fn a_message_with_a_descriptor_ends_a_read_and_stops_no_reader() {
    for_each_backend(async || {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        // The reader waits when the first comes, and finds the second without a new edge.
        let reader = uring_rt::spawn(async move {
            let mut received = Vec::new();
            let mut buffer = [0; 64];
            while received.len() < 9 {
                let count = ours.read(&mut buffer).await.unwrap();
                received.extend_from_slice(&buffer[..count]);
            }
            received
        });
        yield_now().await;
        send_with_fd(&theirs, b"one");
        send_with_fd(&theirs, b"two");
        (&theirs).write_all(b"end").await.unwrap();
        assert_eq!(reader.await.unwrap(), b"onetwoend");
    });
}

#[test]
fn a_stream_goes_to_std_and_back() {
    for_each_backend(async || {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let ours = UnixStream::from_std(ours.into_std().unwrap()).unwrap();
        theirs.write_all(b"x").await.unwrap();
        ours.readable().await.unwrap();
        assert_eq!(ours.try_read(&mut [0; 4]).unwrap(), 1);
        assert!(ours.take_error().unwrap().is_none());
        let path = fresh_path();
        let listener = UnixListener::bind(&path).unwrap();
        let listener = UnixListener::from_std(listener.into_std().unwrap()).unwrap();
        let client = UnixStream::connect(&path).await.unwrap();
        let accepted = std::future::poll_fn(|cx| listener.poll_accept(cx)).await;
        drop((accepted.unwrap(), client));
        assert!(listener.take_error().unwrap().is_none());
        std::fs::remove_file(path).unwrap();
    });
}
