//! What this program does when a test has started it again.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::pin::{Pin, pin};

use futures_util::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
use uring_rt::io::{stderr, stdin, stdout};
use uring_rt::runtime::Runtime;
use uring_rt::time::{Duration, timeout};

use crate::{BEGIN, ROLE, pattern};

/// Not a test of its own: what a child does.
#[test]
fn role() {
    let Ok(role) = std::env::var(ROLE) else {
        return;
    };
    if role.starts_with("refused") {
        // Nothing can be opened any more, so neither a pipe nor a terminal anew.
        let filter = SeccompFilter::new(
            BTreeMap::from([(libc::SYS_openat, Vec::new())]),
            SeccompAction::Allow,
            SeccompAction::Errno(libc::EACCES.unsigned_abs()),
            std::env::consts::ARCH.try_into().unwrap(),
        );
        let program: BpfProgram = filter.unwrap().try_into().unwrap();
        let _ = threads();
        seccompiler::apply_filter(&program).unwrap();
    }
    let runtime = Runtime::new().unwrap();
    match role.as_str() {
        "copy" | "refused copy" => runtime.block_on(copy()),
        #[cfg(feature = "tokio-io")]
        "tokio copy" | "refused tokio copy" => runtime.block_on(async {
            use tokio::io::AsyncWriteExt;
            let (mut input, mut output) = (stdin(), stdout());
            AsyncWriteExt::write_all(&mut output, BEGIN.as_bytes())
                .await
                .unwrap();
            tokio::io::copy(&mut input, &mut output).await.unwrap();
            output.shutdown().await.unwrap();
            AsyncWriteExt::write_all(&mut stderr(), b"done")
                .await
                .unwrap();
        }),
        "wait" | "refused wait" => runtime.block_on(wait()),
        "write" | "refused write" => runtime.block_on(write_while_the_loop_runs()),
        "unflushed" => runtime.block_on(async {
            // One handle: the calls of two may be made at the same time.
            let mut output = stdout();
            output.write_all(BEGIN.as_bytes()).await.unwrap();
            output.write_all(&pattern()).await.unwrap();
        }),
        "closed" => runtime.block_on(closed()),
        "error" => runtime.block_on(async {
            let error = stderr().write_all(b"no room").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::StorageFull);
        }),
        "late error" => runtime.block_on(async {
            let mut errors = stderr();
            errors.write_all(b"not for writing").await.unwrap();
            let error = errors.flush().await.unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EBADF));
            errors.flush().await.expect("it is told once");
        }),
        "end" | "refused end" => {
            // A read that waits does not keep the runtime from ending.
            let timed_out = runtime.block_on(async {
                let mut input = stdin();
                timeout(Duration::from_millis(5), input.read(&mut [0; 8]))
                    .await
                    .is_err()
            });
            assert!(timed_out);
        }
        "nonblocking" => runtime.block_on(nonblocking()),
        "two runtimes" => two_runtimes(&runtime),
        other => panic!("no such role: {other}"),
    }
    drop(runtime);
    std::process::exit(0);
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

async fn put(bytes: &[u8]) {
    stdout().write_all(bytes).await.unwrap();
}

/// Copies its input to its output, and says on standard error how many threads that took.
async fn copy() {
    let before = threads();
    let (mut input, mut output) = (stdin(), stdout());
    output.write_all(BEGIN.as_bytes()).await.unwrap();
    futures_util::io::copy(&mut input, &mut output)
        .await
        .unwrap();
    output.flush().await.unwrap();
    let took = threads().saturating_sub(before);
    let line = format!("threads {took}");
    stderr().write_all(line.as_bytes()).await.unwrap();
}

/// Waits for input while a timer goes on, says so, and then gives what came.
async fn wait() {
    let mut input = stdin();
    let mut buffer = [0; 3];
    {
        let mut read = pin!(input.read(&mut buffer));
        assert!(timeout(Duration::from_millis(5), &mut read).await.is_err());
    }
    put(format!("{BEGIN}waiting\n").as_bytes()).await;
    // In pieces smaller than what may have been read.
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\n") {
        let count = input.read(&mut buffer).await.unwrap();
        bytes.extend_from_slice(&buffer[..count]);
    }
    put(&bytes).await;
}

/// Fills its output, and says on standard error once the loop runs although it waits.
async fn write_while_the_loop_runs() {
    let mut output = stdout();
    output.write_all(BEGIN.as_bytes()).await.unwrap();
    let bytes = pattern();
    let mut rest = &bytes[..];
    let mut has_waited = false;
    while !rest.is_empty() {
        let written = {
            let write = poll_fn(|cx| Pin::new(&mut output).poll_write(cx, rest));
            let mut write = pin!(write);
            match timeout(Duration::from_millis(5), &mut write).await {
                Ok(written) => written.unwrap(),
                Err(_) if !has_waited => {
                    has_waited = true;
                    stderr().write_all(b"the loop runs").await.unwrap();
                    continue;
                }
                Err(_) => continue,
            }
        };
        rest = &rest[written..];
    }
    output.flush().await.unwrap();
    assert!(has_waited);
}

/// With nothing behind the numbers, all is as if it were empty.
async fn closed() {
    nix::unistd::close(0).unwrap();
    nix::unistd::close(1).unwrap();
    assert_eq!(stdin().read(&mut [0; 8]).await.unwrap(), 0);
    let mut output = stdout();
    output.write_all(b"lost").await.unwrap();
    output.flush().await.unwrap();
    output.close().await.unwrap();
}

/// Somebody else has put the shared open files into non-blocking mode.
async fn nonblocking() {
    let mut input = stdin();
    let mut output = stdout();
    for fd in [input.as_fd(), output.as_fd()] {
        fcntl_setfl(fd, fcntl_getfl(fd).unwrap() | OFlags::NONBLOCK).unwrap();
    }
    output.write_all(BEGIN.as_bytes()).await.unwrap();
    futures_util::io::copy(&mut input, &mut output)
        .await
        .unwrap();
    output.flush().await.unwrap();
}

/// One handle, used in one runtime and then in another.
fn two_runtimes(first: &Runtime) {
    let (mut input, mut output) = (stdin(), stdout());
    let mut buffer = [0; 4];
    first.block_on(async {
        output.write_all(BEGIN.as_bytes()).await.unwrap();
        input.read_exact(&mut buffer).await.unwrap();
        output.write_all(&buffer).await.unwrap();
    });
    let second = std::thread::spawn(move || {
        let gone = Runtime::new().unwrap();
        gone.block_on(async {
            // What both were opened in is gone when they are used next.
            let (mut input, mut output) = (stdin(), stdout());
            input.read_exact(&mut buffer).await.unwrap();
            output.write_all(&buffer).await.unwrap();
            (input, output)
        })
    });
    let (mut input, mut output) = second.join().unwrap();
    first.block_on(async {
        input.read_exact(&mut buffer).await.unwrap();
        output.write_all(&buffer).await.unwrap();
        output.flush().await.unwrap();
    });
}
