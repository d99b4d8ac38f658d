//! Where a sandbox forbids a ring that was demanded, or takes one away. That the others get epoll, the same bytes
//! and a report that names the reason is shown in `seven_failures`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use futures_util::{AsyncReadExt, AsyncWriteExt};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
use uring_rt::net::{TcpListener, TcpStream};
use uring_rt::runtime::{Backend, Builder, Runtime};
use uring_rt::time::{Duration, sleep};

use crate::support::{echo, is_overridden, pattern};

pub(crate) const STEPS: [i64; 2] = [libc::SYS_io_uring_setup, libc::SYS_io_uring_enter];

/// From now on, `syscall` fails with `errno` on this thread.
pub(crate) fn confine(syscall: i64, errno: i32) {
    let filter = SeccompFilter::new(
        BTreeMap::from([(syscall, Vec::new())]),
        SeccompAction::Allow,
        SeccompAction::Errno(errno.unsigned_abs()),
        std::env::consts::ARCH.try_into().unwrap(),
    );
    let program: BpfProgram = filter.unwrap().try_into().unwrap();
    seccompiler::apply_filter(&program).unwrap();
}

/// Runs `test` on a thread of its own, on which `syscall` fails with `errno`.
pub(crate) fn under_filter(syscall: i64, errno: i32, test: impl FnOnce() + Send + 'static) {
    let confined = move || {
        confine(syscall, errno);
        test();
    };
    thread::spawn(confined).join().unwrap();
}

pub(crate) fn exchange_bytes(runtime: &Runtime) {
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = uring_rt::spawn(async move { echo(listener.accept().await?.0).await });
        let mut stream = TcpStream::connect(address).await.unwrap();
        let sent = pattern(9, 50_000);
        let mut answer = vec![0; sent.len()];
        stream.write_all(&sent).await.unwrap();
        stream.read_exact(&mut answer).await.unwrap();
        assert!(answer == sent);
        stream.close().await.unwrap();
        server.await.unwrap().unwrap();
        sleep(Duration::from_micros(100)).await;
    });
}

#[test]
fn a_ring_that_was_demanded_is_an_error_with_the_reason() {
    if is_overridden() {
        return;
    }
    for errno in [libc::EPERM, libc::ENOSYS] {
        for syscall in STEPS {
            under_filter(syscall, errno, move || {
                let error = Builder::new()
                    .backend(Backend::IoUring)
                    .build()
                    .unwrap_err();
                let reason = std::io::Error::from_raw_os_error(errno);
                assert_eq!(error.kind(), reason.kind());
                assert!(error.to_string().contains(&reason.to_string()), "{error}");
                let source = std::error::Error::source(&error).unwrap();
                let source = source.downcast_ref::<std::io::Error>().unwrap();
                assert_eq!(source.raw_os_error(), Some(errno));
            });
        }
    }
}

#[test]
fn an_enter_that_is_refused_while_running_moves_the_loop_to_epoll() {
    thread::spawn(|| {
        let runtime = Runtime::new().unwrap();
        exchange_bytes(&runtime);
        let (reader, mut writer) = runtime.block_on(crate::support::tcp_pair());
        let waits = runtime.spawn(async move {
            let mut buffer = [0; 5];
            (&reader).read_exact(&mut buffer).await.map(|()| buffer)
        });
        // The read is at the kernel when the filter comes.
        runtime.block_on(async { sleep(Duration::from_micros(50)).await });
        let before = runtime.metrics().snapshot().reactor.backend_switches;
        confine(libc::SYS_io_uring_enter, libc::EPERM);
        exchange_bytes(&runtime);
        let answer = runtime.block_on(async {
            writer.write_all(b"later").await.unwrap();
            waits.await.unwrap().unwrap()
        });
        assert_eq!(&answer, b"later");
        assert_eq!(runtime.driver().backend(), "epoll");
        if !is_overridden() {
            assert_eq!(
                runtime.metrics().snapshot().reactor.backend_switches,
                before + 1
            );
        }
    })
    .join()
    .unwrap();
}

#[test]
fn the_hooks_go_on_around_the_sleeps_of_the_backend_that_took_over() {
    let confined = || {
        let parks = Arc::new(AtomicU32::new(0));
        let unparks = Arc::new(AtomicU32::new(0));
        let (down, up) = (parks.clone(), unparks.clone());
        let runtime = Builder::new()
            .on_thread_park(move || {
                down.fetch_add(1, Ordering::Relaxed);
            })
            .on_thread_unpark(move || {
                up.fetch_add(1, Ordering::Relaxed);
            })
            .build()
            .unwrap();
        exchange_bytes(&runtime);
        confine(libc::SYS_io_uring_enter, libc::EPERM);
        exchange_bytes(&runtime);
        assert_eq!(runtime.driver().backend(), "epoll");
        let before = parks.load(Ordering::Relaxed);
        exchange_bytes(&runtime);
        assert!(parks.load(Ordering::Relaxed) > before);
        assert_eq!(
            parks.load(Ordering::Relaxed),
            unparks.load(Ordering::Relaxed)
        );
        // What the runtime has for itself was made anew, and is nobody's to see.
        let metrics = runtime.metrics().snapshot().reactor;
        assert_eq!((metrics.sources, metrics.timers), (0, 0));
    };
    thread::spawn(confined).join().unwrap();
}
