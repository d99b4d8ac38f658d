//! `Handle` on other threads, and on the wrong one.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::mpsc;
use std::task::Poll;
use std::thread;

use futures_util::{AsyncReadExt, AsyncWriteExt};
use uring_rt::net::{TcpListener, TcpStream};
use uring_rt::runtime::{Builder, Handle, RuntimeFlavor};
use uring_rt::task::yield_now;
use uring_rt::time::{self, Duration, Instant};

use crate::support::{echo, for_each_runtime, panic_text, pattern, runtime};

#[test]
fn spawn_from_another_thread_runs_on_the_home_thread() {
    for_each_runtime(|runtime| {
        let handle = runtime.handle().clone();
        let home = thread::current().id();
        let spawner = thread::spawn(move || handle.spawn(async { thread::current().id() }));
        // Both orders are fine: the task waits for block_on, or block_on is woken by it.
        let task = spawner.join().unwrap();
        assert_eq!(runtime.block_on(task).unwrap(), home);
    });
}

#[test]
fn spawn_wakes_a_sleeping_runtime() {
    for_each_runtime(|runtime| {
        let handle = runtime.handle().clone();
        let (parked, is_parked) = mpsc::channel::<()>();
        let (tell, told) = tokio::sync::oneshot::channel();
        let other = thread::spawn(move || {
            is_parked.recv().unwrap();
            handle.spawn(async move { tell.send(7) })
        });
        runtime.block_on(async {
            parked.send(()).unwrap();
            assert_eq!(told.await.unwrap(), 7);
        });
        runtime.block_on(other.join().unwrap()).unwrap().unwrap();
    });
}

#[test]
fn spawn_with_makes_a_future_that_is_not_send() {
    for_each_runtime(|runtime| {
        let handle = runtime.handle().clone();
        let make = || async {
            let local = Rc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
            yield_now().await;
            local.local_addr().unwrap().port()
        };
        let spawner = thread::spawn(move || handle.spawn_with(make));
        assert_ne!(runtime.block_on(spawner.join().unwrap()).unwrap(), 0);
    });
}

#[test]
fn block_on_of_another_thread_has_sockets_timers_and_tasks() {
    for_each_runtime(|runtime| {
        let handle = runtime.handle().clone();
        let sent = pattern(3, 20_000);
        let client = move || {
            handle.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let address = listener.local_addr().unwrap();
                let server = Handle::current().spawn(async move {
                    let (stream, _) = listener.accept().await?;
                    echo(stream).await
                });
                let start = Instant::now();
                time::sleep(Duration::from_micros(300)).await;
                assert!(start.elapsed() >= Duration::from_micros(300));
                let mut stream = TcpStream::connect(address).await.unwrap();
                let mut answer = vec![0; sent.len()];
                stream.write_all(&sent).await.unwrap();
                stream.read_exact(&mut answer).await.unwrap();
                assert!(answer == sent);
                drop(stream);
                server.await.unwrap().unwrap();
            });
        };
        let (done, is_done) = tokio::sync::oneshot::channel();
        let client = thread::spawn(move || {
            client();
            done.send(()).unwrap();
        });
        runtime.block_on(is_done).ok();
        client.join().unwrap();
    });
}

#[test]
fn block_on_keeps_a_wake_whose_token_the_future_has_used_up() {
    let runtime = runtime();
    let handle = runtime.handle().clone();
    let other = thread::spawn(move || {
        let mut polls = 0;
        handle.block_on(poll_fn(|cx| {
            polls += 1;
            if polls == 1 {
                let waker = cx.waker().clone();
                thread::spawn(move || waker.wake()).join().unwrap();
                // Any blocking primitive inside of a future may do so.
                thread::park();
                return Poll::Pending;
            }
            Poll::Ready(polls)
        }))
    });
    assert_eq!(other.join().unwrap(), 2);
}

#[test]
fn block_on_of_the_home_thread_gives_what_needs_no_driver() {
    let runtime = runtime();
    let value = runtime.handle().block_on(async { Handle::current().id() });
    assert_eq!(value, runtime.handle().id());
}

#[test]
fn block_on_inside_of_its_own_runtime_panics_and_says_what_to_do() {
    let runtime = runtime();
    let text = runtime.block_on(async { panic_text(|| runtime.handle().block_on(async {})) });
    assert!(
        text.contains("Handle::block_on") && text.contains("await"),
        "{text}"
    );
}

#[test]
fn a_blocking_call_has_its_runtime_as_the_current_one() {
    for_each_runtime(|runtime| {
        let id = runtime.handle().id();
        let call = runtime.spawn_blocking(|| {
            Handle::current().block_on(async {
                time::sleep(Duration::from_micros(100)).await;
                let task = Handle::current().spawn(async { 5 });
                (Handle::current().id(), task.await.unwrap())
            })
        });
        assert_eq!(runtime.block_on(call).unwrap(), (id, 5));
    });
}

#[test]
fn the_current_handle_is_missing_outside_and_also_while_the_thread_ends() {
    struct AsksAtTheEnd(mpsc::Sender<bool>);
    impl Drop for AsksAtTheEnd {
        fn drop(&mut self) {
            let missing = Handle::try_current().unwrap_err();
            assert!(missing.to_string().contains("uring-rt runtime"));
            let _ = self.0.send(missing.is_thread_local_destroyed());
        }
    }
    thread_local!(static LAST: std::cell::RefCell<Option<AsksAtTheEnd>> = const { std::cell::RefCell::new(None) });
    assert!(Handle::try_current().unwrap_err().is_missing_context());
    let (tell, told) = mpsc::channel();
    // What is made first is dropped last, so this one outlives the crate's own.
    let ending = thread::spawn(move || {
        LAST.with(|last| *last.borrow_mut() = Some(AsksAtTheEnd(tell)));
        drop(runtime().enter());
    });
    ending.join().unwrap();
    // Which of the two errors it is, the order of std's destructors decides.
    told.recv().unwrap();
}

#[test]
fn a_name_is_kept_and_an_id_is_one_runtimes_own() {
    let mut builder = Builder::new_current_thread();
    builder.enable_all().name("front");
    let (one, other) = (builder.build().unwrap(), builder.build().unwrap());
    assert_eq!(one.handle().name(), Some("front"));
    assert_ne!(one.handle().id(), other.handle().id());
    assert_eq!(runtime().handle().name(), None);
    assert_eq!(one.handle().runtime_flavor(), RuntimeFlavor::CurrentThread);
    assert!(panic_text(|| drop(Builder::new().name(" ").build())).contains("name"));
}

#[test]
fn block_on_inside_of_another_runtime_panics() {
    let (done, is_done) = mpsc::channel::<()>();
    let (give, get) = mpsc::channel();
    let other = thread::spawn(move || {
        let runtime = runtime();
        give.send(runtime.handle().clone()).unwrap();
        is_done.recv().unwrap_err();
    });
    let theirs = get.recv().unwrap();
    let text = runtime().block_on(async { panic_text(|| theirs.block_on(async {})) });
    assert!(text.contains("Handle::block_on"), "{text}");
    drop(done);
    other.join().unwrap();
}

#[test]
fn block_on_gives_back_what_needs_no_driver_after_the_end() {
    let handle = runtime().handle().clone();
    let other = thread::spawn(move || {
        handle.block_on(async {
            assert!(uring_rt::net::UnixStream::pair().is_err());
            5
        })
    });
    assert_eq!(other.join().unwrap(), 5);
}

#[test]
fn spawn_on_another_thread_of_what_is_not_send_panics() {
    let runtime = runtime();
    let handle = runtime.handle().clone();
    let text = thread::spawn(move || {
        let _entered = handle.enter();
        panic_text(|| uring_rt::spawn(async {}))
    });
    assert!(text.join().unwrap().contains("spawn"));
}

#[test]
fn current_is_the_runtime_that_runs() {
    let runtime = runtime();
    runtime.block_on(async {
        let alive = |handle: &Handle| handle.metrics().snapshot().executor.tasks_alive;
        let task = uring_rt::spawn(std::future::pending::<()>());
        assert_eq!(alive(&Handle::current()), 1);
        assert_eq!(alive(runtime.handle()), 1);
        task.abort();
    });
}
