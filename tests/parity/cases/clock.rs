//! `time::{pause, resume, advance}`.

use std::pin::pin;
use std::sync::mpsc;
use std::time::Duration;

use crate::rt;
use crate::rt::net::UdpSocket;
use crate::rt::task::{spawn, spawn_blocking, yield_now};
use crate::rt::time::{Instant, advance, pause, resume, sleep};
use crate::support::{Log, panics, poll, runtime};

const MS: Duration = Duration::from_millis(1);

#[rt::test]
async fn a_paused_clock_stands_until_it_is_advanced() {
    pause();
    let start = Instant::now();
    assert_eq!(Instant::now(), start);
    advance(1234 * MS).await;
    assert_eq!(start.elapsed(), 1234 * MS);
}

#[rt::test]
async fn a_clock_that_is_resumed_goes_on_from_where_it_stood() {
    pause();
    let before = Instant::now();
    advance(3600 * 1000 * MS).await;
    resume();
    let after = Instant::now();
    assert!(after - before >= 3600 * 1000 * MS);
    sleep(MS).await;
    assert!(after.elapsed() >= MS);
}

#[rt::test(start_paused = true)]
async fn pausing_twice_panics() {
    assert!(panics(pause));
    resume();
    assert!(panics(resume), "nor is it to be resumed twice");
    pause();
}

#[test]
fn advancing_a_running_clock_panics() {
    assert!(panics(|| runtime().block_on(advance(MS))));
}

#[test]
fn outside_of_a_runtime_there_is_no_clock_to_stop() {
    assert!(panics(pause));
    assert!(panics(resume));
}

#[rt::test(start_paused = true)]
async fn an_idle_clock_jumps_to_the_next_deadline_and_no_further() {
    let start = Instant::now();
    let log = Log::default();
    let theirs = log.clone();
    let task = spawn(async move {
        sleep(10 * MS).await;
        theirs.add(start.elapsed().as_millis().to_string());
    });
    sleep(25 * MS).await;
    log.add(start.elapsed().as_millis().to_string());
    task.await.unwrap();
    assert_eq!(log.lines(), ["10", "25"]);
}

#[rt::test(start_paused = true)]
async fn advance_fires_what_becomes_due_and_nothing_else() {
    let mut near = pin!(sleep(10 * MS));
    let mut far = pin!(sleep(20 * MS));
    assert!(poll(near.as_mut()).is_pending() && poll(far.as_mut()).is_pending());
    advance(15 * MS).await;
    assert!(poll(near.as_mut()).is_ready() && poll(far.as_mut()).is_pending());
    advance(15 * MS).await;
    assert!(poll(far.as_mut()).is_ready());
}

#[rt::test(start_paused = true)]
async fn the_clock_does_not_jump_while_a_task_can_run() {
    let start = Instant::now();
    let sleeper = spawn(async move {
        sleep(10 * MS).await;
    });
    for _ in 0..200 {
        yield_now().await;
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
    sleeper.await.unwrap();
    assert_eq!(start.elapsed(), 10 * MS);
}

#[rt::test(start_paused = true)]
async fn the_clock_does_not_jump_while_a_blocking_call_runs() {
    let start = Instant::now();
    let (go, goes) = mpsc::channel();
    let call = spawn_blocking(move || {
        goes.recv().unwrap();
        7
    });
    let waker = spawn(async move {
        // Polled after the root has gone to sleep on the call, and before the clock could jump.
        go.send(()).unwrap();
        sleep(1000 * MS).await;
    });
    assert_eq!(call.await.unwrap(), 7);
    assert_eq!(start.elapsed(), Duration::ZERO);
    waker.abort();
}

#[rt::test(start_paused = true)]
async fn the_clock_does_not_jump_over_a_datagram_that_is_there() {
    let start = Instant::now();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(socket.local_addr().unwrap()).await.unwrap();
    socket.send(b"x").await.unwrap();
    let mut buffer = [0; 4];
    let received = rt::time::timeout(1000 * MS, socket.recv(&mut buffer));
    assert_eq!(received.await.unwrap().unwrap(), 1);
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[rt::test(start_paused = true)]
async fn advance_by_nothing_lets_others_run() {
    let log = Log::default();
    let theirs = log.clone();
    let task = spawn(async move { theirs.add("ran") });
    advance(Duration::ZERO).await;
    assert_eq!(log.lines(), ["ran"]);
    task.await.unwrap();
}
