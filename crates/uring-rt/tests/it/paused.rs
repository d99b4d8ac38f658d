//! The clock that stands still.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use futures_util::{AsyncReadExt, AsyncWriteExt, FutureExt};
use uring_rt::net::{TcpListener, TcpStream};
use uring_rt::runtime::Handle;
use uring_rt::task::{JoinSet, yield_now};
use uring_rt::time::{self, Duration, Instant, advance, sleep, timeout};

use crate::support::{backends, echo, panic_text, pattern, paused_runtime, runtime};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn it_jumps_from_deadline_to_deadline_when_all_tasks_wait() {
    for (_, mut builder) in backends() {
        let runtime = builder.start_paused(true).build().unwrap();
        runtime.block_on(async {
            let start = Instant::now();
            let seen = Rc::new(RefCell::new(Vec::new()));
            let mut tasks = JoinSet::new();
            for step in [5, 2, 3] {
                let seen = Rc::clone(&seen);
                tasks.spawn(async move {
                    for _ in 0..3 {
                        sleep(step * SECOND).await;
                        seen.borrow_mut().push((start.elapsed().as_secs(), step));
                    }
                });
            }
            tasks.join_all().await;
            // At 6 s two are due; the one that has waited longer is not promised to be first.
            seen.borrow_mut().sort_unstable();
            let expected = [
                (2, 2),
                (3, 3),
                (4, 2),
                (5, 5),
                (6, 2),
                (6, 3),
                (9, 3),
                (10, 5),
                (15, 5),
            ];
            assert_eq!(*seen.borrow(), expected);
        });
    }
}

#[test]
fn a_day_passes_at_once_and_only_here() {
    let paused = paused_runtime();
    let real = std::time::Instant::now();
    paused.block_on(async {
        let (ours, std) = (Instant::now(), std::time::Instant::now());
        sleep(86_400 * SECOND).await;
        assert_eq!(ours.elapsed(), 86_400 * SECOND);
        assert!(std.elapsed() < 86_400 * SECOND);
    });
    assert!(real.elapsed() < 86_400 * SECOND);
    let other = runtime();
    let now = other.block_on(async { Instant::now() });
    assert!(now.into_std() < real + 86_400 * SECOND);
}

#[test]
fn advance_lets_the_timers_in_between_fire() {
    paused_runtime().block_on(async {
        let start = Instant::now();
        let mut due: Vec<_> = [1, 2, 3].map(|n| uring_rt::spawn(sleep(n * SECOND))).into();
        let far = uring_rt::spawn(sleep(10 * SECOND));
        yield_now().await;
        advance(3 * SECOND).await;
        assert_eq!(start.elapsed(), 3 * SECOND);
        for task in &mut due {
            task.await.unwrap();
        }
        assert_eq!(start.elapsed(), 3 * SECOND, "nobody had to wait for more");
        assert!(!far.is_finished());
        far.await.unwrap();
        assert_eq!(start.elapsed(), 10 * SECOND);
    });
}

#[test]
fn advance_by_less_than_a_deadline_fires_nothing() {
    paused_runtime().block_on(async {
        let mut nap = sleep(SECOND);
        assert!((&mut nap).now_or_never().is_none());
        advance(SECOND - Duration::from_nanos(1)).await;
        assert!((&mut nap).now_or_never().is_none());
        advance(Duration::from_nanos(1)).await;
        assert!((&mut nap).now_or_never().is_some());
    });
}

#[test]
fn pause_twice_and_resume_twice_panic() {
    runtime().block_on(async {
        assert_eq!(panic_text(time::resume), "time is not paused");
        assert!(panic_text(|| advance(SECOND).now_or_never()).contains("time is not paused"));
        time::pause();
        assert!(panic_text(time::pause).contains("paused already"));
        time::resume();
        panic_text(time::resume);
    });
}

#[test]
fn after_resume_time_passes_again_from_where_it_stood() {
    runtime().block_on(async {
        time::pause();
        let start = Instant::now();
        sleep(3600 * SECOND).await;
        let paused_at = Instant::now();
        time::resume();
        let nap = Duration::from_micros(300);
        sleep(nap).await; // sleep: that it is never early is what is tested
        assert!(paused_at.elapsed() >= nap);
        assert!(start.elapsed() >= 3600 * SECOND + nap);
    });
}

#[test]
fn sockets_that_have_something_to_do_come_before_the_clock() {
    for (name, mut builder) in backends() {
        let runtime = builder.start_paused(true).build().unwrap();
        runtime.block_on(async {
            let start = Instant::now();
            let exchange = async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let address = listener.local_addr().unwrap();
                let server = uring_rt::spawn(async move { echo(listener.accept().await?.0).await });
                let mut stream = TcpStream::connect(address).await.unwrap();
                let sent = pattern(1, 100_000);
                let mut answer = vec![0; sent.len()];
                let (reader, writer) = (&stream, &stream);
                let send = async { (&*writer).write_all(&sent).await };
                let receive = async { (&*reader).read_exact(&mut answer).await };
                futures_util::future::try_join(send, receive).await.unwrap();
                assert!(answer == sent);
                stream.close().await.unwrap();
                server.await.unwrap().unwrap();
            };
            timeout(SECOND, exchange).await.expect(&name);
            assert_eq!(start.elapsed(), Duration::ZERO, "{name}");
        });
    }
}

#[test]
fn a_name_that_is_looked_up_holds_the_clock() {
    paused_runtime().block_on(async {
        let start = Instant::now();
        let lookup = uring_rt::net::lookup_host("localhost:80");
        let mut found = timeout(SECOND, lookup)
            .await
            .expect("no time passes")
            .unwrap();
        assert!(found.any(|address| address.ip().is_loopback()));
        assert_eq!(start.elapsed(), Duration::ZERO);
        sleep(SECOND).await;
        assert_eq!(start.elapsed(), SECOND, "and it goes on afterwards");
    });
}

#[test]
fn a_wake_from_another_thread_comes_before_the_clock() {
    for (name, mut builder) in backends() {
        let handle: Arc<OnceLock<Handle>> = Arc::default();
        let seen_at = Arc::new(OnceLock::new());
        let (theirs, seen) = (Arc::clone(&handle), Arc::clone(&seen_at));
        let once = AtomicBool::new(true);
        // In the hook: after the executor has looked for work, before the reactor sleeps.
        let hook = move || {
            let (handle, seen) = (theirs.get().unwrap().clone(), Arc::clone(&seen));
            let look = async move { seen.set(Instant::now()).unwrap() };
            if once.swap(false, Ordering::Relaxed) {
                thread::spawn(move || drop(handle.spawn(look)))
                    .join()
                    .unwrap();
            }
        };
        let builder = builder.start_paused(true).on_thread_park(hook);
        let runtime = builder.build().unwrap();
        handle.set(runtime.handle().clone()).unwrap();
        runtime.block_on(async {
            let start = Instant::now();
            sleep(SECOND).await;
            assert_eq!(start.elapsed(), SECOND);
            assert_eq!(seen_at.get(), Some(&start), "{name}");
        });
    }
}
