//! Pipes and FIFOs.

use std::fs::File;
use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::pin::pin;

use futures_util::{AsyncReadExt, AsyncWriteExt, FutureExt, poll};
use rustix::fs::{CWD, FileType, mknodat};
use uring_rt::io::Interest;
use uring_rt::net::unix::pipe::{self, OpenOptions, Receiver, Sender};
use uring_rt::task::yield_now;

use crate::support::{for_each_backend, pattern};
use crate::unix::fresh_path;

struct Fifo(PathBuf);

impl Fifo {
    fn new() -> Fifo {
        let path = fresh_path();
        mknodat(CWD, &path, FileType::Fifo, 0o600.into(), 0).unwrap();
        Fifo(path)
    }
}

impl AsRef<Path> for Fifo {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Fifo {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

fn is_nonblocking(fd: impl std::os::fd::AsFd) -> bool {
    let flags = rustix::fs::fcntl_getfl(fd).unwrap();
    flags.contains(rustix::fs::OFlags::NONBLOCK)
}

#[test]
fn bytes_go_through_and_the_senders_drop_is_the_end() {
    for_each_backend(async || {
        let (mut sender, mut receiver) = pipe::pipe().unwrap();
        let sent = pattern(1, 500_000);
        let writer = uring_rt::spawn({
            let sent = sent.clone();
            async move { sender.write_all(&sent).await.unwrap() }
        });
        let mut received = Vec::new();
        receiver.read_to_end(&mut received).await.unwrap();
        assert!(received == sent);
        writer.await.unwrap();
        assert_eq!(receiver.read(&mut [0; 4]).await.unwrap(), 0, "and again");
    });
}

#[test]
fn a_sender_whose_receiver_is_gone_gets_an_error() {
    for_each_backend(async || {
        let (mut sender, receiver) = pipe::pipe().unwrap();
        while sender.write(&[0; 4096]).now_or_never().is_some() {}
        let waiting = uring_rt::spawn(async move { sender.write(b"x").await });
        yield_now().await;
        drop(receiver);
        let broken = waiting.await.unwrap().unwrap_err();
        assert_eq!(broken.kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_new_sender_has_room_and_a_receiver_has_to_wait_first() {
    for_each_backend(async || {
        let (sender, receiver) = pipe::pipe().unwrap();
        let would_block = |result: std::io::Result<usize>| {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::WouldBlock);
        };
        would_block(receiver.try_read(&mut [0; 4]));
        let parts = [IoSlice::new(b"one"), IoSlice::new(b"two")];
        assert_eq!(sender.try_write_vectored(&parts).unwrap(), 6);
        assert_eq!(sender.try_write(b"three").unwrap(), 5);
        receiver.readable().await.unwrap();
        assert!(
            receiver
                .ready(Interest::READABLE)
                .await
                .unwrap()
                .is_readable()
        );
        let (mut head, mut tail) = ([0; 4], [0; 4]);
        let mut into = [IoSliceMut::new(&mut head), IoSliceMut::new(&mut tail)];
        assert_eq!(receiver.try_read_vectored(&mut into).unwrap(), 8);
        assert_eq!((&head, &tail), (b"onet", b"woth"));
        assert_eq!(receiver.try_read(&mut [0; 8]).unwrap(), 3);
        would_block(receiver.try_read(&mut [0; 8]));
        assert!(receiver.readable().now_or_never().is_none());
        assert_eq!(sender.try_io(|| Ok(7)).unwrap(), 7);
        would_block(receiver.try_io(|| Ok(7)));
    });
}

#[test]
fn a_fifo_that_nobody_writes_to_yet_is_waited_for() {
    for_each_backend(async || {
        let fifo = Fifo::new();
        let early = OpenOptions::new().open_sender(&fifo).unwrap_err();
        assert_eq!(early.raw_os_error(), Some(libc::ENXIO), "nobody reads");
        let mut receiver = OpenOptions::new().open_receiver(&fifo).unwrap();
        let mut buffer = [0; 8];
        {
            let mut reading = pin!(receiver.read(&mut buffer));
            assert!(
                poll!(reading.as_mut()).is_pending(),
                "no end, as there was no beginning"
            );
            yield_now().await;
            assert!(poll!(reading.as_mut()).is_pending());
            let mut sender = OpenOptions::new().open_sender(&fifo).unwrap();
            sender.write_all(b"first").await.unwrap();
            assert_eq!(reading.await.unwrap(), 5);
        }
        assert_eq!(
            receiver.read(&mut buffer).await.unwrap(),
            0,
            "the writer is gone"
        );
        let mut next = OpenOptions::new().open_sender(&fifo).unwrap();
        next.write_all(b"second").await.unwrap();
        assert_eq!(receiver.read(&mut buffer).await.unwrap(), 6);
        assert!(receiver.read(&mut buffer).now_or_never().is_none());
    });
}

#[test]
fn a_fifo_opened_for_both_never_ends() {
    for_each_backend(async || {
        let fifo = Fifo::new();
        let mut options = OpenOptions::new();
        options.read_write(true);
        let mut sender = options.open_sender(&fifo).unwrap();
        let mut receiver = options.open_receiver(&fifo).unwrap();
        sender.write_all(b"hi").await.unwrap();
        drop(sender);
        assert_eq!(receiver.read(&mut [0; 4]).await.unwrap(), 2);
        assert!(receiver.read(&mut [0; 4]).now_or_never().is_none());
    });
}

#[test]
fn what_is_no_pipe_or_goes_the_other_way_is_refused() {
    for_each_backend(async || {
        let invalid = |error: std::io::Error, text: &str| {
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.to_string().contains(text), "{error}");
        };
        let null = || {
            File::options()
                .read(true)
                .write(true)
                .open("/dev/null")
                .unwrap()
        };
        invalid(Sender::from_file(null()).unwrap_err(), "not a pipe");
        invalid(Receiver::from_file(null()).unwrap_err(), "not a pipe");
        invalid(
            OpenOptions::new().open_receiver("/dev/null").unwrap_err(),
            "not a pipe",
        );
        let ends = || {
            let (reader, writer) = std::io::pipe().unwrap();
            (OwnedFd::from(reader), OwnedFd::from(writer))
        };
        let (reader, writer) = ends();
        invalid(Sender::from_owned_fd(reader).unwrap_err(), "O_WRONLY");
        invalid(Receiver::from_owned_fd(writer).unwrap_err(), "O_RDONLY");
        let mut always = Receiver::from_file_unchecked(null()).unwrap();
        assert_eq!(always.read(&mut [0; 4]).await.unwrap(), 0);
    });
}

#[test]
fn ends_come_from_files_and_go_back_in_the_mode_that_is_asked_for() {
    for_each_backend(async || {
        let (reader, writer) = std::io::pipe().unwrap();
        let sender = Sender::from_owned_fd(writer.into()).unwrap();
        let receiver = Receiver::from_file(OwnedFd::from(reader).into()).unwrap();
        sender.writable().await.unwrap();
        let writer = sender.into_blocking_fd().unwrap();
        assert!(!is_nonblocking(&writer));
        File::from(writer).write_all(b"blocking").unwrap();
        receiver.readable().await.unwrap();
        let reader = receiver.into_nonblocking_fd().unwrap();
        assert!(is_nonblocking(&reader));
        let mut text = String::new();
        File::from(reader).read_to_string(&mut text).unwrap();
        assert_eq!(text, "blocking");
    });
}

#[cfg(feature = "tokio-io")]
#[test]
fn tokios_traits_are_there() {
    use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
    for_each_backend(async || {
        let (mut sender, mut receiver) = pipe::pipe().unwrap();
        assert!(sender.is_write_vectored());
        tokio::io::AsyncWriteExt::write_all(&mut sender, b"tokio")
            .await
            .unwrap();
        sender.shutdown().await.expect("does nothing, as in tokio");
        drop(sender);
        let mut text = String::new();
        tokio::io::AsyncReadExt::read_to_string(&mut receiver, &mut text)
            .await
            .unwrap();
        assert_eq!(
            (text.as_str(), receiver.read_u8().await.is_err()),
            ("tokio", true)
        );
    });
}
