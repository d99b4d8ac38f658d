//! [`ChildStdin`](uring_rt::process::ChildStdin) and its sisters.

use std::io::{ErrorKind, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd};
use std::process::Stdio;

use futures_util::{AsyncReadExt, AsyncWriteExt, FutureExt};
use uring_rt::process::{ChildStderr, ChildStdin, ChildStdout, Command};

use super::{cat, for_each_backend, for_each_watch, has_programs, in_runtime, read_all, sh};
use crate::support::{panic_text, pattern, runtime};

fn is_nonblocking(fd: impl AsFd) -> bool {
    let flags = rustix::fs::fcntl_getfl(fd).unwrap();
    flags.contains(rustix::fs::OFlags::NONBLOCK)
}

#[test]
fn a_megabyte_goes_in_and_comes_out() {
    for_each_backend(async || {
        let mut child = cat().spawn().unwrap();
        let (mut stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let sent = pattern(3, 1 << 20);
        let write = async {
            stdin.write_all(&sent).await.unwrap();
            stdin.flush().await.unwrap();
            drop(stdin);
        };
        let ((), received) = futures_util::join!(write, read_all(stdout));
        assert!(received == sent);
        assert!(child.wait().await.unwrap().success());
    });
}

#[test]
fn the_outputs_are_read_as_they_come() {
    for_each_backend(async || {
        let mut command = sh("echo one; read go; echo two >&2; read go; echo three");
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let mut buffer = [0; 64];
        assert_eq!(stdout.read(&mut buffer).await.unwrap(), 4);
        assert!(stdout.read(&mut buffer).now_or_never().is_none());
        stdin.write_all(b"go\n").await.unwrap();
        assert_eq!(stderr.read(&mut buffer).await.unwrap(), 4);
        assert_eq!(&buffer[..4], b"two\n");
        stdin.write_all(b"go\n").await.unwrap();
        let (mut first, mut second) = ([0; 2], [0; 62]);
        let mut buffers = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
        assert_eq!(stdout.read_vectored(&mut buffers).await.unwrap(), 6);
        assert_eq!((&first, &second[..4]), (b"th", &b"ree\n"[..]));
        assert_eq!(stdout.read(&mut buffer).await.unwrap(), 0);
        assert_eq!(stderr.read(&mut buffer).await.unwrap(), 0);
        assert!(child.wait().await.unwrap().success());
    });
}

#[test]
fn a_full_pipe_is_waited_for() {
    for_each_backend(async || {
        let mut command = sh("read go <&2; wc -c");
        let (gate, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        let stderr = Stdio::from(std::os::fd::OwnedFd::from(theirs));
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr);
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let mut sent = 0;
        while let Some(count) = stdin.write(&[1; 10_000]).now_or_never() {
            sent += count.unwrap();
        }
        std::io::Write::write_all(&mut &gate, b"go\n").unwrap();
        stdin.write_all(&[1; 200_000]).await.unwrap();
        drop(stdin);
        let output = child.wait_with_output().await.unwrap();
        let count: usize = String::from_utf8(output.stdout)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        assert_eq!(count, sent + 200_000);
    });
}

#[test]
fn several_buffers_are_written_in_one_go() {
    in_runtime(async {
        let mut child = cat().spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let buffers = [IoSlice::new(b"one "), IoSlice::new(b"two")];
        assert_eq!(stdin.write_vectored(&buffers).await.unwrap(), 7);
        stdin.close().await.unwrap();
        stdin
            .write_all(b"!")
            .await
            .expect("as in tokio, only a drop closes it");
        drop(stdin);
        assert_eq!(read_all(child.stdout.take().unwrap()).await, b"one two!");
        assert!(child.wait().await.unwrap().success());
    });
}

#[test]
fn a_write_that_nobody_reads_is_a_broken_pipe() {
    for_each_backend(async || {
        let mut child = sh("exit 0").stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        child.wait().await.unwrap();
        let error = stdin.write_all(&[0; 100_000]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_pipe_becomes_the_standard_stream_of_another_child() {
    for_each_watch(|runtime| {
        runtime.block_on(async {
            let mut first = sh("echo abc").stdout(Stdio::piped()).spawn().unwrap();
            let stdout: Stdio = first.stdout.take().unwrap().try_into().unwrap();
            let mut second = Command::new("tr");
            let output = second
                .args(["a-c", "A-C"])
                .stdin(stdout)
                .output()
                .await
                .unwrap();
            assert_eq!(output.stdout, b"ABC\n");
            assert!(first.wait().await.unwrap().success());
        });
    });
}

#[test]
fn descriptors_are_given_back_in_blocking_mode() {
    in_runtime(async {
        let mut command = cat();
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        assert!(is_nonblocking(&stdin));
        assert_eq!(stdin.as_fd().as_raw_fd(), stdin.as_raw_fd());
        let given = [
            stdin.into_owned_fd().unwrap(),
            child.stdout.take().unwrap().into_owned_fd().unwrap(),
            child.stderr.take().unwrap().into_owned_fd().unwrap(),
        ];
        for fd in &given {
            assert!(!is_nonblocking(fd));
        }
        drop(given);
        assert!(child.wait().await.unwrap().success());
    });
}

#[test]
fn pipes_of_std_are_taken_over() {
    in_runtime(async {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", "cat; echo err >&2"]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = ChildStdin::from_std(child.stdin.take().unwrap()).unwrap();
        let stdout = ChildStdout::from_std(child.stdout.take().unwrap()).unwrap();
        let stderr = ChildStderr::from_std(child.stderr.take().unwrap()).unwrap();
        stdin.write_all(b"in").await.unwrap();
        drop(stdin);
        assert_eq!(read_all(stdout).await, b"in");
        assert_eq!(read_all(stderr).await, b"err\n");
        child.wait().unwrap();
    });
    if !has_programs() {
        return;
    }
    let mut child = std::process::Command::new("true")
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let stdin = child.stdin.take().unwrap();
    let text = panic_text(|| ChildStdin::from_std(stdin));
    assert!(text.contains("needs a running uring-rt runtime"), "{text}");
    child.wait().unwrap();
}

#[test]
fn a_pipe_of_a_runtime_that_is_gone_is_an_error() {
    if !has_programs() {
        return;
    }
    let first = runtime();
    let (mut child, mut stdout) = first.block_on(async {
        let mut child = cat().spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        (child, stdout)
    });
    drop(first);
    in_runtime(async {
        assert!(stdout.read(&mut [0; 8]).await.is_err());
        assert!(child.wait().await.unwrap().success());
    });
}

#[cfg(feature = "tokio-io")]
#[test]
fn the_traits_of_tokio_carry_the_same_bytes() {
    for_each_backend(async || {
        use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
        let mut child = sh("cat; echo err >&2");
        child
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = child.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        assert!(stdin.is_write_vectored());
        let sent = pattern(5, 300_000);
        let (mut received, mut errors) = (Vec::new(), Vec::new());
        let write = async {
            let buffers = [IoSlice::new(&sent[..3]), IoSlice::new(&sent[3..9])];
            let count = AsyncWriteExt::write_vectored(&mut stdin, &buffers)
                .await
                .unwrap();
            assert_eq!(count, 9);
            AsyncWriteExt::write_all(&mut stdin, &sent[9..])
                .await
                .unwrap();
            AsyncWriteExt::flush(&mut stdin).await.unwrap();
            stdin.shutdown().await.unwrap();
            drop(stdin);
        };
        let read = AsyncReadExt::read_to_end(&mut stdout, &mut received);
        let ((), read) = futures_util::join!(write, read);
        read.unwrap();
        AsyncReadExt::read_to_end(&mut stderr, &mut errors)
            .await
            .unwrap();
        assert!(received == sent);
        assert_eq!(errors, b"err\n");
        assert!(child.wait().await.unwrap().success());
    });
}
