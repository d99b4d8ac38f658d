//! A runtime that is driven from a foreign loop: on `poll(2)`, and inside of a foreign epoll set.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::mpsc;
use std::thread;

use futures_util::{AsyncReadExt, AsyncWriteExt};
use rustix::event::{PollFd, PollFlags, Timespec, epoll, poll};
use rustix::io::Errno;
use uring_rt::io::AsyncFd;
use uring_rt::net::{TcpListener, TcpStream, UnixStream};
use uring_rt::runtime::{Builder, Runtime};
use uring_rt::task::JoinHandle;
use uring_rt::time::{Duration, Instant, sleep};

use crate::child::in_child;
use crate::support::{backends, echo, panic_text, pattern, runtime};

/// A foreign loop: sleeps until the fd is readable, without a limit. A wake that is lost makes the test hang.
type Sleep = fn(BorrowedFd<'_>);

const LOOPS: [Sleep; 2] = [on_poll, on_epoll];

fn on_poll(fd: BorrowedFd<'_>) {
    // A ring without deferred work interrupts the sleep of its thread, which is no event yet.
    while matches!(
        poll(&mut [PollFd::new(&fd, PollFlags::IN)], None),
        Ok(0) | Err(Errno::INTR)
    ) {}
}

fn on_epoll(fd: BorrowedFd<'_>) {
    let set = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
    epoll::add(
        &set,
        fd,
        epoll::EventData::new_u64(1),
        epoll::EventFlags::IN,
    )
    .unwrap();
    let mut events = Vec::with_capacity(4);
    while events.is_empty() {
        let waited = epoll::wait(&set, rustix::buffer::spare_capacity(&mut events), None);
        assert!(matches!(waited, Ok(_) | Err(Errno::INTR)), "{waited:?}");
    }
}

fn is_readable(runtime: &Runtime) -> bool {
    is_readable_within(runtime, Duration::ZERO)
}

/// Whether the fd says that there is something to do: at once, or a moment later, where the kernel says it from an
/// interrupt (a timerfd that is due) or from a task of its own (the eventfd of a ring since Linux 7).
fn becomes_readable(runtime: &Runtime) -> bool {
    is_readable_within(runtime, Duration::from_secs(20))
}

fn is_readable_within(runtime: &Runtime, limit: Duration) -> bool {
    let limit = Timespec::try_from(limit).unwrap();
    loop {
        match poll(&mut [PollFd::new(runtime, PollFlags::IN)], Some(&limit)) {
            Err(Errno::INTR) => {}
            result => return result.unwrap() == 1,
        }
    }
}

/// Rounds until the task is done.
fn drive<T>(runtime: &mut Runtime, sleep: Sleep, task: &JoinHandle<T>) -> usize {
    let mut rounds = 0;
    while !task.is_finished() {
        sleep(runtime.as_fd());
        runtime.poll_once().unwrap();
        rounds += 1;
    }
    rounds
}

/// Rounds until the runtime has nothing to do and its fd says so. A wake by an eventfd may show twice: once at once,
/// and once when the kernel has passed it on. A runtime that is readable for ever makes the test hang.
fn settle(runtime: &mut Runtime) {
    while runtime.poll_once().unwrap() || is_readable(runtime) {}
}

fn for_each_loop(test: impl Fn(&str, &mut Runtime, Sleep)) {
    for (name, mut builder) in backends() {
        for (index, sleep) in LOOPS.into_iter().enumerate() {
            let name = format!("{name}, {}", ["poll", "epoll"][index]);
            test(&name, &mut builder.build().unwrap(), sleep);
        }
    }
}

#[test]
fn a_foreign_loop_drives_sockets() {
    for_each_loop(|_, runtime, sleep| {
        let sent = pattern(7, 300_000);
        let expected = sent.clone();
        let task = runtime.spawn(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let server =
                uring_rt::spawn(async move { echo(listener.accept().await.unwrap().0).await });
            let stream = TcpStream::connect(address).await.unwrap();
            let (mut read, mut write) = stream.split();
            let mut answer = vec![0; sent.len()];
            let written = async { write.write_all(&sent).await };
            let (written, read) = futures_util::join!(written, read.read_exact(&mut answer));
            written.and(read).unwrap();
            drop(server);
            answer
        });
        drive(runtime, sleep, &task);
        assert!(runtime.block_on(task).unwrap() == expected);
    });
}

#[test]
fn a_foreign_loop_drives_timers_that_are_never_early_and_does_not_spin() {
    for_each_loop(|name, runtime, foreign| {
        let start = Instant::now();
        let task = runtime.spawn(async move {
            for millis in [1, 20] {
                sleep(Duration::from_millis(millis)).await;
            }
            start.elapsed()
        });
        let rounds = drive(runtime, foreign, &task);
        assert!(runtime.block_on(task).unwrap() >= Duration::from_millis(21));
        assert!(rounds < 20, "{name}: {rounds} rounds for two timers");
    });
}

#[test]
fn a_wake_from_another_thread_ends_the_foreign_sleep() {
    for_each_loop(|_, runtime, sleep| {
        let (tell, told) = tokio::sync::oneshot::channel();
        let task = runtime.spawn(told);
        settle(runtime);
        let other = thread::spawn(move || tell.send(5).unwrap());
        drive(runtime, sleep, &task);
        assert_eq!(runtime.block_on(task).unwrap(), Ok(5));
        other.join().unwrap();
    });
}

#[test]
fn a_quiet_runtime_is_not_readable_and_each_change_from_its_own_thread_makes_it_so() {
    for_each_loop(|name, runtime, _| {
        let (mut left, right) = runtime.block_on(async { UnixStream::pair().unwrap() });
        let theirs = {
            let _entered = runtime.enter();
            AsyncFd::new(rustix::event::eventfd(0, rustix::event::EventfdFlags::empty()).unwrap())
        };
        assert!(
            becomes_readable(runtime),
            "{name}: the first round is due at once"
        );
        settle(runtime);
        assert_eq!(runtime.next_deadline(), None);

        let reader = runtime.spawn(async move { (&right).read(&mut [0; 8]).await.unwrap() });
        assert!(becomes_readable(runtime), "{name}: a task was spawned");
        assert!(runtime.next_deadline().is_some());
        settle(runtime);

        drop(theirs);
        settle(runtime);

        let aborted = runtime.spawn(std::future::pending::<()>());
        settle(runtime);
        aborted.abort();
        assert!(becomes_readable(runtime), "{name}: a task is to be dropped");
        settle(runtime);

        let waker = std::task::Waker::noop();
        let mut timer = {
            let _entered = runtime.enter();
            sleep(Duration::from_secs(3600))
        };
        let polled =
            std::pin::Pin::new(&mut timer).poll(&mut std::task::Context::from_waker(waker));
        assert!(polled.is_pending());
        assert!(
            becomes_readable(runtime),
            "{name}: a timer has to be taken over"
        );
        settle(runtime);
        assert!(runtime.next_deadline().is_some());

        let write = async { left.write_all(b"x").await.unwrap() };
        crate::support::foreign_block_on(write);
        on_poll(runtime.as_fd());
        settle(runtime);
        assert!(reader.is_finished(), "{name}");
    });
}

#[test]
fn more_than_one_round_can_do_is_left_for_the_next() {
    for_each_loop(|name, runtime, sleep| {
        let task = runtime.spawn(async {
            for _ in 0..2000 {
                uring_rt::task::yield_now().await;
            }
        });
        assert!(
            runtime.poll_once().unwrap(),
            "{name}: the foreign loop has its turn"
        );
        assert!(becomes_readable(runtime));
        drive(runtime, sleep, &task);
    });
}

#[test]
fn a_paused_clock_goes_on_in_a_foreign_loop() {
    for (name, mut builder) in backends() {
        let mut runtime = builder.start_paused(true).build().unwrap();
        let task = runtime.spawn(async {
            let start = Instant::now();
            sleep(Duration::from_secs(3600)).await;
            start.elapsed()
        });
        drive(&mut runtime, on_poll, &task);
        let elapsed = runtime.block_on(task).unwrap();
        assert_eq!(elapsed, Duration::from_secs(3600), "{name}");
    }
}

#[test]
fn block_on_and_a_foreign_loop_take_turns() {
    for_each_loop(|_, runtime, foreign| {
        for _ in 0..3 {
            let task = runtime.spawn(async { sleep(Duration::from_micros(300)).await });
            drive(runtime, foreign, &task);
            runtime.block_on(async { sleep(Duration::from_micros(300)).await });
            settle(runtime);
        }
    });
}

#[test]
fn blocking_calls_end_in_a_foreign_loop() {
    for_each_loop(|_, runtime, sleep| {
        let (go, wait) = mpsc::channel::<()>();
        let task = runtime.spawn_blocking(move || wait.recv().unwrap());
        settle(runtime);
        go.send(()).unwrap();
        drive(runtime, sleep, &task);
    });
}

#[test]
fn a_forked_child_drives_on_with_a_descriptor_of_its_own() {
    let test = || {
        for (name, mut builder) in backends() {
            let mut runtime = builder.build().unwrap();
            let task = runtime.spawn(async { sleep(Duration::from_millis(5)).await });
            settle(&mut runtime);
            match fork::fork().unwrap() {
                fork::Fork::Child => {
                    settle(&mut runtime);
                    drive(&mut runtime, on_poll, &task);
                    // Not back into the test program, which would go on in both.
                    uring_fault_inject::leave(42);
                }
                fork::Fork::Parent(child) => {
                    drive(&mut runtime, on_poll, &task);
                    let status = fork::waitpid(child).unwrap();
                    assert_eq!(fork::WEXITSTATUS(status), 42, "{name}");
                }
            }
        }
    };
    in_child(
        "embedding::a_forked_child_drives_on_with_a_descriptor_of_its_own",
        test,
    );
}

#[test]
fn asking_inside_of_block_on_panics_and_later_it_does_not() {
    let runtime = runtime();
    let text = runtime.block_on(async { panic_text(|| drop(runtime.try_as_fd())) });
    assert!(text.contains("Runtime::as_fd"), "{text}");
    assert!(runtime.try_as_fd().is_ok());
    let asked_before = Builder::new().build().unwrap();
    let outside = asked_before.as_fd();
    asked_before.block_on(async {
        let inside = asked_before.try_as_fd().unwrap();
        assert!(std::ptr::eq(
            &raw const *asked_before.handle(),
            asked_before.handle()
        ));
        assert_eq!(
            std::os::fd::AsRawFd::as_raw_fd(&inside),
            std::os::fd::AsRawFd::as_raw_fd(&outside)
        );
    });
}
