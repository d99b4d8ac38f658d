//! The kernel's half is taken away while the loop runs. Each in a process of its own, as numbers are closed that
//! other tests might get.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Wake, Waker};
use std::time::Duration;

use tokio_test::{assert_pending, assert_ready, assert_ready_ok, task};
use uring_reactor::{AsyncFd, Instant, Interest, Options, Route, Sleep, TimerMode, Turn};

use crate::support::{Loop, fill, in_child, on_every_backend, open_fds, read_byte, socket_pair};

/// The open descriptors of this kind.
fn all_of(kind: &str) -> Vec<i32> {
    let is_it = |fd: &i32| {
        std::fs::read_link(format!("/proc/self/fd/{fd}"))
            .is_ok_and(|target| target.to_string_lossy() == format!("anon_inode:[{kind}]"))
    };
    open_fds().into_iter().filter(is_it).collect()
}

/// Closes the descriptors of this kind; says which numbers they had.
fn close_all(kind: &str) -> Vec<i32> {
    let closed = all_of(kind);
    for fd in &closed {
        nix::unistd::close(*fd).unwrap();
    }
    closed
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn everything_goes_on_after(name: &str, loss: impl Fn(&mut Loop)) {
    in_child(name, || {
        on_every_backend(|l| {
            let handle = l.handle();
            let _current = handle.enter();
            let (armed, mut its_peer) = socket_pair();
            let armed = AsyncFd::new(armed).unwrap();
            let (full, mut drain) = socket_pair();
            let filled = fill(&full);
            let full = AsyncFd::new(full).unwrap();
            let mut reader = l.park(armed.readable());
            let mut writer = l.park(full.writable());
            let mut urgent = l.park(armed.ready(Interest::PRIORITY));
            let (queued, mut quick) = socket_pair();
            let queued = AsyncFd::new(queued).unwrap();
            let mut late = task::spawn(queued.readable());
            assert_pending!(late.poll());
            if l.is_epoll() {
                // To epoll_ctl(2), a closed set looks like a closed fd.
                l.turn(Turn::Poll);
            }
            let deadline = Instant::now() + Duration::from_millis(30);
            let mut sleep = task::spawn(Sleep::until(deadline));
            assert_pending!(sleep.poll());

            loss(l);
            let number = std::fs::File::open("/dev/null").unwrap();

            its_peer.write_all(b"x").unwrap();
            assert_ready_ok!(l.next("the byte", &mut reader)).retain_ready();
            quick.write_all(b"x").unwrap();
            assert_ready_ok!(l.next("the byte of the other", &mut late)).retain_ready();
            drain.read_exact(&mut vec![0; filled]).unwrap();
            assert_ready_ok!(l.next("room", &mut writer)).retain_ready();
            // sleep: the timer was set before the loss.
            assert_ready!(l.next("the deadline", &mut sleep));
            assert!(Instant::now() >= deadline);
            assert!(!urgent.is_woken());
            rustix::io::dup(&number).expect("nobody closed a number that is ours");
            let unparker = handle.unparker();
            let waker = std::thread::spawn(move || unparker.wake());
            l.turn(Turn::Wait);
            waker.join().unwrap();
            drop((reader, writer, late));
            drop(its_peer);
            assert!(l.next("the end", &mut urgent).is_ready());
            drop(urgent);
            drop(full);
            // The kernel takes the polls of a lost ring back in its own time: a blocking read waits for that.
            assert_eq!(drain.read(&mut [0]).unwrap(), 0, "{}", l.name);
            for byte in 0..20 {
                quick.write_all(&[byte]).unwrap();
                l.block_on(read_byte(&queued)).unwrap();
            }
        });
    });
}

#[test]
fn a_ring_that_was_closed_behind_our_back_is_replaced_by_epoll() {
    everything_goes_on_after(
        "loss::a_ring_that_was_closed_behind_our_back_is_replaced_by_epoll",
        |l| {
            if l.is_epoll() {
                return;
            }
            assert_eq!(close_all("io_uring").len(), 1);
            let before = l.handle().metrics().backend_switches;
            l.turn(Turn::WaitUntil(Instant::now() + Duration::from_micros(1)));
            let driver = l.reactor.driver();
            assert_eq!(driver.backend(), "epoll");
            let loss = driver.refused.last().unwrap();
            assert!(loss.errno.is_some(), "{loss}");
            assert_eq!(l.handle().metrics().backend_switches, before + 1);
        },
    );
}

#[test]
fn a_ring_whose_number_is_another_file_is_replaced_by_epoll() {
    everything_goes_on_after(
        "loss::a_ring_whose_number_is_another_file_is_replaced_by_epoll",
        |l| {
            if l.is_epoll() {
                return;
            }
            assert_eq!(close_all("io_uring").len(), 1);
            // The lowest free number is the ring's.
            let _reused = std::fs::File::open("/dev/null").unwrap();
            l.turn(Turn::WaitUntil(Instant::now() + Duration::from_micros(1)));
            assert_eq!(l.reactor.driver().backend(), "epoll");
        },
    );
}

#[test]
fn an_epoll_set_that_was_closed_behind_our_back_is_made_anew() {
    everything_goes_on_after(
        "loss::an_epoll_set_that_was_closed_behind_our_back_is_made_anew",
        |l| {
            if !l.is_epoll() {
                return;
            }
            assert_eq!(close_all("eventpoll").len(), 1);
            l.turn(Turn::WaitUntil(Instant::now() + Duration::from_micros(1)));
            assert_eq!(l.handle().metrics().backend_switches, 1);
        },
    );
}

/// Whether a thread can reach a sleeping loop without the eventfd: by its epoll set, or by a message to its ring.
#[expect(clippy::print_stdout, reason = "what is skipped is said")]
fn is_reachable(l: &Loop) -> bool {
    let has_messages = || {
        let ring = uring_sys::Ring::new(&uring_sys::Setup::default()).ok()?;
        let probe = ring.probe().ok()?;
        Some(probe.is_supported(uring_sys::abi::IORING_OP_MSG_RING))
    };
    let is_reachable = l.is_epoll() || has_messages() == Some(true);
    if !is_reachable {
        println!("skipped on {}: this kernel has no MSG_RING", l.name);
    }
    is_reachable
}

#[test]
fn an_eventfd_that_was_closed_behind_our_back_is_made_anew_and_no_wake_is_lost() {
    const NAME: &str =
        "loss::an_eventfd_that_was_closed_behind_our_back_is_made_anew_and_no_wake_is_lost";
    in_child(NAME, || {
        on_every_backend(|l| {
            if !is_reachable(l) {
                return;
            }
            for is_awake in [false, true, false] {
                l.turn(Turn::Poll);
                let closed = close_all("eventfd");
                assert_eq!(closed.len(), 1, "{}", l.name);
                if is_awake {
                    // A loop that is awake needs no eventfd to see the wake.
                    l.handle().unparker().wake();
                    l.turn(Turn::Wait);
                }
                // The thread finds out only when it is needed: a loop that was not asleep yet needs no write.
                let mut rounds = 0;
                while !all_of("eventfd").contains(&closed[0]) || rounds < 3 {
                    rounds += 1;
                    assert!(rounds < 1000, "{}: it is not made anew", l.name);
                    let unparker = l.handle().unparker();
                    let is_done = Arc::new(AtomicBool::new(false));
                    let waking = Arc::clone(&is_done);
                    let waker = std::thread::spawn(move || {
                        std::thread::sleep(Duration::from_millis(2)); // sleep: so that the loop is asleep
                        waking.store(true, Ordering::Release);
                        unparker.wake();
                    });
                    // A turn may end early: by a wake of before, or by what a former ring has left to do here.
                    l.until("the wake", || is_done.load(Ordering::Acquire));
                    waker.join().unwrap();
                    l.settle();
                }
            }
            assert_eq!(l.handle().metrics().backend_switches, 0);
        });
    });
}

#[test]
fn a_timerfd_that_was_closed_behind_our_back_is_made_anew() {
    in_child(
        "loss::a_timerfd_that_was_closed_behind_our_back_is_made_anew",
        || {
            on_every_backend(|l| {
                let handle = l.handle();
                let _current = handle.enter();
                for is_reused in [false, true] {
                    l.turn(Turn::Poll);
                    let closed = close_all("timerfd");
                    let other = is_reused.then(|| std::fs::File::open("/dev/null").unwrap());
                    for _ in 0..3 {
                        // sleep: a short timer.
                        let deadline = Instant::now() + Duration::from_micros(500);
                        l.block_on(Sleep::until(deadline));
                        assert!(Instant::now() >= deadline, "{}", l.name);
                    }
                    if let Some(other) = other {
                        other.metadata().expect("nobody closed it");
                    }
                    let is_used = l.reactor.driver().timer == TimerMode::TimerFd;
                    assert_eq!(closed.len(), usize::from(is_used), "{}", l.name);
                }
                assert_eq!(handle.metrics().backend_switches, 0);
            });
        },
    );
}

#[test]
fn a_ring_that_is_lost_while_an_fd_is_dropped_does_not_hang_the_drop() {
    in_child(
        "loss::a_ring_that_is_lost_while_an_fd_is_dropped_does_not_hang_the_drop",
        || {
            let mut l = Loop::new("best", Options::new());
            let _current = l.handle().enter();
            let (ours, _theirs) = socket_pair();
            let ours = AsyncFd::new(ours).unwrap();
            drop(l.park(ours.readable()));
            close_all("io_uring");
            drop(ours);
            drop(l);
        },
    );
}

#[test]
fn fds_that_epoll_serves_are_carried_over_too() {
    in_child("loss::fds_that_epoll_serves_are_carried_over_too", || {
        let mut l = Loop::new("best", Options::new());
        let _current = l.handle().enter();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (theirs, _) = listener.accept().unwrap();
        ours.set_nonblocking(true).unwrap();
        let ours = AsyncFd::new(ours).unwrap();
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let mut cx = std::task::Context::from_waker(&waker);
        let mut urgent = std::pin::pin!(ours.ready(Interest::PRIORITY));
        assert!(urgent.as_mut().poll(&mut cx).is_pending());
        l.turn(Turn::Poll);
        assert_eq!(ours.registration(), Route::Epoll);
        close_all("io_uring");
        l.turn(Turn::Poll);
        l.settle();
        rustix::net::send(&theirs, b"!", rustix::net::SendFlags::OOB).unwrap();
        l.until("the urgent byte", || count.0.load(Ordering::Relaxed) > 0);
        assert!(urgent.as_mut().poll(&mut cx).is_ready());
    });
}
