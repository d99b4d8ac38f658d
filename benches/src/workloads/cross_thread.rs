use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::thread;

use futures_util::task::AtomicWaker;

use crate::measure::Stopwatch;
use crate::runtime::{Runtime, run};
use crate::runtimes;
use crate::workload::{MICROSECONDS, Program, Round, Sample, Workload, ours_at_most};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "cross-thread",
    group: "tasks",
    title: "two threads, each with a runtime, wake each other in turn, both on one core, for each round trip",
    metrics: MICROSECONDS,
    targets: &[ours_at_most(5.7)],
    runtimes: &runtimes::NAMES,
    without: |_| None,
    run: |round| runtimes::run(round, &CrossThread),
};

struct CrossThread;

impl Program for CrossThread {
    fn run<R: Runtime>(&self, round: &Round) -> Result<Sample, String> {
        let round_trips = round.times(50_000);
        let warm_up = round_trips / 10;
        let (ping, pong) = (Arc::new(Flag::default()), Arc::new(Flag::default()));
        let other = thread::spawn({
            let (ping, pong) = (Arc::clone(&ping), Arc::clone(&pong));
            move || {
                run::<R, _>(async move {
                    for _ in 0..warm_up + round_trips {
                        ping.wait().await;
                        pong.raise();
                    }
                });
            }
        });
        let sample = run::<R, _>(async move {
            round_trip(&ping, &pong, warm_up).await;
            let watch = Stopwatch::start();
            round_trip(&ping, &pong, round_trips).await;
            watch.microseconds_per(round_trips)
        });
        other.join().map_err(|_| "the other thread panicked")?;
        Ok(sample)
    }
}

async fn round_trip(ping: &Flag, pong: &Flag, times: usize) {
    for _ in 0..times {
        ping.raise();
        pong.wait().await;
    }
}

/// Raised by one thread, and taken down by the other that waits for it.
#[derive(Default)]
struct Flag {
    is_raised: AtomicBool,
    waker: AtomicWaker,
}

impl Flag {
    fn raise(&self) {
        self.is_raised.store(true, Ordering::Release);
        self.waker.wake();
    }

    async fn wait(&self) {
        poll_fn(|context| {
            self.waker.register(context.waker());
            if self.is_raised.swap(false, Ordering::Acquire) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}
