use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use super::*;

mod model;

fn noop() -> Waker {
    Waker::noop().clone()
}

#[derive(Default)]
struct Count(AtomicUsize);

impl std::task::Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_deadline_of_now_fires_now_and_a_later_one_does_not() {
    let (mut timers, mut wakes) = (Timers::default(), WakeBatch::default());
    timers.insert(10, noop()).unwrap();
    timers.insert(11, noop()).unwrap();
    timers.expire(10, &mut wakes);
    assert_eq!((wakes.len(), timers.next_deadline()), (1, Some(11)));
}

#[test]
fn a_deadline_of_never_is_no_deadline() {
    let mut timers = Timers::default();
    timers.insert(Tick::MAX, noop()).unwrap();
    assert_eq!(timers.next_deadline(), None);
}

#[test]
fn a_timer_that_comes_after_the_end_is_refused() {
    let (mut timers, mut wakes) = (Timers::default(), WakeBatch::default());
    timers.insert(10, noop()).unwrap();
    timers.close(&mut wakes);
    assert_eq!(wakes.len(), 1, "the one that waited is told");
    assert!(timers.insert(10, noop()).is_err());
}

#[test]
fn only_the_last_waker_given_is_woken() {
    let (mut timers, mut wakes) = (Timers::default(), WakeBatch::default());
    let (first, second) = (Arc::new(Count::default()), Arc::new(Count::default()));
    let (key, _) = timers.insert(1, Waker::from(first.clone())).unwrap();
    assert!(!timers.poll(&key, Waker::from(second.clone())).0);
    timers.expire(1, &mut wakes);
    wakes.wake_all();
    assert_eq!(first.0.load(Ordering::Relaxed), 0);
    assert_eq!(second.0.load(Ordering::Relaxed), 1);
    assert!(timers.poll(&key, noop()).0, "fired");
    timers.remove(key);
    assert_eq!(timers.len(), 0);
}

proptest! {
    #[test]
    fn the_heap_agrees_with_a_plain_list(steps in model::steps()) {
        model::run(&steps);
    }
}
