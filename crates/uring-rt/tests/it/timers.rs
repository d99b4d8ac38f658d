//! `sleep`, with the clock that really runs.

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;

use futures_util::FutureExt;
use uring_rt::task::{JoinSet, yield_now};
use uring_rt::time::{Duration, Instant, sleep, sleep_until};

use crate::support::{for_each_backend, runtime};

#[test]
fn a_sleep_is_never_early_however_short() {
    for_each_backend(async || {
        for micros in [0, 1, 20, 99, 500, 999, 1_000, 1_001, 2_500] {
            let wanted = Duration::from_micros(micros);
            let start = Instant::now();
            sleep(wanted).await; // sleep: that it is never early is what is tested
            assert!(
                start.elapsed() >= wanted,
                "{wanted:?}: {:?}",
                start.elapsed()
            );
        }
        for nanos in [1, 999, 1_001] {
            let deadline = Instant::now() + Duration::from_nanos(nanos);
            sleep_until(deadline).await; // sleep: as above
            assert!(Instant::now() >= deadline);
        }
    });
}

#[test]
fn sleeps_end_in_the_order_of_their_deadlines() {
    for_each_backend(async || {
        let order = Rc::new(RefCell::new(Vec::new()));
        // Far enough that all of them wait before the first is due.
        let start = Instant::now() + Duration::from_millis(100);
        let mut tasks = JoinSet::new();
        for place in [3, 1, 4, 0, 2] {
            let order = Rc::clone(&order);
            tasks.spawn(async move {
                // sleep: the order is what is tested
                sleep_until(start + Duration::from_millis(place)).await;
                order.borrow_mut().push(place);
            });
        }
        while tasks.join_next().await.is_some() {}
        assert_eq!(*order.borrow(), [0, 1, 2, 3, 4]);
    });
}

#[test]
fn a_new_sleep_that_ends_earlier_is_not_kept_waiting_by_the_old_one() {
    for_each_backend(async || {
        let mut far = sleep(Duration::from_secs(3600));
        assert!((&mut far).now_or_never().is_none());
        yield_now().await;
        sleep(Duration::from_micros(200)).await; // sleep: an hour would be noticed
        assert!(!far.is_elapsed());
    });
}

#[test]
fn reset_moves_the_deadline_both_ways_also_while_somebody_waits() {
    for_each_backend(async || {
        let mut nap = sleep(Duration::from_secs(3600));
        assert!((&mut nap).now_or_never().is_none());
        let soon = Instant::now() + Duration::from_micros(100);
        nap.reset(soon);
        assert_eq!(nap.deadline(), soon);
        (&mut nap).await;
        assert!(Instant::now() >= soon && nap.is_elapsed());

        // One that has ended may start again.
        let again = Instant::now() + Duration::from_micros(100);
        nap.reset(again);
        (&mut nap).await;
        assert!(Instant::now() >= again);

        nap.reset(Instant::now());
        assert!((&mut nap).now_or_never().is_some());
        nap.reset(Instant::now() + Duration::from_secs(3600));
        assert!((&mut nap).now_or_never().is_none());
        assert!(!nap.is_elapsed());
    });
}

#[test]
fn reset_wakes_a_task_that_waits_at_the_new_deadline() {
    for_each_backend(async || {
        let mut nap = pin!(sleep(Duration::from_secs(3600)));
        let mut polls = 0;
        std::future::poll_fn(|cx| {
            polls += 1;
            let polled = nap.as_mut().poll(cx);
            if polls == 1 {
                assert!(polled.is_pending());
                nap.reset(Instant::now() + Duration::from_micros(50));
            }
            polled
        })
        .await;
        assert!(polls >= 2);
    });
}

#[test]
fn far_deadlines_neither_panic_nor_end() {
    for_each_backend(async || {
        let mut naps = vec![
            sleep(Duration::MAX),
            sleep(Duration::from_secs(u64::MAX)),
            sleep(Duration::from_secs(86_400 * 365 * 200)),
            sleep(Duration::from_secs(86_400 * 365)),
            sleep_until(Instant::far_future()),
            sleep_until(Instant::now() + Duration::MAX),
        ];
        for nap in &mut naps {
            assert!(nap.now_or_never().is_none());
        }
        // Now the earliest of them goes to the kernel, which must not choke on it.
        sleep(Duration::from_micros(100)).await; // sleep: the kernel is to see a far deadline
        for nap in &mut naps {
            assert!(nap.now_or_never().is_none());
        }
        naps.drain(..5);
        // And "never" alone is a sleep without an end, which something else ends.
        let task = uring_rt::spawn(sleep(Duration::MAX));
        yield_now().await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    });
}

#[test]
fn a_dropped_sleep_leaves_nothing_behind() {
    let runtime = runtime();
    runtime.block_on(async {
        for _ in 0..100 {
            let mut nap = sleep(Duration::from_secs(3600));
            assert!((&mut nap).now_or_never().is_none());
        }
    });
    assert_eq!(runtime.metrics().snapshot().reactor.timers, 0);
}

#[test]
fn ten_thousand_sleeps_all_end() {
    let runtime = runtime();
    runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for n in 0..10_000_u64 {
            // sleep: many at once
            tasks.spawn(sleep(Duration::from_micros(n * 7919 % 5000)));
        }
        assert_eq!(tasks.join_all().await.len(), 10_000);
    });
    assert_eq!(runtime.metrics().snapshot().reactor.timers, 0);
}

#[test]
fn a_sleep_made_here_may_be_awaited_on_another_thread() {
    for_each_backend(async || {
        let start = Instant::now();
        let nap = sleep(Duration::from_micros(500));
        let (done, is_done) = tokio::sync::oneshot::channel();
        let other = std::thread::spawn(move || {
            crate::support::foreign_block_on(nap);
            done.send(()).unwrap();
        });
        is_done.await.unwrap();
        assert!(start.elapsed() >= Duration::from_micros(500));
        other.join().unwrap();
    });
}
