//! The library on uring-rt, with each backend, and on a bare reactor.

use std::fs;
use std::future::Future;
use std::io::ErrorKind;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;

use async_inotify::{Event, Happened, Watch, Watcher, What};
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use uring_reactor::{Options, Reactor, Turn};
use uring_rt::runtime::{Backend, Builder};
use uring_rt::task::yield_now;

fn for_each_backend(test: impl AsyncFn(&Path)) {
    for backend in [Backend::Auto, Backend::Epoll] {
        let runtime = Builder::new().backend(backend).build().unwrap();
        let dir = tempfile::tempdir().unwrap();
        runtime.block_on(test(dir.path()));
    }
}

fn everything() -> What {
    What::CREATE | What::CLOSE_WRITE | What::MOVE | What::DELETE | What::DELETE_SELF
}

/// An event in short.
fn short(event: &Event) -> (Option<Watch>, Happened, &str) {
    let name = event
        .name
        .as_deref()
        .map_or("", |name| name.to_str().unwrap());
    (event.watch, event.what, name)
}

/// Makes changes in `dir`, and takes it away.
fn make_changes(dir: &Path) {
    fs::write(dir.join("draft"), "Dear kernel,").unwrap();
    fs::rename(dir.join("draft"), dir.join("letter")).unwrap();
    fs::create_dir(dir.join("attic")).unwrap();
    fs::remove_dir(dir.join("attic")).unwrap();
    fs::remove_file(dir.join("letter")).unwrap();
    fs::remove_dir(dir).unwrap();
}

/// What that looks like.
fn changes() -> [(Happened, &'static str); 9] {
    [
        (Happened::CREATE, "draft"),
        (Happened::CLOSE_WRITE, "draft"),
        (Happened::MOVED_FROM, "draft"),
        (Happened::MOVED_TO, "letter"),
        (Happened::CREATE | Happened::ISDIR, "attic"),
        (Happened::DELETE | Happened::ISDIR, "attic"),
        (Happened::DELETE, "letter"),
        (Happened::DELETE_SELF, ""),
        (Happened::IGNORED, ""),
    ]
}

#[test]
fn all_that_happens_is_told_in_its_order_and_wakes_who_waits() {
    for_each_backend(async |home| {
        let dir = home.join("letters");
        fs::create_dir(&dir).unwrap();
        let mut watcher = Watcher::new().unwrap();
        let watch = watcher.add(&dir, everything()).unwrap();
        // Another thread makes them, while this one sleeps.
        let other = thread::spawn({
            let dir = dir.clone();
            move || make_changes(&dir)
        });
        let mut cookies = Vec::new();
        for (what, name) in changes() {
            let event = watcher.next().await.unwrap();
            assert_eq!(short(&event), (Some(watch), what, name));
            cookies.extend(event.cookie);
        }
        // Both halves of the rename, and nothing else.
        assert!(
            matches!(cookies[..], [from, to] if from == to),
            "{cookies:?}"
        );
        other.join().unwrap();
        let error = watcher.remove(watch).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn a_wait_that_is_dropped_loses_no_event() {
    for_each_backend(async |dir| {
        let mut watcher = Watcher::new().unwrap();
        watcher.add(dir, What::CREATE).unwrap();
        for n in 0..50 {
            // Given up while nothing has happened.
            let turn = pin!(yield_now());
            let is_told = matches!(select(pin!(watcher.next()), turn).await, Either::Left(_));
            assert!(!is_told);
            fs::write(dir.join(n.to_string()), "").unwrap();
            // The wait that was given up is told.
            yield_now().await;
            let name = watcher.next().await.unwrap().name.unwrap();
            assert_eq!(name.to_str(), Some(n.to_string().as_str()));
        }
    });
}

#[test]
fn more_events_than_a_read_takes_come_all_and_one_by_one() {
    const COUNT: usize = 1000;
    for_each_backend(async |dir| {
        let mut watcher = Watcher::new().unwrap();
        watcher.add(dir, What::CREATE).unwrap();
        // Names of the greatest length, and short ones.
        let name = |n: usize| {
            format!(
                "{n:0width$}",
                width = if n.is_multiple_of(3) { 255 } else { 4 }
            )
        };
        for n in 0..COUNT {
            fs::write(dir.join(name(n)), "").unwrap();
        }
        let events: Vec<_> = watcher.by_ref().take(COUNT).collect().await;
        for (n, event) in events.into_iter().enumerate() {
            let event = event.unwrap();
            assert_eq!(event.name.unwrap().to_str(), Some(name(n).as_str()));
        }
    });
}

#[test]
fn events_that_were_lost_are_told_of() {
    let limit = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    let limit: usize = limit.trim().parse().unwrap();
    for_each_backend(async |dir| {
        let mut watcher = Watcher::new().unwrap();
        let file = dir.join("again");
        fs::write(&file, "").unwrap();
        let watch = watcher.add(&file, What::OPEN | What::CLOSE).unwrap();
        // Two events each, and none the same as the one before: those would be told once.
        for _ in 0..=limit / 2 {
            drop(fs::File::open(&file).unwrap());
        }
        for _ in 0..limit {
            assert_eq!(watcher.next().await.unwrap().watch, Some(watch));
        }
        let lost = watcher.next().await.unwrap();
        assert_eq!(short(&lost), (None, Happened::QUEUE_OVERFLOW, ""));
    });
}

#[test]
fn a_watcher_outlives_its_runtime_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = Builder::new().build().unwrap();
    let mut watcher = runtime.block_on(async { Watcher::new().unwrap() });
    watcher.add(dir.path(), What::CREATE).unwrap();
    drop(runtime);
    let other = Builder::new().build().unwrap();
    other.block_on(async {
        let error = watcher.next().await.unwrap_err();
        assert!(uring_reactor::is_rt_shutdown_err(&error), "{error}");
        // As a stream it gives the error once, and ends.
        assert!(StreamExt::next(&mut watcher).await.unwrap().is_err());
        assert!(StreamExt::next(&mut watcher).await.is_none());
    });
}

#[test]
fn no_runtime_is_needed_but_a_reactor() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("letters");
    fs::create_dir(&dir).unwrap();
    let mut reactor = Reactor::new(Options::new()).unwrap();
    let handle = reactor.handle();
    let _current = handle.enter();
    let mut watcher = Watcher::new().unwrap();
    let watch = watcher.add(&dir, everything()).unwrap();
    let other = thread::spawn({
        let dir = dir.clone();
        move || make_changes(&dir)
    });
    let mut all = pin!(async {
        for (what, name) in changes() {
            let event = watcher.next().await.unwrap();
            assert_eq!(short(&event), (Some(watch), what, name));
        }
    });
    let mut cx = Context::from_waker(Waker::noop());
    while all.as_mut().poll(&mut cx).is_pending() {
        reactor.turn(Turn::Wait).unwrap();
    }
    other.join().unwrap();
}
