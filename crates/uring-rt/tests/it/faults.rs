//! The real kernel refuses, interrupts and runs out of things, while every byte and every deadline is checked.

use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use futures_util::{AsyncReadExt, AsyncWriteExt, FutureExt};
use nix::sys::pthread::{pthread_kill, pthread_self};
use nix::sys::signal::Signal;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use uring_fault_inject::{Answer, answer_enters};
use uring_rt::net::{TcpListener, TcpStream, UnixStream};
use uring_rt::runtime::{Backend, Builder, Rung};
use uring_rt::signal::unix::{SignalKind, signal};
use uring_rt::task::{JoinSet, yield_now};
use uring_rt::time::{Duration, Instant, sleep, sleep_until};

use crate::child::in_child;
use crate::rungs::has_rung;
use crate::support::{backends, echo, for_each_backend, is_overridden, pattern};

const CLIENTS: usize = 8;

/// Messages of all sizes go to a server and back until the time is over; every byte is compared. Beside them, timers.
/// Says how many bytes that were.
async fn checked_echo(for_how_long: Duration) -> usize {
    let end = Instant::now() + for_how_long;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = uring_rt::spawn(async move {
        let mut connections = JoinSet::new();
        for _ in 0..CLIENTS {
            let (stream, _) = listener.accept().await.unwrap();
            connections.spawn(echo(stream));
        }
        while let Some(connection) = connections.join_next().await {
            connection.unwrap().unwrap();
        }
    });
    let timers = uring_rt::spawn(async move {
        let mut fired = 0;
        while Instant::now() < end {
            let deadline = Instant::now() + Duration::from_micros(700);
            sleep_until(deadline).await; // sleep: never early, and never lost, is what is tested
            assert!(Instant::now() >= deadline);
            fired += 1;
        }
        fired
    });
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        clients.spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let (mut bytes, mut size) = (0, client + 1);
            // Something, even where connecting takes all of the time.
            while bytes == 0 || Instant::now() < end {
                size = size * 7 % 60_013 + 1;
                let sent = pattern(client + bytes, size);
                let mut answer = vec![0; size];
                let (mut read, mut write) = (&stream).split();
                futures_util::try_join!(write.write_all(&sent), read.read_exact(&mut answer))
                    .unwrap();
                assert!(answer == sent, "client {client} after {bytes} bytes");
                bytes += size;
            }
            stream.close().await.unwrap();
            bytes
        });
    }
    let bytes = clients.join_all().await.into_iter().sum();
    server.await.unwrap();
    assert!(timers.await.unwrap() > 0);
    bytes
}

/// Five seconds of load on a ring whose every fifth enter fails, from the first one on to the last.
fn one_enter_in_five_fails(rung: Rung) {
    if is_overridden() || !has_rung(rung) {
        return;
    }
    let confined = move || {
        let mut calls = 0;
        let failures = [libc::EINTR, libc::EBUSY, libc::EAGAIN];
        let tally = answer_enters(move || {
            calls += 1;
            match calls % 5 {
                0 => Answer::Errno(failures[calls / 5 % 3]),
                _ => Answer::Kernel,
            }
        })
        .unwrap();
        let runtime = Builder::new()
            .backend(Backend::IoUring)
            .top_rung(rung)
            .build()
            .unwrap();
        assert_eq!(runtime.driver().rung, Some(rung));
        let bytes = runtime.block_on(checked_echo(Duration::from_secs(5)));
        assert!(bytes > 0);
        assert_eq!(runtime.metrics().snapshot().reactor.backend_switches, 0);
        assert_eq!(
            runtime.driver().rung,
            Some(rung),
            "the ring was not given up"
        );
        drop(runtime);
        let (asked, refused) = (tally.asked(), tally.refused());
        assert!(
            refused > 100 && refused >= asked / 5,
            "{refused} of {asked}"
        );
    };
    thread::spawn(confined).join().unwrap();
}

#[test]
fn on_the_best_rung_no_byte_is_lost_when_one_enter_in_five_fails() {
    one_enter_in_five_fails(uring_rt::probe().unwrap().rung.unwrap_or(Rung::A));
}

#[test]
fn on_a_plain_ring_no_byte_is_lost_when_one_enter_in_five_fails() {
    one_enter_in_five_fails(Rung::E);
}

#[test]
fn on_the_first_kernel_no_byte_is_lost_when_one_enter_in_five_fails() {
    one_enter_in_five_fails(Rung::F);
}

#[test]
fn a_ring_whose_first_enters_fail_in_passing_is_used_all_the_same() {
    if is_overridden() {
        return;
    }
    let rungs = [Rung::A, Rung::B, Rung::E, Rung::F];
    for rung in rungs.into_iter().filter(|&rung| has_rung(rung)) {
        for errno in [libc::EINTR, libc::EBUSY, libc::EAGAIN] {
            let confined = move || {
                let mut left = 3;
                answer_enters(move || {
                    left -= 1;
                    if left >= 0 {
                        Answer::Errno(errno)
                    } else {
                        Answer::Kernel
                    }
                })
                .unwrap();
                let runtime = Builder::new().top_rung(rung).build().unwrap();
                assert_eq!(runtime.driver().rung, Some(rung), "{}", runtime.driver());
            };
            thread::spawn(confined).join().unwrap();
        }
    }
}

#[test]
fn a_thousand_signals_a_second_lose_no_byte_and_keep_nobody_awake() {
    in_child(
        "faults::a_thousand_signals_a_second_lose_no_byte_and_keep_nobody_awake",
        || {
            for_each_backend(async || {
                // Caught, or it would end the process. Nobody looks at it.
                let _caught = signal(SignalKind::user_defined2()).unwrap();
                let storm = Storm::on_this_thread();
                while storm.sent() < 300 {
                    assert!(checked_echo(Duration::from_millis(100)).await > 0);
                }
                // Each signal may end one sleep. More turns than that would be a spin.
                let metrics = || {
                    uring_rt::runtime::Handle::current()
                        .metrics()
                        .snapshot()
                        .reactor
                };
                let (before, sent_before) = (metrics().turns, storm.sent());
                let start = Instant::now();
                sleep(Duration::from_millis(200)).await; // sleep: the storm must not keep the loop awake
                assert!(start.elapsed() >= Duration::from_millis(200));
                let (turns, sent) = (metrics().turns - before, storm.sent() - sent_before);
                assert!(turns <= 3 * sent + 20, "{turns} turns for {sent} signals");
                storm.end();
            });
        },
    );
}

/// A thread that sends a signal to the one that made it, each millisecond.
struct Storm {
    is_over: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    thread: thread::JoinHandle<()>,
}

impl Storm {
    fn on_this_thread() -> Storm {
        let (is_over, sent) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let target = pthread_self();
        let thread = thread::spawn({
            let (is_over, sent) = (Arc::clone(&is_over), Arc::clone(&sent));
            move || {
                while !is_over.load(Ordering::Acquire) {
                    pthread_kill(target, Signal::SIGUSR2).unwrap();
                    sent.fetch_add(1, Ordering::Relaxed);
                    // sleep: a signal each millisecond
                    thread::sleep(Duration::from_millis(1));
                }
            }
        });
        Storm {
            is_over,
            sent,
            thread,
        }
    }

    fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    fn end(self) {
        self.is_over.store(true, Ordering::Release);
        self.thread.join().unwrap();
    }
}

/// Lets this process have `more` descriptors than it has now.
fn leave_free_fds(more: u64) -> Rlimit {
    let limit = getrlimit(Resource::Nofile);
    let next = std::fs::File::open("/dev/null").unwrap();
    let current = Some(u64::from(next.as_raw_fd().unsigned_abs()) + more);
    setrlimit(Resource::Nofile, Rlimit { current, ..limit }).unwrap();
    limit
}

#[test]
fn an_accept_without_a_free_fd_is_an_error_and_the_connection_waits() {
    in_child(
        "faults::an_accept_without_a_free_fd_is_an_error_and_the_connection_waits",
        || {
            for_each_backend(async || {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let address = listener.local_addr().unwrap();
                let mut client = TcpStream::connect(address).await.unwrap();
                let limit = leave_free_fds(0);
                for _ in 0..3 {
                    let error = listener.accept().await.unwrap_err();
                    assert_eq!(error.raw_os_error(), Some(libc::EMFILE), "{error}");
                }
                setrlimit(Resource::Nofile, limit).unwrap();
                let (mut accepted, _) = listener.accept().await.unwrap();
                accepted.write_all(b"x").await.unwrap();
                client.read_exact(&mut [0]).await.unwrap();
            });
        },
    );
}

#[test]
fn without_a_free_fd_no_runtime_is_built_and_afterwards_it_is() {
    in_child(
        "faults::without_a_free_fd_no_runtime_is_built_and_afterwards_it_is",
        || {
            for (name, mut builder) in backends() {
                let limit = leave_free_fds(0);
                let error = builder.build().unwrap_err();
                assert_eq!(error.raw_os_error(), Some(libc::EMFILE), "{name}: {error}");
                setrlimit(Resource::Nofile, limit).unwrap();
                let runtime = builder.build().unwrap();
                assert!(runtime.block_on(async { UnixStream::pair().is_ok() }));
            }
        },
    );
}

#[test]
fn what_was_registered_for_threads_that_exit_goes_with_them() {
    for_each_backend(async || {
        let sources = || {
            let handle = uring_rt::runtime::Handle::current();
            handle.metrics().snapshot().reactor.sources
        };
        let before = sources();
        for round in 0..20 {
            let (near, mut far) = UnixStream::pair().unwrap();
            let (other, mut its_far) = UnixStream::pair().unwrap();
            // Armed here, moved there, waited for there, and dropped by a thread that ends.
            assert!(near.readable().now_or_never().is_none());
            yield_now().await;
            let thread = thread::spawn(move || {
                assert!(near.readable().now_or_never().is_none());
                if round % 2 == 0 {
                    // The thread ends with a wait of its own under way.
                    return Some((near, other));
                }
                drop((near, other));
                None
            });
            let back = uring_rt::task::spawn_blocking(move || thread.join().unwrap()).await;
            if let Some((near, other)) = back.unwrap() {
                // The thread that asked last is gone; the event is still heard of.
                far.write_all(b"x").await.unwrap();
                (&near).read_exact(&mut [0]).await.unwrap();
                drop((near, other));
            }
            assert_eq!(far.read(&mut [0]).await.unwrap(), 0);
            assert_eq!(its_far.read(&mut [0]).await.unwrap(), 0);
        }
        assert_eq!(sources(), before);
    });
}
