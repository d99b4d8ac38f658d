//! A program that forks in the middle of its run: the same tasks end in both processes, on every backend.
//!
//! A test program of its own, as a fork copies whatever the other tests of a process have under way.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread::JoinHandle;
use std::time::Duration;

use fork::{Fork, fork, waitpid};
use rustix::process::{Signal, set_parent_process_death_signal};
use uring_fault_inject::leave;
use uring_rt::io::Interest;
use uring_rt::net::UnixStream;
use uring_rt::runtime::{Backend, Builder, Handle, Rung, Runtime};
use uring_rt::shard;
use uring_rt::task::{JoinSet, yield_now};
use uring_rt::time::sleep;

#[path = "it/rungs.rs"]
mod rungs;

use rungs::has_rung;

const SOURCES: usize = 100;
const TIMERS: usize = 100;

fn backends() -> Vec<(String, Builder)> {
    let built = |backend, rung| {
        let mut builder = Builder::new();
        builder.backend(backend).top_rung(rung);
        builder
    };
    let ring = |rung| built(Backend::IoUring, rung);
    let epoll = built(Backend::Epoll, Rung::F);
    let rungs = Rung::ALL.into_iter().filter(|&rung| has_rung(rung));
    let rungs = rungs.map(|rung| (format!("rung {}", rung.name()), ring(rung)));
    rungs.chain([("epoll".into(), epoll)]).collect()
}

/// Threads that spawn tasks on the runtime's thread from outside, one after the other.
struct Remote {
    stop: Arc<AtomicBool>,
    ended: Arc<AtomicUsize>,
    threads: Vec<JoinHandle<()>>,
}

impl Remote {
    fn start(handle: &Handle) -> Remote {
        let (stop, ended) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicUsize::new(0)),
        );
        // A thread that begins holds a lock of std's, which a forked child would have locked for ever, and needs to end.
        let begun = Arc::new(Barrier::new(2 + 1));
        let threads = (0..2).map(|_| {
            let (stop, ended, handle) = (Arc::clone(&stop), Arc::clone(&ended), handle.clone());
            let begun = Arc::clone(&begun);
            std::thread::spawn(move || {
                begun.wait();
                while !stop.load(Ordering::Acquire) {
                    let ended = Arc::clone(&ended);
                    let task = handle.spawn(async move { ended.fetch_add(1, Ordering::AcqRel) });
                    while !task.is_finished() && !stop.load(Ordering::Acquire) {
                        std::thread::yield_now();
                    }
                }
            })
        });
        let threads = threads.collect();
        begun.wait();
        Remote {
            threads,
            stop,
            ended,
        }
    }
}

struct Waits {
    tasks: JoinSet<()>,
    far_ends: Vec<UnixStream>,
}

impl Waits {
    /// Every task waits in the kernel when this returns.
    fn pending(runtime: &Runtime) -> Waits {
        runtime.block_on(async {
            let mut waits = Waits {
                tasks: JoinSet::new(),
                far_ends: Vec::new(),
            };
            for _ in 0..SOURCES {
                let (near, far) = UnixStream::pair().unwrap();
                waits.far_ends.push(far);
                // Readiness, not data: both processes have the socket, and there is one byte.
                waits.tasks.spawn(async move {
                    near.ready(Interest::READABLE).await.unwrap();
                });
            }
            for number in 0..TIMERS as u64 {
                let after = Duration::from_millis(5) + Duration::from_micros(100 * number);
                waits.tasks.spawn(sleep(after));
            }
            for _ in 0..3 {
                yield_now().await;
            }
            waits
        })
    }

    fn write_to_all(&self) {
        for far in &self.far_ends {
            assert_eq!(rustix::io::write(far, b"x").unwrap(), 1);
        }
    }

    fn all_end(&mut self, runtime: &Runtime) {
        let ended = runtime.block_on(async {
            let mut ended = 0;
            while let Some(task) = self.tasks.join_next().await {
                task.unwrap();
                ended += 1;
            }
            ended
        });
        assert_eq!(ended, SOURCES + TIMERS);
    }
}

#[test]
fn the_tasks_of_a_forked_runtime_end_in_both_processes() {
    for (name, mut builder) in backends() {
        let runtime = builder.build().unwrap_or_else(|e| panic!("{name}: {e}"));
        let mut waits = Waits::pending(&runtime);
        let remote = Remote::start(runtime.handle());
        // Whatever the threads spawn from now on waits for this one: at the fork none of them is in the middle of it.
        runtime.block_on(async {
            while remote.ended.load(Ordering::Acquire) < 10 {
                yield_now().await;
            }
        });
        std::thread::sleep(Duration::from_millis(2)); // sleep: until the threads have nothing more to say
        match fork().unwrap() {
            Fork::Child => {
                // Not to wait for ever for a parent that has failed.
                set_parent_process_death_signal(Some(Signal::KILL)).unwrap();
                let result = catch_unwind(AssertUnwindSafe(|| {
                    waits.all_end(&runtime);
                    let handle = runtime.handle().clone();
                    let told = std::thread::spawn(move || handle.spawn(async { 42 }));
                    let answer = runtime.block_on(async {
                        while !told.is_finished() {
                            yield_now().await;
                        }
                        told.join().unwrap().await.unwrap()
                    });
                    assert_eq!(answer, 42);
                    assert_eq!(runtime.metrics().snapshot().reactor.rebuilds, 1);
                }));
                // With the destructors of the runtime, and those of the process.
                drop((waits, runtime));
                leave(i32::from(result.is_err()));
            }
            Fork::Parent(child) => {
                waits.write_to_all();
                waits.all_end(&runtime);
                assert_eq!(waitpid(child).unwrap(), 0, "{name}: the child failed");
                assert_eq!(runtime.metrics().snapshot().reactor.rebuilds, 0, "{name}");
                let before = remote.ended.load(Ordering::Acquire);
                runtime.block_on(async {
                    while remote.ended.load(Ordering::Acquire) < before + 10 {
                        yield_now().await;
                    }
                });
                remote.stop.store(true, Ordering::Release);
                remote.threads.into_iter().for_each(|t| t.join().unwrap());
                let mut again = Waits::pending(&runtime);
                again.write_to_all();
                again.all_end(&runtime);
            }
        }
    }
}

#[test]
fn a_forked_child_leaves_shards_to_the_parent_that_has_their_threads() {
    let build = || shard::Builder::new().shards(2).build().unwrap();
    let (dropped, shut_down) = (build(), build());
    match fork().unwrap() {
        Fork::Child => {
            set_parent_process_death_signal(Some(Signal::KILL)).unwrap();
            let result = catch_unwind(AssertUnwindSafe(|| {
                assert!(!dropped.is_running(0));
                // The C library gives them the places of the threads that the child does not have.
                let threads: Vec<_> = (0..8).map(|_| std::thread::spawn(|| ())).collect();
                // Waits for no thread: it would wait for ever.
                drop(dropped);
                shut_down.shutdown(Duration::MAX).unwrap();
                for thread in threads {
                    thread.join().unwrap();
                }
            }));
            leave(i32::from(result.is_err()));
        }
        Fork::Parent(child) => {
            assert_eq!(waitpid(child).unwrap(), 0, "the child failed");
            for shards in [dropped, shut_down] {
                let task = shards.spawn_on(1, async || shard::current());
                let runtime = Runtime::new().unwrap();
                assert_eq!(runtime.block_on(task).unwrap(), Some(1));
                shards.shutdown(Duration::from_secs(60)).unwrap();
            }
        }
    }
}
