//! Deadlines: in order, never early, changed and cancelled, whatever the loop is doing.

use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant as StdInstant};

use tokio_test::task::{self, Spawn};
use tokio_test::{assert_pending, assert_ready};
use uring_reactor::{AsyncFd, Instant, Sleep, Turn};

use crate::support::{
    Random, in_child, on_every_backend, on_every_backend_with, open_fds, socket_pair,
};

/// The unit of these tests: long enough that a timer is still pending when it is first polled, on a machine that stalls.
const MS: Duration = Duration::from_millis(20);

fn pending(deadline: Instant) -> Spawn<Sleep> {
    let mut sleep = task::spawn(Sleep::until(deadline));
    assert_pending!(sleep.poll());
    sleep
}

#[test]
fn timers_fire_in_the_order_of_their_deadlines() {
    on_every_backend_with(
        |options| options.start_paused(true),
        |l| {
            let _current = l.handle().enter();
            let start = Instant::now();
            let mut random = Random::new(3);
            let mut sleeps: Vec<_> = (0..500)
                .map(|_| start + MS * u32::try_from(1 + random.below(1000)).unwrap())
                .map(|deadline| (deadline, pending(deadline)))
                .collect();
            // A third of them is cancelled.
            sleeps.retain(|_| random.below(3) > 0);
            sleeps.sort_by_key(|(deadline, _)| *deadline);
            for index in 0..sleeps.len() {
                while !sleeps[index].1.is_woken() {
                    l.turn(Turn::Wait);
                }
                let due = Instant::now();
                assert!(due >= sleeps[index].0, "{}: early", l.name);
                let later = sleeps[index..].iter().find(|(_, sleep)| !sleep.is_woken());
                assert!(later.is_none_or(|(deadline, _)| *deadline > due));
                assert_ready!(sleeps[index].1.poll());
            }
            assert_eq!(l.handle().metrics().timers, 0);
        },
    );
}

#[test]
fn a_real_deadline_is_never_early() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        for micros in [1, 50, 300, 999, 1000, 2500] {
            let start = StdInstant::now();
            let deadline = Instant::from_std(start + Duration::from_micros(micros));
            // sleep: whether the timer is early is what is tested.
            l.block_on(Sleep::until(deadline));
            assert!(
                start.elapsed() >= Duration::from_micros(micros),
                "{}",
                l.name
            );
        }
    });
}

#[test]
fn deadlines_of_now_and_of_the_past_are_due_at_once() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        let now = Instant::now();
        assert_ready!(task::spawn(Sleep::until(now)).poll());
        assert_ready!(task::spawn(Sleep::until(now - Duration::from_secs(1))).poll());
        l.turn(Turn::WaitUntil(now));
        l.turn(Turn::WaitUntil(now - Duration::from_secs(1)));
    });
}

#[test]
fn a_sleep_of_no_time_is_due_at_once() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        assert_ready!(task::spawn(Sleep::after(Duration::ZERO)).poll());
    });
}

#[test]
fn a_sleep_that_is_first_polled_when_its_time_is_over_takes_one_turn_without_waiting() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        let mut sleep = task::spawn(Sleep::after(Duration::from_nanos(1)));
        while Instant::now() < sleep.deadline() {}
        assert_pending!(sleep.poll());
        l.turn(Turn::WaitUntil(Instant::now() + Duration::from_secs(3600)));
        assert!(sleep.is_woken(), "{}", l.name);
        assert_ready!(sleep.poll());
    });
}

#[test]
fn a_sleep_that_is_pushed_back_to_a_time_that_has_come_takes_one_turn_without_waiting() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        let start = Instant::now();
        let mut sleep = task::spawn(Sleep::until(start + MS));
        assert_pending!(sleep.poll());
        // Busy, so the loop has not seen the first deadline pass.
        while Instant::now() < start + MS * 2 {}
        sleep.reset(start + MS + Duration::from_nanos(1));
        l.turn(Turn::WaitUntil(Instant::now() + Duration::from_secs(3600)));
        assert!(sleep.is_woken(), "{}", l.name);
        assert_ready!(sleep.poll());
    });
}

#[test]
fn a_sleep_that_a_paused_clock_has_passed_is_due_at_its_first_poll() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        let mut sleep = task::spawn(Sleep::after(Duration::from_secs(3600)));
        assert!(l.handle().pause_clock());
        assert!(l.handle().advance_clock(Duration::from_secs(3601)));
        assert_ready!(sleep.poll());
    });
}

#[test]
fn a_deadline_that_never_comes_keeps_nobody_awake() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        let never = pending(Instant::now() + Duration::MAX);
        let far = pending(Instant::far_future());
        let unparker = l.handle().unparker();
        let waker = std::thread::spawn(move || unparker.wake());
        l.turn(Turn::Wait);
        waker.join().unwrap();
        assert!(!never.is_woken() && !far.is_woken());
        l.turn(Turn::WaitUntil(Instant::now() + MS));
        assert!(!never.is_woken() && !far.is_woken());
    });
}

#[test]
fn a_wait_ends_at_its_limit_without_a_timer() {
    on_every_backend(|l| {
        let limit = Instant::now() + MS;
        // sleep: the limit of a turn.
        while Instant::now() < limit {
            l.turn(Turn::WaitUntil(limit));
        }
        let _current = l.handle().enter();
        let sleep = pending(Instant::now() + Duration::from_secs(3600));
        let limit = Instant::now() + MS;
        // sleep: the limit of a turn, with a later timer.
        while Instant::now() < limit {
            l.turn(Turn::WaitUntil(limit));
        }
        assert!(!sleep.is_woken());
    });
}

#[test]
fn a_reset_moves_the_deadline_both_ways() {
    on_every_backend_with(
        |options| options.start_paused(true),
        |l| {
            let handle = l.handle();
            let _current = handle.enter();
            let start = Instant::now();
            let mut sleep = pending(start + 10 * MS);
            // Later, while it waits.
            sleep.reset(start + 20 * MS);
            handle.advance_clock(15 * MS);
            l.turn(Turn::Poll);
            assert!(!sleep.is_woken(), "{}", l.name);
            // Earlier, while it waits.
            sleep.reset(start + 16 * MS);
            handle.advance_clock(MS);
            l.turn(Turn::Poll);
            assert!(sleep.is_woken(), "{}", l.name);
            // Later, after it has fired and before it is polled.
            sleep.reset(start + 30 * MS);
            assert_pending!(sleep.poll());
            handle.advance_clock(14 * MS);
            l.turn(Turn::Poll);
            assert!(sleep.is_woken(), "{}", l.name);
            assert_ready!(sleep.poll());
            // And once more after it has completed.
            sleep.reset(start + 40 * MS);
            assert_pending!(sleep.poll());
            l.turn(Turn::Wait);
            assert_ready!(sleep.poll());
            assert_eq!(Instant::now(), start + 40 * MS);
        },
    );
}

#[test]
fn a_shorter_timer_set_while_a_longer_one_is_in_the_kernel_is_on_time() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        let long = pending(Instant::now() + Duration::from_secs(3600));
        l.turn(Turn::WaitUntil(Instant::now() + MS / 10));
        let mut short = pending(Instant::now() + MS);
        l.until("the shorter one", || short.is_woken());
        assert_ready!(short.poll());
        // A longer one after a shorter one: the kernel's timer may be too early, and is set anew.
        let cancelled = pending(Instant::now() + MS);
        l.turn(Turn::WaitUntil(Instant::now() + MS / 10));
        drop(cancelled);
        let mut next = pending(Instant::now() + 2 * MS);
        l.until("the next one", || next.is_woken());
        assert_ready!(next.poll());
        assert!(!long.is_woken());
    });
}

#[test]
fn an_earlier_deadline_from_another_thread_ends_the_sleep() {
    on_every_backend(|l| {
        let handle = l.handle();
        let _current = handle.enter();
        let far = pending(Instant::now() + Duration::from_secs(3600));
        let (send, receive) = mpsc::channel();
        let remote = handle.clone();
        let setter = std::thread::spawn(move || {
            let _current = remote.enter();
            let start = Instant::now();
            let mut sleep = task::spawn(Sleep::until(start + MS));
            let done = sleep.poll().is_ready();
            while !done && !sleep.is_woken() {
                std::thread::yield_now();
            }
            send.send(start.elapsed()).unwrap();
            remote.unparker().wake();
            // And by a reset of one that is far away.
            let mut sleep = task::spawn(Sleep::until(start + Duration::from_secs(3600)));
            assert_pending!(sleep.poll());
            sleep.reset(Instant::now() + MS);
            while !sleep.is_woken() {
                std::thread::yield_now();
            }
            send.send(start.elapsed()).unwrap();
            remote.unparker().wake();
        });
        let mut elapsed = Vec::new();
        l.until("both deadlines", || {
            elapsed.extend(receive.try_recv());
            elapsed.len() == 2
        });
        setter.join().unwrap();
        assert!(elapsed[0] >= MS && elapsed[1] >= elapsed[0] + MS);
        assert!(!far.is_woken());
    });
}

#[test]
fn ten_thousand_timers_all_fire() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        let start = Instant::now();
        let mut sleeps: Vec<_> = (0..10_000_u32)
            .map(|n| {
                task::spawn(Sleep::until(
                    start + Duration::from_nanos(u64::from(n) * 100),
                ))
            })
            .collect();
        let mut waiting: Vec<_> = sleeps
            .iter_mut()
            .filter_map(|sleep| sleep.poll().is_pending().then_some(sleep))
            .collect();
        while let Some(sleep) = waiting.pop() {
            l.until("every timer", || sleep.is_woken());
            assert_ready!(sleep.poll());
        }
        drop(sleeps);
        assert_eq!(l.handle().metrics().timers, 0);
    });
}

#[test]
fn an_event_does_not_keep_a_timer_from_firing() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        let (ours, _theirs) = socket_pair();
        let ours: AsyncFd<UnixStream> = AsyncFd::new(ours).unwrap();
        let mut sleep = pending(Instant::now() + MS);
        // Something is always ready.
        while !sleep.is_woken() {
            let mut writer = task::spawn(ours.writable());
            if let std::task::Poll::Ready(guard) = writer.poll() {
                guard.unwrap().clear_ready();
            }
            l.turn(Turn::Wait);
        }
        assert_ready!(sleep.poll());
    });
}

/// Runs the timers with whatever fd 0 is, and sees that the loop sleeps meanwhile.
fn timers_are_exact() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        for _ in 0..3 {
            let turns = l.handle().metrics().turns;
            let deadline = Instant::now() + 5 * MS;
            let mut sleep = pending(deadline);
            // sleep: fd 0 must neither delay the timer nor keep the loop awake.
            l.until("the timer", || sleep.is_woken());
            assert_ready!(sleep.poll());
            assert!(Instant::now() >= deadline);
            let turns = l.handle().metrics().turns - turns;
            assert!(turns < 20, "{}: {turns} turns", l.name);
        }
    });
}

#[test]
fn a_silent_fd_0_does_not_disturb_timers() {
    const NAME: &str = "timers::a_silent_fd_0_does_not_disturb_timers";
    if crate::support::is_child(NAME) {
        return timers_are_exact();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    crate::support::child_of(&mut command, NAME).stdin(Stdio::piped());
    let mut child = crate::support::spawn(&mut command);
    let _silent = child.stdin.take();
    assert!(child.wait_with_output().unwrap().status.success());
}

#[test]
fn a_timer_that_has_fired_wakes_nobody_in_vain() {
    on_every_backend(|l| {
        let handle = l.handle();
        let _current = handle.enter();
        let before = handle.metrics();
        for _ in 0..50 {
            // sleep: a short timer.
            l.block_on(Sleep::until(Instant::now() + Duration::from_micros(200)));
        }
        // A timerfd that fired stays readable until it is set again: armed before that, it would end each wait at once.
        let turns = handle.metrics().turns - before.turns;
        assert!(turns <= 3 * 50, "{}: {turns} turns", l.name);
    });
}

/// When the timerfd of this process is due, as `/proc` shows it; `None` when there is none.
fn timerfd_value() -> Option<String> {
    let is_timer = |fd: &i32| {
        std::fs::read_link(format!("/proc/self/fd/{fd}"))
            .is_ok_and(|target| target.to_string_lossy() == "anon_inode:[timerfd]")
    };
    let timer = open_fds().into_iter().find(is_timer)?;
    let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{timer}")).unwrap();
    let value = info
        .lines()
        .find_map(|line| line.strip_prefix("it_value: "));
    Some(value.expect("a timerfd has one").to_owned())
}

#[test]
fn a_turn_that_does_not_sleep_leaves_the_timerfd_alone() {
    const NAME: &str = "timers::a_turn_that_does_not_sleep_leaves_the_timerfd_alone";
    // Nobody else may have a timer.
    in_child(NAME, || {
        on_every_backend(|l| {
            let handle = l.handle();
            let _current = handle.enter();
            let mut sleep = task::spawn(Sleep::until(Instant::now() + Duration::from_secs(60)));
            assert_pending!(sleep.poll());
            l.settle();
            if let Some(value) = timerfd_value() {
                assert_eq!(value, "(0, 0)", "{}: it was set for nothing", l.name);
                let limit = Instant::now() + Duration::from_millis(1);
                while Instant::now() < limit {
                    l.turn(Turn::WaitUntil(limit));
                }
                assert!(!sleep.is_woken(), "{}", l.name);
            }
        });
    });
}
