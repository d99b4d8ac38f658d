use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use futures_util::task::AtomicWaker;

use crate::measure::{bind_to_core, cpu_time, writes};
use crate::runtime::{Runtime, run};
use crate::runtimes;
use crate::workload::{Metric, Program, Round, Sample, Workload};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "wake-burst",
    group: "tasks",
    title: "4 threads on the other core wake 100 tasks, 10 000 times together, for each wake; and the calls of write",
    metrics: &[
        Metric {
            name: "cpu",
            unit: "ns",
        },
        Metric {
            name: "writes",
            unit: "for each 10 000 wakes",
        },
        Metric {
            name: "polls",
            unit: "for each 10 000 wakes",
        },
    ],
    targets: &[],
    runtimes: &runtimes::NAMES,
    without: |_| None,
    run: |round| {
        runtimes::run(
            round,
            &WakeBurst {
                load_core: round.load_core,
            },
        )
    },
};

const THREADS: usize = 4;
const TASKS: usize = 100;
const WAKES: usize = 10_000;

struct WakeBurst {
    load_core: usize,
}

/// What a task waits for: so many tokens, each of which was put down with a wake.
#[derive(Default)]
struct Counter {
    tokens: AtomicUsize,
    waker: AtomicWaker,
}

impl Program for WakeBurst {
    fn run<R: Runtime>(&self, round: &Round) -> Result<Sample, String> {
        let bursts = round.times(200);
        let counters: Arc<Vec<Counter>> =
            Arc::new((0..TASKS).map(|_| Counter::default()).collect());
        let barrier = Arc::new(Barrier::new(THREADS + 1));
        let mut threads = Vec::new();
        for thread in 0..THREADS {
            let (counters, barrier) = (Arc::clone(&counters), Arc::clone(&barrier));
            let load_core = self.load_core;
            threads.push(thread::spawn(move || {
                bind_to_core(load_core)?;
                barrier.wait();
                for at in 0..bursts * WAKES / THREADS {
                    let counter = &counters[(at + thread * TASKS / THREADS) % TASKS];
                    counter.tokens.fetch_add(1, Ordering::Release);
                    counter.waker.wake();
                }
                Ok::<(), String>(())
            }));
        }
        let (cpu, written, polls) = run::<R, _>(async move {
            let each = bursts * WAKES / TASKS;
            let tasks: Vec<_> = (0..TASKS)
                .map(|index| R::spawn(take_all(Arc::clone(&counters), index, each)))
                .collect();
            // Until each of them has been polled and waits.
            R::sleep(Duration::from_millis(10)).await;
            barrier.wait();
            let (before, written) = (cpu_time(), writes()?);
            let mut polls = 0;
            for task in tasks {
                polls += task.await;
            }
            Ok::<_, String>((cpu_time() - before, writes()? - written, polls))
        })?;
        for thread in threads {
            thread.join().map_err(|_| "a thread panicked")??;
        }
        Ok(Sample::new([
            ("cpu", cpu.as_secs_f64() * 1e9 / (bursts * WAKES) as f64),
            ("writes", written as f64 / bursts as f64),
            ("polls", polls as f64 / bursts as f64),
        ]))
    }
}

/// Ends when it has seen so many tokens. How often it was polled.
async fn take_all(counters: Arc<Vec<Counter>>, index: usize, tokens: usize) -> usize {
    let counter = &counters[index];
    let mut polls = 0;
    poll_fn(|context| {
        polls += 1;
        counter.waker.register(context.waker());
        if counter.tokens.load(Ordering::Acquire) < tokens {
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
    polls
}
