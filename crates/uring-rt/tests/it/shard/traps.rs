//! What could keep shards from ending, or from saying so.

use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use futures_channel::oneshot;
use futures_util::FutureExt;
use rustix::thread::{CpuSet, sched_setaffinity};
use uring_rt::process::Command;
use uring_rt::runtime::{Backend, Runtime};
use uring_rt::shard::{self, Builder, Outcome, Shards, Stopping, stopping};
use uring_rt::task::spawn_blocking;
use uring_rt::time::Duration;

use super::{FALLS, LONG, cpus, for_each_backend, wait};
use crate::seccomp::under_filter;
use crate::support::{is_overridden, panic_text};

/// A waker of somebody who does not expect to be woken.
struct Bad;

impl Wake for Bad {
    fn wake(self: Arc<Self>) {
        panic!("woken");
    }
}

#[test]
fn a_waker_that_panics_keeps_no_shard_from_hearing_of_the_stop() {
    for_each_backend(3, |shards| {
        let waker = Waker::from(Arc::new(Bad));
        let mut cx = Context::from_waker(&waker);
        // Many, and in no order: that all would come after the shards' own is as good as impossible.
        let mut waiting: Vec<Stopping> = (0..50).map(|_| shards.stopping()).collect();
        for stopping in &mut waiting {
            assert_eq!(stopping.poll_unpin(&mut cx), Poll::Pending);
        }
        shards.shutdown(LONG).unwrap();
        for stopping in &mut waiting {
            assert_eq!(stopping.poll_unpin(&mut cx), Poll::Ready(()));
        }
    });
}

#[test]
fn a_blocking_call_of_a_shard_cannot_wait_for_its_end_either() {
    for_each_backend(2, |shards| {
        let (give, given) = oneshot::channel();
        let (tell, told) = mpsc::channel();
        shards.spawn_on(1, move || async move {
            let shards: Shards = given.await.unwrap();
            spawn_blocking(move || tell.send(panic_text(|| shards.shutdown(LONG)))).await
        });
        assert!(give.send(shards).is_ok());
        let text = told.recv().unwrap();
        assert!(text.contains("cannot wait for its own end"), "{text}");
    });
}

#[test]
fn shards_that_are_dropped_in_a_blocking_call_of_one_end_all_the_same() {
    for_each_backend(2, |shards| {
        let (give, given) = oneshot::channel();
        let (tell, told) = mpsc::channel();
        shards.spawn_on(1, move || async move {
            let shards: Shards = given.await.unwrap();
            let dropped = spawn_blocking(move || {
                drop(shards);
                tell.send(()).unwrap();
            });
            dropped.await
        });
        assert!(give.send(shards).is_ok());
        assert_eq!(told.recv(), Ok(()));
    });
}

#[test]
fn a_blocking_call_of_another_runtime_waits_for_shards() {
    for_each_backend(2, |shards| {
        let runtime = Runtime::new().unwrap();
        shards.broadcast(|_| stopping());
        let ended = runtime.block_on(async { spawn_blocking(|| shards.shutdown(LONG)).await });
        ended.unwrap().unwrap();
    });
}

/// Takes its time to go.
struct Slow(Arc<AtomicUsize>);

impl Drop for Slow {
    fn drop(&mut self) {
        thread::sleep(Duration::from_millis(100)); // sleep: what does not wait for it is faster, and fails
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

thread_local! {
    static SLOW: std::cell::RefCell<Option<Slow>> = const { std::cell::RefCell::new(None) };
}

#[test]
fn threads_that_could_build_no_runtime_have_ended_when_it_is_told() {
    if is_overridden() {
        return;
    }
    under_filter(libc::SYS_io_uring_setup, libc::EPERM, || {
        let ended = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&ended);
        let mut builder = Builder::new();
        builder.shards(3).runtime(move |_, runtime| {
            SLOW.set(Some(Slow(Arc::clone(&theirs))));
            runtime.backend(Backend::IoUring);
        });
        assert!(builder.build().is_err());
        assert_eq!(ended.load(Ordering::SeqCst), 3);
    });
}

#[test]
fn a_blocking_call_does_not_delay_the_news_of_a_fallen_shard() {
    for backend in [Backend::Auto, Backend::Epoll] {
        let (tell, told) = mpsc::channel();
        let (end, ended) = mpsc::channel::<()>();
        let ended = std::sync::Mutex::new(ended);
        let mut builder = Builder::new();
        builder
            .shards(1)
            .runtime(move |_, runtime| {
                runtime.backend(backend).on_thread_park(|| {
                    if FALLS.get() {
                        panic!("bad day");
                    }
                });
            })
            .on_shard_panic(move |panic| tell.send(panic.message().to_owned()).unwrap());
        let shards = builder.build().unwrap();
        let (begin, begun) = mpsc::channel();
        shards.spawn_on(0, || async move {
            let call = spawn_blocking(move || {
                begin.send(()).unwrap();
                ended.lock().unwrap().recv()
            });
            call.await
        });
        begun.recv().unwrap();
        shards.spawn_on(0, || async { FALLS.set(true) });
        let heard = told.recv_timeout(Duration::from_secs(10));
        drop(end);
        assert_eq!(heard.as_deref(), Ok("bad day"));
        assert_eq!(
            shards.shutdown(LONG).unwrap_err().outcomes(),
            [Outcome::Panicked {
                message: "bad day".to_owned()
            }]
        );
    }
}

/// Panics when it is dropped.
struct Explosive;

impl Drop for Explosive {
    fn drop(&mut self) {
        panic!("and another");
    }
}

#[test]
fn tasks_of_a_fallen_shard_whose_destructors_panic_are_dropped_as_well() {
    for backend in [Backend::Auto, Backend::Epoll] {
        let mut builder = Builder::new();
        builder.shards(1).runtime(move |_, runtime| {
            runtime.backend(backend).on_thread_park(|| {
                if FALLS.get() {
                    panic!("bad day");
                }
            });
        });
        let shards = builder.build().unwrap();
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                shards.spawn_on(0, || async {
                    let _explosive = Explosive;
                    std::future::pending::<()>().await;
                })
            })
            .collect();
        shards.spawn_on(0, || async { FALLS.set(true) });
        let runtime = Runtime::new().unwrap();
        for task in tasks {
            assert!(runtime.block_on(task).is_err());
        }
        let error = shards.shutdown(LONG).unwrap_err();
        assert_eq!(error.to_string(), "shard 0: panicked: bad day");
    }
}

#[test]
fn the_closure_that_sets_a_runtime_up_knows_its_shard() {
    let (tell, told) = mpsc::channel();
    let mut builder = Builder::new();
    builder.shards(2).runtime(move |shard, _| {
        tell.send((shard, shard::current())).unwrap();
    });
    drop(builder.build().unwrap());
    drop(builder);
    let mut told: Vec<_> = told.iter().collect();
    told.sort_unstable();
    assert_eq!(told, [(0, Some(0)), (1, Some(1))]);
}

#[test]
fn a_thread_that_may_use_one_core_builds_shards_for_it() {
    let here = thread::spawn(|| {
        let last = *cpus().last().unwrap();
        let mut only = CpuSet::new();
        only.set(last);
        sched_setaffinity(None, &only).unwrap();
        assert_eq!(Shards::new().unwrap().count(), 1);
        for_each_backend(2, |shards| {
            for shard in 0..2 {
                assert_eq!(shards.cpu(shard), Some(last));
                let found = shards.spawn_on(shard, async || {
                    (cpus(), spawn_blocking(cpus).await.unwrap())
                });
                assert_eq!(wait(found), (vec![last], vec![last]));
            }
        });
    });
    here.join().unwrap();
}

#[test]
fn patience_without_end_is_no_error() {
    for_each_backend(2, |shards| {
        let tasks = shards.broadcast(|_| stopping());
        shards.shutdown(Duration::MAX).unwrap();
        tasks.into_iter().for_each(wait);
    });
}

#[test]
fn a_closure_that_panics_ends_its_task_and_is_not_waited_for() {
    for_each_backend(1, |shards| {
        let task = shards.spawn_on(0, || -> std::future::Ready<()> { panic!("no future") });
        let ended = Runtime::new().unwrap().block_on(task);
        assert!(ended.unwrap_err().is_panic());
        shards.shutdown(LONG).unwrap();
    });
}

/// On which cores a process may run that a blocking call starts.
async fn cores_of_a_child() -> String {
    let start = || {
        let mut command = Command::new("cat");
        command.arg("/proc/self/status").stdout(Stdio::piped());
        command.spawn().unwrap()
    };
    let child = spawn_blocking(start).await.unwrap();
    let status = child.wait_with_output().await.unwrap().stdout;
    let status = String::from_utf8(status).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("Cpus_allowed_list:"));
    line.unwrap().to_owned()
}

#[test]
fn a_process_that_a_blocking_call_starts_may_use_all_cores() {
    let everywhere = Runtime::new().unwrap().block_on(cores_of_a_child());
    for_each_backend(1, |shards| {
        assert_eq!(wait(shards.spawn_on(0, cores_of_a_child)), everywhere);
    });
}

#[test]
fn a_shutdown_waits_for_a_blocking_call_that_has_begun() {
    for_each_backend(1, |shards| {
        let (begin, begun) = mpsc::channel();
        let (tell, told) = mpsc::channel();
        let stopping = shards.stopping();
        shards.spawn_on(0, || async move {
            drop(spawn_blocking(move || {
                begin.send(()).unwrap();
                // Not before the shutdown.
                Runtime::new().unwrap().block_on(stopping);
                (0..100).for_each(|_| thread::yield_now());
                tell.send(()).unwrap();
            }));
        });
        begun.recv().unwrap();
        shards.shutdown(Duration::ZERO).unwrap();
        assert_eq!(told.try_recv(), Ok(()));
    });
}
