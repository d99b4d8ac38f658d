//! A process that forks while everything is armed: the child goes on with a backend of its own, or goes away, and the
//! parent notices neither. Each test in a process of its own.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::task::{Context, Wake, Waker};
use std::thread::JoinHandle;
use std::time::Duration;

use fork::{Fork, fork, waitpid};
use rustix::process::{Signal, set_parent_process_death_signal};
use uring_fault_inject::leave;
use uring_reactor::{AsyncFd, Handle, Instant, Interest, Metrics, Sleep, Turn};

use crate::support::{Loop, in_child, on_every_backend, sees_end, socket_pair, tcp_pair};

const SOURCES: usize = 100;
const TIMERS: usize = 100;

#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

impl Flag {
    fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// An armed registration, of whose event only the readiness is looked at: both processes have the file, and a byte
/// that one of them read would be missing in the other.
struct Source {
    ours: AsyncFd<UnixStream>,
    theirs: UnixStream,
    woken: Arc<Flag>,
}

impl Source {
    fn armed() -> Source {
        let (ours, theirs) = socket_pair();
        let source = Source {
            ours: AsyncFd::new(ours).unwrap(),
            theirs,
            woken: Arc::default(),
        };
        source.arm();
        source
    }

    fn arm(&self) {
        self.woken.0.store(false, Ordering::Release);
        let waker = Waker::from(Arc::clone(&self.woken));
        let mut cx = Context::from_waker(&waker);
        assert!(self.ours.poll_read_ready(&mut cx).is_pending());
    }

    /// Takes the byte and the readiness away.
    fn consume(&self) {
        (&mut self.ours.get_ref()).read_exact(&mut [0]).unwrap();
        let mut cx = Context::from_waker(Waker::noop());
        match self.ours.poll_read_ready(&mut cx) {
            std::task::Poll::Ready(guard) => guard.unwrap().clear_ready(),
            std::task::Poll::Pending => panic!("it was ready"),
        }
    }
}

struct Timer {
    sleep: Pin<Box<Sleep>>,
    deadline: Instant,
    woken: Arc<Flag>,
}

impl Timer {
    fn started(number: usize) -> Timer {
        // Long enough that it is pending when it is first polled, on a machine that stalls.
        let after = Duration::from_millis(60) + Duration::from_micros(100 * number as u64);
        // Once more where the machine is so slow that the deadline is over when it is set.
        loop {
            let deadline = Instant::now() + after;
            let mut timer = Timer {
                sleep: Box::pin(Sleep::until(deadline)),
                deadline,
                woken: Arc::default(),
            };
            let waker = Waker::from(Arc::clone(&timer.woken));
            let mut cx = Context::from_waker(&waker);
            if timer.sleep.as_mut().poll(&mut cx).is_pending() {
                return timer;
            }
        }
    }
}

/// Threads that wake the loop as fast as they can.
struct Wakers {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Wakers {
    /// Returns when all of them run: a thread that begins holds a lock of std's, which a forked child would have locked
    /// for ever, and needs to end.
    fn start(handle: &Handle) -> Wakers {
        const COUNT: usize = 3;
        let stop = Arc::new(AtomicBool::new(false));
        let begun = Arc::new(Barrier::new(COUNT + 1));
        let threads = (0..COUNT).map(|_| {
            let (stop, begun) = (Arc::clone(&stop), Arc::clone(&begun));
            let unparker = handle.unparker();
            std::thread::spawn(move || {
                begun.wait();
                while !stop.load(Ordering::Acquire) {
                    unparker.wake_by_ref();
                    std::thread::yield_now();
                }
            })
        });
        let threads = threads.collect();
        begun.wait();
        Wakers { threads, stop }
    }

    fn end(self) {
        self.stop.store(true, Ordering::Release);
        self.threads.into_iter().for_each(|t| t.join().unwrap());
    }
}

struct Everything {
    sources: Vec<Source>,
    timers: Vec<Timer>,
}

impl Everything {
    fn armed(l: &mut Loop) -> Everything {
        let everything = Everything {
            sources: (0..SOURCES).map(|_| Source::armed()).collect(),
            timers: (0..TIMERS).map(Timer::started).collect(),
        };
        l.turn(Turn::Poll);
        everything
    }

    fn write_to_all(&self) {
        for source in &self.sources {
            (&source.theirs).write_all(b"x").unwrap();
        }
    }

    fn all_arrive(&self, l: &mut Loop) {
        l.until("all events", || {
            self.sources.iter().all(|s| s.woken.is_set())
        });
        l.until("all timers", || {
            self.timers.iter().all(|t| t.woken.is_set())
        });
        let now = Instant::now();
        assert!(self.timers.iter().all(|timer| timer.deadline <= now));
    }

    /// Once more, by a process that has the bytes for itself.
    fn works_again(&self, l: &mut Loop) {
        for source in &self.sources {
            source.consume();
            source.arm();
        }
        l.turn(Turn::Poll);
        assert!(!self.sources.iter().any(|s| s.woken.is_set()), "{}", l.name);
        self.write_to_all();
        l.until("all events again", || {
            self.sources.iter().all(|s| s.woken.is_set())
        });
    }
}

/// A wake from another thread ends a sleep.
fn a_remote_wake_works(l: &mut Loop) {
    let unparker = l.handle().unparker();
    let woken = Arc::new(AtomicBool::new(false));
    let thread = std::thread::spawn({
        let woken = Arc::clone(&woken);
        move || {
            woken.store(true, Ordering::Release);
            unparker.wake();
        }
    });
    l.until("the remote wake", || woken.load(Ordering::Acquire));
    thread.join().unwrap();
}

/// Forks; the child leaves with what became of `child`. Returns its pid in the parent.
fn forked(l: &mut Loop, child: impl FnOnce(&mut Loop)) -> i32 {
    match fork().unwrap() {
        Fork::Parent(pid) => pid,
        Fork::Child => {
            // Not to wait for ever for a parent that has failed.
            set_parent_process_death_signal(Some(Signal::KILL)).unwrap();
            let result = catch_unwind(AssertUnwindSafe(|| child(l)));
            leave(i32::from(result.is_err()));
        }
    }
}

fn ended_well(l: &Loop, pid: i32) {
    assert_eq!(waitpid(pid).unwrap(), 0, "{}: the child failed", l.name);
}

/// What a child might have taken from its parent.
fn untouched(before: Metrics, after: Metrics) {
    assert_eq!(after.rebuilds, 0);
    assert_eq!(after.backend_switches, 0);
    assert_eq!(after.stale_completions, before.stale_completions);
    assert_eq!(after.cancels, before.cancels);
    assert_eq!(after.sources, before.sources);
}

#[test]
fn a_child_that_goes_on_and_its_parent_both_get_every_event_timer_and_wake() {
    const NAME: &str =
        "fork::a_child_that_goes_on_and_its_parent_both_get_every_event_timer_and_wake";
    in_child(NAME, || {
        on_every_backend(|l| {
            let handle = l.handle();
            let _current = handle.enter();
            let wakers = Wakers::start(&handle);
            let everything = Everything::armed(l);
            // Served by an epoll set also inside the ring.
            let (urgent, its_peer) = tcp_pair();
            let urgent = AsyncFd::new(urgent).unwrap();
            let mut waiting = l.park(urgent.ready(Interest::PRIORITY));
            let before = handle.metrics();
            let child = forked(l, |l| {
                everything.all_arrive(l);
                l.until("urgent data", || waiting.is_woken());
                a_remote_wake_works(l);
                let metrics = l.handle().metrics();
                assert_eq!((metrics.rebuilds, metrics.sources), (1, SOURCES + 1));
                l.reactor.verify();
                let (own, mut peer) = socket_pair();
                let own = AsyncFd::new(own).unwrap();
                let mut reader = l.park(own.readable());
                peer.write_all(b"x").unwrap();
                assert!(l.next("the child's own byte", &mut reader).is_ready());
                drop(reader);
                (&mut own.get_ref()).read_exact(&mut [0]).unwrap();
                drop(own);
                assert_eq!(sees_end(&peer), Some(true), "{}", l.name);
            });
            everything.write_to_all();
            rustix::net::send(&its_peer, b"!", rustix::net::SendFlags::OOB).unwrap();
            everything.all_arrive(l);
            assert!(l.next("urgent data", &mut waiting).is_ready());
            untouched(before, handle.metrics());
            ended_well(l, child);
            everything.works_again(l);
            wakers.end();
            a_remote_wake_works(l);
            untouched(before, handle.metrics());
        });
    });
}

#[test]
fn a_child_that_only_exits_disturbs_nothing() {
    in_child("fork::a_child_that_only_exits_disturbs_nothing", || {
        on_every_backend(|l| {
            let handle = l.handle();
            let _current = handle.enter();
            let wakers = Wakers::start(&handle);
            let everything = Everything::armed(l);
            let before = handle.metrics();
            let child = forked(l, |_| {});
            ended_well(l, child);
            everything.write_to_all();
            everything.all_arrive(l);
            everything.works_again(l);
            untouched(before, handle.metrics());
            wakers.end();
        });
    });
}

#[test]
fn a_child_that_execs_disturbs_nothing() {
    in_child("fork::a_child_that_execs_disturbs_nothing", || {
        on_every_backend(|l| {
            let handle = l.handle();
            let _current = handle.enter();
            let everything = Everything::armed(l);
            let before = handle.metrics();
            let child = forked(l, |_| {
                // Every descriptor of the reactor is closed on exec.
                let none_left = "! ls -l /proc/self/fd | grep anon_inode";
                panic!("{}", Command::new("/bin/sh").args(["-c", none_left]).exec());
            });
            ended_well(l, child);
            everything.write_to_all();
            everything.all_arrive(l);
            everything.works_again(l);
            untouched(before, handle.metrics());
        });
    });
}

#[test]
fn a_child_that_drops_its_copies_takes_nothing_from_its_parent() {
    const NAME: &str = "fork::a_child_that_drops_its_copies_takes_nothing_from_its_parent";
    in_child(NAME, || {
        on_every_backend(|l| {
            let handle = l.handle();
            let _current = handle.enter();
            let mut everything = Everything::armed(l);
            // Served by an epoll set, also inside the ring.
            let (urgent, its_peer) = tcp_pair();
            let urgent = AsyncFd::new(urgent).unwrap();
            let mut waiting = l.park(urgent.ready(Interest::PRIORITY));
            let twice = AsyncFd::new(urgent.get_ref().try_clone().unwrap()).unwrap();
            drop(l.park(twice.ready(Interest::PRIORITY)));
            let mut twice = Some(twice);
            let before = handle.metrics();
            let child = forked(l, |l| {
                // Before the child has a backend, and after.
                everything.sources.truncate(SOURCES / 2);
                everything.timers.truncate(TIMERS / 2);
                drop(twice.take());
                l.turn(Turn::Poll);
                drop(std::mem::take(&mut everything.sources));
                l.settle();
                assert_eq!(l.handle().metrics().sources, 1);
            });
            ended_well(l, child);
            everything.write_to_all();
            everything.all_arrive(l);
            everything.works_again(l);
            rustix::net::send(&its_peer, b"!", rustix::net::SendFlags::OOB).unwrap();
            assert!(l.next("urgent data", &mut waiting).is_ready());
            untouched(before, handle.metrics());
        });
    });
}

#[test]
fn a_child_that_drops_the_whole_reactor_takes_nothing_from_its_parent() {
    const NAME: &str = "fork::a_child_that_drops_the_whole_reactor_takes_nothing_from_its_parent";
    in_child(NAME, || {
        for choice in [uring_reactor::Choice::Auto, uring_reactor::Choice::Epoll] {
            let options = uring_reactor::Options::new().choice(choice);
            let mut l = Loop::new("mortal", options.clone());
            let handle = l.handle();
            let _current = handle.enter();
            let everything = Everything::armed(&mut l);
            let before = handle.metrics();
            let child = forked(&mut l, |l| {
                // Their home is the parent's loop: what is dropped after it knows that it is gone.
                drop(std::mem::replace(l, Loop::new("another", options)));
                let (own, mut peer) = socket_pair();
                let other = l.handle();
                let _current = other.enter();
                let own = AsyncFd::new(own).unwrap();
                let mut reader = l.park(own.readable());
                peer.write_all(b"x").unwrap();
                assert!(l.next("the byte", &mut reader).is_ready());
            });
            ended_well(&l, child);
            everything.write_to_all();
            everything.all_arrive(&mut l);
            everything.works_again(&mut l);
            untouched(before, handle.metrics());
        }
    });
}

#[test]
fn a_grandchild_goes_on_too() {
    in_child("fork::a_grandchild_goes_on_too", || {
        on_every_backend(|l| {
            let handle = l.handle();
            let _current = handle.enter();
            let everything = Everything::armed(l);
            let child = forked(l, |l| {
                l.turn(Turn::Poll);
                let grandchild = forked(l, |l| {
                    // All may have arrived before this fork.
                    l.turn(Turn::Poll);
                    everything.all_arrive(l);
                    a_remote_wake_works(l);
                    assert_eq!(l.handle().metrics().rebuilds, 2);
                });
                everything.all_arrive(l);
                assert_eq!(l.handle().metrics().rebuilds, 1);
                ended_well(l, grandchild);
            });
            everything.write_to_all();
            everything.all_arrive(l);
            ended_well(l, child);
            everything.works_again(l);
        });
    });
}

#[test]
fn children_of_a_process_in_a_storm_of_wakes_go_on() {
    const NAME: &str = "fork::children_of_a_process_in_a_storm_of_wakes_go_on";
    in_child(NAME, || {
        // On one processor the loop takes over from the thread that wakes it, in the middle of what that does.
        let mut one = rustix::thread::CpuSet::new();
        one.set(rustix::thread::sched_getcpu());
        rustix::thread::sched_setaffinity(None, &one).unwrap();
        on_every_backend(|l| {
            let handle = l.handle();
            let _current = handle.enter();
            let wakers = Wakers::start(&handle);
            let source = Source::armed();
            for _ in 0..20 {
                l.turn(Turn::Wait);
                let child = forked(l, |l| {
                    (&source.theirs).write_all(b"x").unwrap();
                    l.until("the event", || source.woken.is_set());
                    source.consume();
                });
                ended_well(l, child);
            }
            wakers.end();
        });
    });
}
