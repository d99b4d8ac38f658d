//! `block_on`, and what needs a runtime and finds none.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_util::FutureExt;
use uring_rt::net::{TcpListener, TcpStream, UdpSocket, UnixListener, UnixStream};
use uring_rt::runtime::Handle;
use uring_rt::task::{self, yield_now};
use uring_rt::time::{self, Duration, Instant};

use crate::support::{backends, for_each_runtime, panic_text, runtime};

#[test]
fn block_on_may_be_called_many_times_in_a_row() {
    for_each_runtime(|runtime| {
        for n in 0..200 {
            let answer = runtime.block_on(async {
                yield_now().await;
                n
            });
            assert_eq!(answer, n);
        }
    });
}

#[test]
fn the_root_may_borrow_from_its_caller() {
    let runtime = runtime();
    let mut text = String::from("a");
    let borrowed = &mut text;
    runtime.block_on(async {
        yield_now().await;
        borrowed.push('b');
    });
    assert_eq!(text, "ab");
}

#[test]
fn a_task_left_over_runs_on_in_the_next_call() {
    for_each_runtime(|runtime| {
        let steps = Rc::new(Cell::new(0));
        let theirs = Rc::clone(&steps);
        let many_steps = async move {
            for _ in 0..100 {
                theirs.set(theirs.get() + 1);
                yield_now().await;
            }
        };
        let task = runtime.block_on(async {
            let task = uring_rt::spawn(many_steps);
            yield_now().await;
            Some(task)
        });
        assert!((1..100).contains(&steps.get()), "nobody has waited for it");
        runtime.block_on(task.unwrap()).unwrap();
        assert_eq!(steps.get(), 100);
    });
}

#[test]
fn a_socket_and_a_timer_left_over_go_on_in_the_next_call() {
    for_each_runtime(|runtime| {
        let (listener, sleep) = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let sleep = uring_rt::spawn(time::sleep(Duration::from_micros(200)));
            (listener, sleep)
        });
        let address = listener.local_addr().unwrap();
        let accept = runtime.spawn(async move { listener.accept().await });
        let stream = runtime.block_on(TcpStream::connect(address)).unwrap();
        let (_, peer) = runtime.block_on(accept).unwrap().unwrap();
        assert_eq!(peer, stream.local_addr().unwrap());
        runtime.block_on(sleep).unwrap();
    });
}

#[test]
fn tasks_spawned_outside_of_block_on_wait_for_it() {
    let runtime = runtime();
    let ran = Rc::new(RefCell::new(Vec::new()));
    let by = |name: &'static str| {
        let ran = Rc::clone(&ran);
        async move { ran.borrow_mut().push(name) }
    };
    let first = runtime.spawn(by("Runtime::spawn"));
    let second = {
        let _entered = runtime.enter();
        uring_rt::spawn(by("enter"))
    };
    assert!(ran.borrow().is_empty());
    runtime.block_on(async {
        first.await.unwrap();
        second.await.unwrap();
    });
    assert_eq!(*ran.borrow(), ["Runtime::spawn", "enter"]);
}

#[test]
fn enter_gives_sockets_and_timers_their_runtime() {
    let runtime = runtime();
    let (left, mut sleep) = {
        let _entered = runtime.enter();
        assert!(Handle::try_current().is_ok());
        let (left, _right) = UnixStream::pair().unwrap();
        (left, time::sleep(Duration::from_micros(50)))
    };
    assert!(Handle::try_current().is_err(), "the guard is gone");
    runtime.block_on(async {
        left.readable().await.unwrap();
        (&mut sleep).await;
    });
}

#[test]
fn guards_of_two_runtimes_nest() {
    let (one, other) = (runtime(), runtime());
    let count = |handle: &Handle| handle.metrics().snapshot().reactor.sources;
    let _outer = one.enter();
    let first = UnixStream::pair().unwrap();
    {
        let _inner = other.enter();
        let second = UnixStream::pair().unwrap();
        assert_eq!((count(one.handle()), count(other.handle())), (2, 2));
        drop(second);
    }
    let third = UnixStream::pair().unwrap();
    assert_eq!((count(one.handle()), count(other.handle())), (4, 0));
    drop((first, third));
}

#[test]
fn a_nested_block_on_panics_and_says_so() {
    let (one, other) = (runtime(), runtime());
    let text = one.block_on(async { panic_text(|| one.block_on(async {})) });
    assert!(text.contains("Runtime::block_on was called inside of Runtime::block_on"));
    let text = one.block_on(async { panic_text(|| other.block_on(async {})) });
    assert!(
        text.contains("block_on") && text.contains("inside"),
        "{text}"
    );
    one.block_on(async {});
    other.block_on(async {});
}

#[test]
fn a_panic_of_the_root_leaves_the_runtime_usable() {
    let runtime = runtime();
    let text = panic_text(|| runtime.block_on(async { panic!("the root fell") }));
    assert_eq!(text, "the root fell");
    assert!(Handle::try_current().is_err());
    let task = runtime.spawn(async { 7 });
    assert_eq!(runtime.block_on(task).unwrap(), 7);
}

#[test]
fn the_report_is_the_same_before_inside_and_on_another_thread() {
    for (_, mut builder) in backends() {
        let runtime = builder.build().unwrap();
        let before = runtime.driver();
        let handle = runtime.handle().clone();
        let elsewhere = std::thread::spawn(move || handle.driver());
        assert_eq!(before, elsewhere.join().unwrap());
        let inside = runtime.block_on(async { (runtime.driver(), Handle::current().driver()) });
        assert_eq!((&before, &before), (&inside.0, &inside.1));
    }
}

/// What a call is named in its panic, and the call.
type Call = (&'static str, Box<dyn FnOnce()>);

#[test]
fn calls_outside_of_a_runtime_name_themselves_and_the_remedy() {
    let path = std::env::temp_dir().join("uring-rt-never-made");
    let address = "127.0.0.1:0";
    let soon = Duration::from_millis(1);
    let calls: [Call; 16] = [
        (
            "uring_rt::spawn",
            Box::new(|| drop(uring_rt::spawn(async {}))),
        ),
        (
            "uring_rt::spawn",
            Box::new(|| drop(task::spawn_local(async {}))),
        ),
        ("Handle::current", Box::new(|| drop(Handle::current()))),
        ("time::sleep", Box::new(move || drop(time::sleep(soon)))),
        (
            "time::sleep_until",
            Box::new(|| drop(time::sleep_until(Instant::now()))),
        ),
        (
            "time::timeout",
            Box::new(move || drop(time::timeout(soon, async {}))),
        ),
        (
            "time::timeout_at",
            Box::new(|| drop(time::timeout_at(Instant::now(), async {}))),
        ),
        (
            "time::interval",
            Box::new(move || drop(time::interval(soon))),
        ),
        ("time::pause", Box::new(time::pause)),
        ("time::resume", Box::new(time::resume)),
        (
            "TcpListener::bind",
            Box::new(move || drop(TcpListener::bind(address).now_or_never())),
        ),
        (
            "TcpStream::connect",
            Box::new(move || drop(TcpStream::connect(address).now_or_never())),
        ),
        (
            "UdpSocket::bind",
            Box::new(move || drop(UdpSocket::bind(address).now_or_never())),
        ),
        (
            "UnixListener::bind",
            Box::new(move || drop(UnixListener::bind(path))),
        ),
        ("UnixStream::pair", Box::new(|| drop(UnixStream::pair()))),
        (
            "signal",
            Box::new(|| drop(uring_rt::signal::ctrl_c().now_or_never())),
        ),
    ];
    for (name, call) in calls {
        let text = panic_text(call);
        assert!(text.contains(name), "{name}: {text}");
        assert!(text.contains("needs a running uring-rt runtime"), "{text}");
        assert!(text.contains("Runtime::block_on"), "the remedy: {text}");
    }
}
