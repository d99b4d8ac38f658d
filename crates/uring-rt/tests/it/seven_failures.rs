//! Seven things at which libev's `io_uring` backend, the model of this runtime, fails on Linux 6.18; each as an
//! application would meet it here, on every rung of the ring, with both kinds of timers, and on epoll.

use std::collections::HashSet;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Stdio;
use std::thread;

use fork::{Fork, fork, waitpid};
use futures_util::FutureExt;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use uring_rt::AsyncFd;
use uring_rt::runtime::{Handle, Runtime};
use uring_rt::task::{JoinSet, yield_now};
use uring_rt::time::{Duration, Instant, sleep, sleep_until, timeout};

use crate::child::{in_child, in_child_with_input};
use crate::seccomp::{STEPS, exchange_bytes, under_filter};
use crate::support::{backends, for_each_backend, for_each_runtime, is_overridden};

/// What a loop may take while nothing happens. One that spins takes a million a second.
const FEW: u64 = 50;

fn turns() -> u64 {
    Handle::current().metrics().snapshot().reactor.turns
}

/// The near end registered and non-blocking, the far one the test's own.
fn pair() -> (AsyncFd<UnixStream>, UnixStream) {
    let (near, far) = UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    far.set_nonblocking(true).unwrap();
    (AsyncFd::new(near).unwrap(), far)
}

/// Writes until nothing fits any more, and says how much that was.
fn fill(mut stream: impl Write) -> usize {
    let mut total = 0;
    loop {
        match stream.write(&[7; 65_536]) {
            Ok(count) => total += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return total,
            Err(error) => panic!("{error}"),
        }
    }
}

async fn read_byte(fd: &AsyncFd<UnixStream>) -> io::Result<u8> {
    let mut byte = [0];
    loop {
        let mut guard = fd.readable().await?;
        if let Ok(result) = guard.try_io(|fd| fd.get_ref().read_exact(&mut byte)) {
            return result.map(|()| byte[0]);
        }
    }
}

/// Whether the end has come, as a read that does not wait says.
fn is_at_end(mut far: &UnixStream) -> bool {
    far.read(&mut [0]).is_ok_and(|count| count == 0)
}

#[test]
fn f1_a_full_writer_whose_peer_half_closes_sleeps_and_hears_of_room() {
    async fn sleeps(near: impl AsFd, filled: usize, mut far: impl Read + Send + 'static) {
        let near = AsyncFd::new(near).unwrap();
        let before = turns();
        let early = timeout(Duration::from_millis(100), near.writable()).await;
        assert!(early.is_err(), "there is no room");
        let taken = turns() - before;
        assert!(taken < FEW, "{taken} turns");
        let drain = thread::spawn(move || far.read_exact(&mut vec![0; filled]).unwrap());
        near.writable().await.unwrap().retain_ready();
        drain.join().unwrap();
    }
    for_each_backend(async || {
        let (near, far) = UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        let filled = fill(&near);
        far.shutdown(Shutdown::Write).unwrap();
        sleeps(near, filled, far).await;

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (far, _) = listener.accept().unwrap();
        near.set_nonblocking(true).unwrap();
        let filled = fill(&near);
        far.shutdown(Shutdown::Write).unwrap();
        sleeps(near, filled, far).await;
    });
}

#[test]
fn f2_the_peer_of_an_armed_socket_sees_the_end_when_the_drop_returns_ten_thousand_times() {
    // A process that another test starts has a copy of every fd, between its fork and its exec.
    in_child(
        "seven_failures::f2_the_peer_of_an_armed_socket_sees_the_end_when_the_drop_returns_ten_thousand_times",
        || {
            for (name, mut builder) in backends() {
                // Eight entries wrap more than a thousand times.
                let runtime = builder.entries(8).build().unwrap();
                runtime.block_on(async {
                    let mut late = 0;
                    for round in 0..10_000 {
                        let (near, far) = pair();
                        assert!(near.readable().now_or_never().is_none());
                        // A turn, which brings the arm to the kernel.
                        yield_now().await;
                        drop(near);
                        if !is_at_end(&far) {
                            // Whoever lists `/proc/PID/fd`, such as a monitor, holds each file for a moment.
                            late += 1;
                            // sleep: nothing tells when it has let go.
                            thread::sleep(Duration::from_millis(10));
                            assert!(is_at_end(&far), "{name}: round {round}");
                        }
                    }
                    assert!(late < 100, "{name}: {late} ends were late");
                });
                let arms = runtime.metrics().snapshot().reactor.arms;
                assert!(arms >= 10_000, "{name}: {arms} arms");
            }
        },
    );
}

#[test]
fn f3_four_hundred_ready_fds_all_arrive_by_turns_that_do_not_sleep() {
    for entries in [16, 256] {
        for (name, mut builder) in backends() {
            let runtime = builder.entries(entries).build().unwrap();
            let arrived = runtime.block_on(arrivals_without_sleep());
            assert_eq!(arrived, 400, "{name}, {entries} entries");
        }
    }
}

/// How many of 400 fds are heard of by a loop that never sleeps.
async fn arrivals_without_sleep() -> usize {
    let (near, mut far): (Vec<_>, Vec<_>) = (0..400).map(|_| pair()).unzip();
    let mut tasks = JoinSet::new();
    for fd in near {
        tasks.spawn(async move { read_byte(&fd).await });
    }
    yield_now().await;
    far.iter_mut()
        .for_each(|far| assert_eq!(far.write(b"x").unwrap(), 1));
    let mut arrived = 0;
    // This task is always queued, so each turn only looks.
    for _ in 0..10_000 {
        while let Some(byte) = tasks.try_join_next() {
            assert_eq!(byte.unwrap().unwrap(), b'x');
            arrived += 1;
        }
        yield_now().await;
    }
    arrived
}

/// Waits for data, and leaves; nobody has written, so at most an old readiness says so once.
fn arm(fd: &AsyncFd<UnixStream>) {
    while let Some(guard) = fd.readable().now_or_never() {
        let read = guard.unwrap().try_io(|fd| fd.get_ref().read(&mut [0]));
        assert!(read.is_err(), "another one's data: {read:?}");
    }
}

/// What one random step of the fourth failure's test may do to an fd.
async fn step(choice: usize, fd: AsyncFd<UnixStream>, mut far: UnixStream) -> Option<Pair> {
    match choice {
        0 => {
            drop(fd);
            assert!(is_at_end(&far));
            return None;
        }
        1 => {
            let again = AsyncFd::new(fd.into_inner()).unwrap();
            return Some((again, far));
        }
        2 => arm(&fd),
        3 => {
            far.write_all(b"x").unwrap();
            assert_eq!(read_byte(&fd).await.unwrap(), b'x');
        }
        _ => yield_now().await,
    }
    Some((fd, far))
}

type Pair = (AsyncFd<UnixStream>, UnixStream);

#[test]
fn f4_arms_drops_and_registrations_come_in_any_order_and_numbers_are_reused() {
    in_child(
        "seven_failures::f4_arms_drops_and_registrations_come_in_any_order_and_numbers_are_reused",
        || for_each_backend(any_order),
    );
}

async fn any_order() {
    let mut random = 7_usize;
    let mut below = |limit: usize| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % limit
    };
    let mut live: Vec<Pair> = Vec::new();
    let (mut numbers, mut reused) = (HashSet::new(), 0);
    for _ in 0..1000 {
        if live.len() < 2 || below(3) == 0 {
            let new = pair();
            reused += usize::from(!numbers.insert(new.0.get_ref().as_raw_fd()));
            live.push(new);
        }
        let (fd, far) = live.swap_remove(below(live.len()));
        live.extend(step(below(5), fd, far).await);
        // Nobody has written to those that are left, so nobody may be told so.
        if below(50) == 0 {
            live.iter().for_each(|(fd, _)| arm(fd));
        }
    }
    assert!(reused > 100, "{reused} numbers were used again");
}

/// A wait for a byte, one for a timer and one for another thread, all of which have to end.
fn everything_ends(runtime: &Runtime, near: AsyncFd<UnixStream>, mut far: UnixStream) {
    runtime.block_on(async {
        let byte = uring_rt::spawn(async move { read_byte(&near).await });
        let (tell, told) = futures_channel::oneshot::channel();
        let other = thread::spawn(move || tell.send(7));
        assert_eq!(told.await, Ok(7));
        other.join().unwrap().unwrap();
        let start = Instant::now();
        sleep(Duration::from_millis(2)).await; // sleep: that it ends is what is tested
        assert!(start.elapsed() >= Duration::from_millis(2));
        far.write_all(b"x").unwrap();
        assert_eq!(byte.await.unwrap().unwrap(), b'x');
    });
}

#[test]
fn f5_block_on_returns_after_a_fork_in_the_child_and_in_the_parent() {
    in_child(
        "seven_failures::f5_block_on_returns_after_a_fork_in_the_child_and_in_the_parent",
        || {
            for_each_runtime(|runtime| {
                let entered = runtime.enter();
                let (parents, childs) = (pair(), pair());
                drop(entered);
                // Both are at the kernel when the fork comes.
                runtime.block_on(async {
                    assert!(parents.0.readable().now_or_never().is_none());
                    assert!(childs.0.readable().now_or_never().is_none());
                    yield_now().await;
                });
                match fork().unwrap() {
                    Fork::Child => {
                        let (near, far) = childs;
                        let ends = || everything_ends(runtime, near, far);
                        let code = i32::from(catch_unwind(AssertUnwindSafe(ends)).is_err());
                        // Not back into the test program, which would go on in both.
                        uring_fault_inject::leave(code);
                    }
                    Fork::Parent(child) => {
                        let (near, far) = parents;
                        everything_ends(runtime, near, far);
                        assert_eq!(waitpid(child).unwrap(), 0, "the child failed");
                    }
                }
            });
        },
    );
}

/// The customary limit is for programs that use select(2).
fn allow_many_fds() {
    let limit = getrlimit(Resource::Nofile);
    let current = limit.maximum;
    setrlimit(Resource::Nofile, Rlimit { current, ..limit }).unwrap();
}

#[test]
fn f5_block_on_returns_after_the_completion_queue_has_overflowed() {
    allow_many_fds();
    for (name, mut builder) in backends() {
        let runtime = builder.entries(1).build().unwrap();
        runtime.block_on(async {
            for _ in 0..2 {
                let (near, mut far): (Vec<_>, Vec<_>) = (0..500).map(|_| pair()).unzip();
                let mut tasks = JoinSet::new();
                for fd in near {
                    tasks.spawn(async move { read_byte(&fd).await });
                }
                yield_now().await;
                far.iter_mut()
                    .for_each(|far| assert_eq!(far.write(b"x").unwrap(), 1));
                while let Some(byte) = tasks.join_next().await {
                    assert_eq!(byte.unwrap().unwrap(), b'x');
                }
            }
        });
        let metrics = runtime.metrics().snapshot().reactor;
        if runtime.driver().backend() == "io_uring" {
            assert!(metrics.overflows > 0, "{name}: {metrics:?}");
        }
    }
}

/// Timers that are not early, by a loop that sleeps meanwhile.
fn timers_are_exact() {
    for_each_backend(async || {
        for millis in [1, 3, 10] {
            let before = turns();
            let deadline = Instant::now() + Duration::from_millis(millis);
            sleep_until(deadline).await; // sleep: that it ends, and not early
            assert!(Instant::now() >= deadline);
            let taken = turns() - before;
            assert!(taken < 20, "{taken} turns");
        }
    });
}

#[test]
fn f6_timers_are_exact_with_fd_0_closed() {
    in_child(
        "seven_failures::f6_timers_are_exact_with_fd_0_closed",
        || {
            nix::unistd::close(0).unwrap();
            timers_are_exact();
        },
    );
}

#[test]
fn f6_timers_are_exact_with_fd_0_ready() {
    const NAME: &str = "seven_failures::f6_timers_are_exact_with_fd_0_ready";
    // A file that always has something, and the read end of a pipe that has the end.
    in_child(NAME, timers_are_exact);
    in_child_with_input(NAME, Stdio::piped(), timers_are_exact);
}

#[test]
fn f7_a_blocked_or_half_blocked_ring_gives_epoll_the_same_bytes_and_the_reason() {
    if std::env::var("URING_RT_BACKEND").is_ok_and(|name| name == "io_uring") && is_overridden() {
        return;
    }
    for errno in [libc::EPERM, libc::ENOSYS, libc::EACCES] {
        for syscall in STEPS {
            under_filter(syscall, errno, move || {
                let runtime = Runtime::new().unwrap();
                exchange_bytes(&runtime);
                let driver = runtime.driver();
                assert_eq!(driver.backend(), "epoll");
                if is_overridden() {
                    return;
                }
                let refusal = driver.refused.last().unwrap();
                assert_eq!(refusal.errno, Some(errno));
                let name = if syscall == STEPS[0] {
                    "io_uring_setup"
                } else {
                    "io_uring_enter"
                };
                assert!(refusal.step.contains(name), "{refusal}");
                let remedy = if errno == libc::ENOSYS {
                    "Linux 5.1"
                } else {
                    "seccomp"
                };
                assert!(driver.to_string().contains(remedy), "{driver}");
            });
        }
    }
}
