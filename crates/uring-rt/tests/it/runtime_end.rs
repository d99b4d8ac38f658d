//! What the end of a runtime does to what was made in it.

use std::cell::RefCell;
use std::future::pending;
use std::io::{self, Read};
use std::rc::Rc;
use std::sync::Arc;
use std::thread::{self, ThreadId};

use futures_util::{AsyncReadExt, FutureExt};
use uring_rt::net::{TcpListener, UdpSocket, UnixStream};
use uring_rt::runtime::Runtime;
use uring_rt::task::yield_now;
use uring_rt::time::{self, Duration};

use crate::child::in_child;
use crate::support::{
    backends, foreign_block_on, panic_text, runtime, spin_until, tcp_pair, text_of,
};

/// Runs `test` with a runtime of each backend, which is the test's to drop.
fn for_each_owned(test: impl Fn(Runtime)) {
    for (name, mut builder) in backends() {
        test(builder.build().unwrap_or_else(|e| panic!("{name}: {e}")));
    }
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn tasks_are_dropped_on_this_thread() {
    let dropped_on: Rc<RefCell<Vec<ThreadId>>> = Rc::default();
    let runtime = runtime();
    for starts in [true, false] {
        let theirs = Rc::clone(&dropped_on);
        let guard = OnDrop(move || theirs.borrow_mut().push(thread::current().id()));
        drop(runtime.spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        }));
        if starts {
            runtime.block_on(yield_now());
        }
    }
    assert!(dropped_on.borrow().is_empty());
    drop(runtime);
    assert_eq!(*dropped_on.borrow(), [thread::current().id(); 2]);
}

#[test]
fn a_task_may_use_the_runtime_in_its_destructor() {
    let runtime = runtime();
    drop(runtime.spawn(async {
        let _guard = OnDrop(|| {
            drop(uring_rt::spawn(async {}));
            drop(time::sleep(Duration::from_secs(1)));
            UnixStream::pair().unwrap_err();
        });
        pending::<()>().await;
    }));
    runtime.block_on(yield_now());
    drop(runtime);
}

#[test]
fn ports_are_free_at_once() {
    in_child("runtime_end::ports_are_free_at_once", || {
        for_each_owned(|runtime| {
            let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
            let tcp = listener.local_addr().unwrap();
            let socket = runtime.block_on(UdpSocket::bind("127.0.0.1:0")).unwrap();
            let udp = socket.local_addr().unwrap();
            drop(runtime.spawn(async move { listener.accept().await.map(drop) }));
            drop(runtime.spawn(async move { socket.recv(&mut [0; 8]).await }));
            // Long enough for both to be at the kernel.
            runtime.block_on(async { time::sleep(Duration::from_micros(10)).await });
            drop(runtime);
            std::net::TcpListener::bind(tcp).expect("the TCP port is free");
            std::net::UdpSocket::bind(udp).expect("the UDP port is free");
        })
    });
}

#[test]
fn peers_see_the_end_at_once() {
    in_child("runtime_end::peers_see_the_end_at_once", || {
        for_each_owned(|runtime| {
            let (ours, theirs) = runtime.block_on(tcp_pair());
            let mut theirs = theirs.into_std().unwrap();
            drop(runtime.spawn(async move { (&ours).read(&mut [0; 8]).await }));
            runtime.block_on(async { time::sleep(Duration::from_micros(10)).await });
            let before = theirs.read(&mut [0; 8]).unwrap_err();
            assert_eq!(before.kind(), io::ErrorKind::WouldBlock);
            drop(runtime);
            assert_eq!(theirs.read(&mut [0; 8]).unwrap(), 0);
        })
    });
}

#[test]
fn a_stream_that_outlives_it_answers_with_an_error() {
    for_each_owned(|runtime| {
        let (mut ours, _theirs) = runtime.block_on(tcp_pair());
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        drop(runtime);
        for _ in 0..2 {
            let error = foreign_block_on(ours.readable()).unwrap_err();
            assert!(error.to_string().contains("shut down"), "{error}");
            foreign_block_on(ours.read(&mut [0; 8])).unwrap_err();
            foreign_block_on(listener.accept()).unwrap_err();
        }
        ours.into_std().expect("the socket itself is fine");
    });
}

#[test]
fn a_stream_of_one_runtime_errs_in_another_when_its_own_is_gone() {
    let gone = runtime();
    let (ours, _theirs) = gone.block_on(tcp_pair());
    drop(gone);
    runtime().block_on(ours.readable()).unwrap_err();
}

#[test]
fn a_timer_that_outlives_it_panics_and_never_hangs() {
    let runtime = runtime();
    let (mut due, mut far, mut waiting) = {
        let _entered = runtime.enter();
        let hour = Duration::from_secs(3600);
        (
            time::sleep(Duration::ZERO),
            time::sleep(hour),
            time::sleep(hour),
        )
    };
    runtime.block_on(async { assert!((&mut waiting).now_or_never().is_none()) });
    drop(runtime);
    foreign_block_on(&mut due);
    for sleep in [&mut far, &mut waiting] {
        let text = panic_text(|| foreign_block_on(sleep));
        assert!(text.contains("shut down"), "{text}");
    }
}

#[test]
fn whoever_waits_on_another_thread_is_told() {
    for_each_owned(|runtime| {
        let (_ours, mut theirs) = runtime.block_on(tcp_pair());
        let sleep = {
            let _entered = runtime.enter();
            time::sleep(Duration::from_secs(3600))
        };
        let handle = runtime.handle().clone();
        let armed = handle.metrics().snapshot().reactor.arms;
        let reader = thread::spawn(move || foreign_block_on(theirs.read(&mut [0; 8])));
        let sleeper = thread::spawn(move || foreign_block_on(sleep));
        runtime.block_on(async {
            while handle.metrics().snapshot().reactor.timers == 0
                || handle.metrics().snapshot().reactor.arms == armed
            {
                yield_now().await;
            }
        });
        drop(runtime);
        reader.join().unwrap().unwrap_err();
        let payload = sleeper.join().unwrap_err();
        assert!(text_of(payload.as_ref()).contains("shut down"));
    });
}

#[test]
fn a_join_handle_that_outlives_it_says_cancelled() {
    let runtime = runtime();
    let handle = runtime.handle().clone();
    let left_over = runtime.spawn(pending::<()>());
    drop(runtime);
    assert!(foreign_block_on(left_over).unwrap_err().is_cancelled());
    let late = handle.spawn(async { 1 });
    assert!(foreign_block_on(late).unwrap_err().is_cancelled());
    let late = handle.spawn_with(|| async { 1 });
    assert!(foreign_block_on(late).unwrap_err().is_cancelled());
}

#[test]
fn a_handle_lives_on_and_says_so() {
    let runtime = runtime();
    let handle = runtime.handle().clone();
    drop(runtime);
    let _entered = handle.enter();
    UnixStream::pair().unwrap_err();
    let text = panic_text(|| foreign_block_on(time::sleep(Duration::from_secs(1))));
    assert!(text.contains("shut down"), "{text}");
    assert_eq!(handle.metrics().snapshot().executor.tasks_alive, 0);
}

#[test]
fn another_thread_may_wait_for_the_end() {
    let runtime = runtime();
    let task = runtime.spawn(pending::<()>());
    let waiter = thread::spawn(move || foreign_block_on(task));
    let handle = runtime.handle().clone();
    runtime.block_on(yield_now());
    spin_until(|| handle.metrics().snapshot().executor.tasks_alive == 1);
    drop(runtime);
    assert!(waiter.join().unwrap().unwrap_err().is_cancelled());
}

#[test]
fn a_runtime_in_a_thread_local_ends_with_its_thread() {
    thread_local!(static KEPT: RefCell<Option<Runtime>> = const { RefCell::new(None) });
    for (name, mut builder) in backends() {
        let dropped = Arc::new(());
        let theirs = Arc::clone(&dropped);
        let ended = thread::spawn(move || {
            // Its destructor is the first to be registered, and so the last to run.
            KEPT.with(|kept| {
                let runtime = builder.build().unwrap();
                let (left, right) = runtime.block_on(async { UnixStream::pair().unwrap() });
                drop(runtime.spawn(async move {
                    let _all = (theirs, right);
                    left.readable().await
                }));
                runtime.block_on(yield_now());
                *kept.borrow_mut() = Some(runtime);
            });
        });
        ended.join().unwrap();
        assert_eq!(Arc::strong_count(&dropped), 1, "{name}: its task is gone");
    }
}
