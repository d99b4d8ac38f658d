//! Signals. A binary of its own, and one test at a time: they belong to the whole process.

use std::future::pending;
use std::io::ErrorKind;
use std::pin::pin;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use futures_util::{AsyncReadExt, AsyncWriteExt, FutureExt, StreamExt};
use rustix::process::{Signal as Raised, getpid, kill_process};
use uring_rt::AsyncFd;
use uring_rt::net::{TcpListener, TcpStream};
use uring_rt::runtime::{Backend, Builder, Rung, Runtime, TimerMode};
use uring_rt::signal::ctrl_c;
use uring_rt::signal::unix::{Signal, SignalKind, signal};
use uring_rt::task::{JoinSet, yield_now};
use uring_rt::time::{Duration, sleep};

#[path = "it/rungs.rs"]
mod rungs;

use rungs::has_rung;

/// Set in a child process that runs one test of this file again.
const CHILD: &str = "URING_RT_TEST_CHILD";

static SERIAL: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    SERIAL.lock().unwrap_or_else(PoisonError::into_inner)
}

fn send(signal: Raised) {
    kill_process(getpid(), signal).unwrap();
}

/// Sends a signal and waits until its handler has run, on whichever thread that is. Nobody has looked at it then.
async fn send_and_see_it_handled(signal: Raised) {
    uring_sys::signal::drain_wake_fd().unwrap();
    send(signal);
    let wake_fd = AsyncFd::new(uring_sys::signal::wake_fd().unwrap()).unwrap();
    wake_fd.readable().await.unwrap().retain_ready();
}

/// A mask of signals of this process, as the kernel has it.
fn mask(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix(name));
    u64::from_str_radix(mask.unwrap().trim(), 16).unwrap()
}

fn is_caught(kind: SignalKind) -> bool {
    mask("SigCgt:") >> (kind.as_raw_value() - 1) & 1 != 0
}

fn usr1() -> Signal {
    signal(SignalKind::user_defined1()).unwrap()
}

/// A runtime of each kind. `URING_RT_BACKEND` overrides the choice.
fn for_each_backend(test: impl AsyncFn()) {
    let run = |builder: &mut Builder| builder.build().unwrap().block_on(test());
    for rung in Rung::ALL.into_iter().filter(|&rung| has_rung(rung)) {
        run(Builder::new().top_rung(rung));
    }
    run(Builder::new().timer(TimerMode::TimerFd));
    run(Builder::new().backend(Backend::Epoll));
}

/// Whether nothing comes, also when the kernel was asked.
async fn hears_nothing(listener: &mut Signal) -> bool {
    let is_silent = listener.recv().now_or_never().is_none();
    settle().await;
    is_silent && listener.recv().now_or_never().is_none()
}

/// Looks at the kernel until nothing can be under way any more.
async fn settle() {
    for _ in 0..20 {
        yield_now().await;
    }
}

#[test]
fn each_listener_gets_the_signal() {
    let _alone = alone();
    for_each_backend(async || {
        let mut listeners = [usr1(), usr1(), usr1()];
        for _ in 0..3 {
            send(Raised::USR1);
            for listener in &mut listeners {
                assert_eq!(listener.recv().await, Some(()));
            }
            for listener in &mut listeners {
                assert!(hears_nothing(listener).await, "once each");
            }
        }
    });
}

#[test]
fn tasks_that_sleep_are_woken() {
    let _alone = alone();
    for_each_backend(async || {
        let mut tasks = JoinSet::new();
        for _ in 0..4 {
            let mut listener = usr1();
            tasks.spawn(async move { listener.recv().await });
        }
        settle().await;
        let sender = thread::spawn(|| send(Raised::USR1));
        assert_eq!(tasks.join_all().await, [Some(()); 4]);
        sender.join().unwrap();
    });
}

#[test]
fn listeners_of_two_runtimes_are_both_told() {
    let _alone = alone();
    for _ in 0..20 {
        let ready = Arc::new(std::sync::Barrier::new(3));
        let wait = |backend: Backend| {
            let ready = Arc::clone(&ready);
            thread::spawn(move || {
                let runtime = Builder::new().backend(backend).build().unwrap();
                runtime.block_on(async {
                    let mut listener = usr1();
                    ready.wait();
                    listener.recv().await
                })
            })
        };
        let threads = [wait(Backend::Auto), wait(Backend::Epoll)];
        ready.wait();
        send(Raised::USR1);
        for thread in threads {
            assert_eq!(thread.join().unwrap(), Some(()));
        }
    }
}

#[test]
fn kinds_are_kept_apart() {
    let _alone = alone();
    for_each_backend(async || {
        let (mut one, mut two) = (usr1(), signal(SignalKind::user_defined2()).unwrap());
        send(Raised::USR2);
        two.recv().await.unwrap();
        assert!(hears_nothing(&mut one).await);
        send(Raised::USR1);
        one.recv().await.unwrap();
        assert!(hears_nothing(&mut two).await);
    });
}

#[test]
fn several_that_come_before_the_look_count_as_one() {
    let _alone = alone();
    for_each_backend(async || {
        let mut listener = usr1();
        for _ in 0..5 {
            send_and_see_it_handled(Raised::USR1).await;
        }
        listener.recv().await.unwrap();
        assert!(hears_nothing(&mut listener).await);
    });
}

#[test]
fn a_dropped_recv_loses_no_signal() {
    let _alone = alone();
    for_each_backend(async || {
        let mut listener = usr1();
        {
            let mut recv = pin!(listener.recv());
            assert!((&mut recv).now_or_never().is_none());
            send(Raised::USR1);
            settle().await;
        }
        listener.recv().await.unwrap();
    });
}

#[test]
fn a_listener_hears_nothing_of_before() {
    let _alone = alone();
    for_each_backend(async || {
        let unheard = usr1();
        send_and_see_it_handled(Raised::USR1).await;
        drop(unheard);
        let mut first = usr1();
        assert!(hears_nothing(&mut first).await, "its listeners are gone");
        send_and_see_it_handled(Raised::USR1).await;
        let mut second = usr1();
        assert!(hears_nothing(&mut second).await, "it came before");
        first.recv().await.unwrap();
    });
}

#[test]
fn the_last_listener_gives_the_signal_back() {
    let _alone = alone();
    let kind = SignalKind::window_change();
    Runtime::new().unwrap().block_on(async {
        for _ in 0..3 {
            assert!(!is_caught(kind));
            let (first, second) = (signal(kind).unwrap(), signal(kind).unwrap());
            assert!(is_caught(kind));
            drop(first);
            assert!(is_caught(kind), "somebody still listens");
            drop(second);
        }
        assert!(!is_caught(kind));
        drop(uring_rt::spawn(async move {
            signal(kind).unwrap().recv().await
        }));
        settle().await;
        assert!(is_caught(kind));
    });
    assert!(!is_caught(kind), "the runtime's end has dropped the task");
}

#[test]
fn without_a_listener_the_signal_kills_as_before() {
    use std::os::unix::process::ExitStatusExt;
    if std::env::var_os(CHILD).is_some() {
        Runtime::new().unwrap().block_on(async {
            let mut listener = signal(SignalKind::terminate()).unwrap();
            send(Raised::TERM);
            listener.recv().await.unwrap();
            drop(listener);
            send(Raised::TERM);
            pending::<()>().await;
        });
    }
    let status = again("without_a_listener_the_signal_kills_as_before").status;
    assert_eq!(status.signal(), Some(libc::SIGTERM));
}

#[test]
fn kinds_that_must_not_be_caught_are_errors_as_in_tokio() {
    let _alone = alone();
    Runtime::new().unwrap().block_on(async {
        let refused = [
            libc::SIGKILL,
            libc::SIGSTOP,
            libc::SIGSEGV,
            libc::SIGILL,
            libc::SIGFPE,
            0,
            -1,
            65,
            i32::MAX,
            i32::MIN,
        ];
        for signum in refused {
            let error = signal(SignalKind::from_raw(signum)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Other, "{signum}");
        }
        let kept_by_libc = signal(SignalKind::from_raw(32)).unwrap_err();
        assert_eq!(kept_by_libc.raw_os_error(), Some(libc::EINVAL));
        assert!(signal(SignalKind::from_raw(libc::SIGRTMIN())).is_ok());
    });
}

#[test]
fn outside_of_a_runtime_both_panic_and_say_so() {
    let _alone = alone();
    let calls: [fn(); 2] = [
        || drop(signal(SignalKind::user_defined2())),
        || drop(ctrl_c().now_or_never()),
    ];
    for call in calls {
        let payload = std::panic::catch_unwind(call).unwrap_err();
        let text = payload.downcast_ref::<String>().unwrap();
        assert!(text.contains("needs a running uring-rt runtime"), "{text}");
    }
    assert!(!is_caught(SignalKind::user_defined2()));
}

#[test]
fn ctrl_c_is_an_interrupt() {
    let _alone = alone();
    for_each_backend(async || {
        let pressed = uring_rt::spawn(ctrl_c());
        settle().await;
        send(Raised::INT);
        pressed.await.unwrap().unwrap();
        assert!(!is_caught(SignalKind::interrupt()));
    });
}

#[test]
fn a_listener_is_a_stream() {
    let _alone = alone();
    Runtime::new().unwrap().block_on(async {
        let mut listener = usr1();
        for _ in 0..3 {
            send(Raised::USR1);
            assert_eq!(listener.next().await, Some(()));
        }
    });
}

#[test]
fn a_listener_that_outlives_its_runtime_goes_on_in_another_and_ends_outside() {
    let _alone = alone();
    for_each_backend(async || {
        let first = thread::spawn(|| {
            let runtime = Runtime::new().unwrap();
            let listener = runtime.block_on(async {
                let mut listener = usr1();
                assert!(listener.recv().now_or_never().is_none());
                listener
            });
            drop(runtime);
            listener
        });
        let mut listener = first.join().unwrap();
        // One that came while nobody looked, and one later.
        send_and_see_it_handled(Raised::USR1).await;
        assert_eq!(listener.recv().await, Some(()));
        assert!(hears_nothing(&mut listener).await);
        send(Raised::USR1);
        assert_eq!(listener.recv().await, Some(()));
    });
    let mut listener = Runtime::new().unwrap().block_on(async { usr1() });
    assert_eq!(
        listener.recv().now_or_never(),
        Some(None),
        "no runtime at all"
    );
}

#[test]
fn a_listener_is_polled_on_any_thread() {
    let _alone = alone();
    for_each_backend(async || {
        let mut listener = usr1();
        let handle = uring_rt::runtime::Handle::current();
        let (polled, was_polled) = std::sync::mpsc::channel();
        let waiter = thread::spawn(move || {
            handle.block_on(async {
                assert!(listener.recv().now_or_never().is_none());
                polled.send(()).unwrap();
                listener.recv().await
            })
        });
        while was_polled.try_recv().is_err() {
            yield_now().await;
        }
        send(Raised::USR1);
        while !waiter.is_finished() {
            yield_now().await;
        }
        assert_eq!(waiter.join().unwrap(), Some(()));
    });
}

/// Runs one test of this file again, in a process of its own.
fn again(test: &str) -> std::process::Output {
    Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap()
}

/// Alone in its process: a fork copies one thread only.
#[test]
fn after_a_fork_each_process_hears_its_own_signals() {
    let name = "after_a_fork_each_process_hears_its_own_signals";
    if std::env::var_os(CHILD).is_none() {
        let output = again(name);
        assert!(output.status.success(), "{output:?}");
        return;
    }
    for_each_backend(async || {
        let mut listener = usr1();
        assert!(listener.recv().now_or_never().is_none());
        settle().await;
        if matches!(fork::fork(), Ok(fork::Fork::Child)) {
            // Nothing is pending here, and what comes is heard twice in a row.
            let mut is_good = hears_nothing(&mut listener).await;
            for _ in 0..2 {
                send(Raised::USR1);
                is_good &= listener.recv().await.is_some();
                is_good &= hears_nothing(&mut listener).await;
            }
            uring_fault_inject::leave(if is_good { 0 } else { 1 });
        }
        let (_, status) = rustix::process::wait(rustix::process::WaitOptions::empty())
            .unwrap()
            .unwrap();
        assert_eq!(status.exit_status(), Some(0));
        assert!(hears_nothing(&mut listener).await, "those were the child's");
        send(Raised::USR1);
        assert_eq!(listener.recv().await, Some(()));
    });
}

/// Echoes a megabyte in pieces of all sizes and compares every byte.
async fn echo_a_megabyte() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = uring_rt::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.split();
        futures_util::io::copy(read, &mut write).await.unwrap();
        write.close().await.unwrap();
    });
    let client = TcpStream::connect(address).await.unwrap();
    let sent: Vec<u8> = (0..1_u32 << 20)
        .map(|n| ((n * 31) >> 3).to_le_bytes()[0])
        .collect();
    let mut received = Vec::new();
    let send = async {
        let mut rest = &sent[..];
        let mut piece = 1;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(piece.min(rest.len()));
            (&client).write_all(now).await.unwrap();
            rest = later;
            piece = piece * 5 % 9973 + 1;
        }
        (&client).close().await.unwrap();
    };
    let receive = async { (&client).read_to_end(&mut received).await.unwrap() };
    futures_util::join!(send, receive);
    assert!(received == sent);
    server.await.unwrap();
}

#[test]
fn a_storm_of_signals_loses_no_byte() {
    let _alone = alone();
    let (is_over, sent) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        // Installed for as long as the other thread sends, or a signal would end the process.
        let outer = Runtime::new().unwrap();
        let keep = outer.block_on(async { usr1() });
        let storm = scope.spawn(|| {
            while !is_over.load(Ordering::Acquire) {
                send(Raised::USR1);
                sent.store(true, Ordering::Release);
                // sleep: a signal each millisecond
                thread::sleep(Duration::from_millis(1));
            }
        });
        for_each_backend(async || {
            let mut listener = usr1();
            let counter = uring_rt::spawn(async move {
                let mut count = 0_u32;
                while count < 3 {
                    listener.recv().await.unwrap();
                    count += 1;
                }
                count
            });
            echo_a_megabyte().await;
            sleep(Duration::from_micros(500)).await;
            assert_eq!(counter.await.unwrap(), 3);
        });
        is_over.store(true, Ordering::Release);
        storm.join().unwrap();
        // Signals that were not delivered yet go with it.
        drop(keep);
    });
    assert!(sent.load(Ordering::Acquire));
}
