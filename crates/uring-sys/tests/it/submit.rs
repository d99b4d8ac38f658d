//! What becomes of pushed entries.

use uring_sys::abi::IORING_SETUP_SUBMIT_ALL;
use uring_sys::{QueueFull, Sqe};

use crate::support::{drain, small};

/// nop 1, an invalid entry 2, nop 3, nop 4.
fn push_with_a_bad_one(ring: &mut uring_sys::Ring) {
    ring.push(Sqe::nop().with_user_data(1)).unwrap();
    ring.push(Sqe::invalid().with_user_data(2)).unwrap();
    ring.push(Sqe::nop().with_user_data(3)).unwrap();
    ring.push(Sqe::nop().with_user_data(4)).unwrap();
}

/// In any order: 5.10 and 6.1 post a refusal at once, and what succeeds at the end of the batch.
fn assert_all_answered(ring: &mut uring_sys::Ring) {
    let mut results = drain(ring);
    results.sort_unstable();
    assert_eq!(results, [(1, 0), (2, -libc::EINVAL), (3, 0), (4, 0)]);
}

#[test]
fn a_short_submit_leaves_the_rest_counted() {
    let Some(mut ring) = small(0) else { return };
    push_with_a_bad_one(&mut ring);
    assert_eq!(
        ring.submit().unwrap(),
        2,
        "the bad one is taken, and ends the batch"
    );
    assert_eq!(ring.to_submit(), 2);
    assert_eq!(ring.submit().unwrap(), 2);
    assert_eq!(ring.to_submit(), 0);
    assert_all_answered(&mut ring);
}

#[test]
fn submit_all_goes_on_after_a_bad_entry() {
    let Some(mut ring) = small(IORING_SETUP_SUBMIT_ALL) else {
        return;
    };
    push_with_a_bad_one(&mut ring);
    assert_eq!(ring.submit().unwrap(), 4);
    assert_all_answered(&mut ring);
}

#[test]
fn a_full_queue_takes_the_next_entry_after_a_submit() {
    let Some(mut ring) = small(0) else { return };
    for n in 0..8 {
        ring.push(Sqe::nop().with_user_data(n)).unwrap();
    }
    assert_eq!(ring.push(Sqe::nop()), Err(QueueFull));
    assert_eq!(ring.to_submit(), 8);
    assert_eq!(ring.submit().unwrap(), 8);
    ring.push(Sqe::nop().with_user_data(8)).unwrap();
    assert_eq!(drain(&mut ring).len(), 9);
}

#[test]
fn user_data_comes_back_whole() {
    let Some(mut ring) = small(0) else { return };
    let numbers = [0, 1, u64::from(u32::MAX), 1 << 63, u64::MAX];
    for n in numbers {
        ring.push(Sqe::nop().with_user_data(n)).unwrap();
    }
    assert_eq!(drain(&mut ring), numbers.map(|n| (n, 0)));
}

#[test]
fn a_batch_left_early_keeps_the_rest_for_the_next() {
    let Some(mut ring) = small(0) else { return };
    for n in 0..6 {
        ring.push(Sqe::nop().with_user_data(n)).unwrap();
    }
    ring.submit_and_wait(6, None).unwrap();
    assert_eq!(ring.completions().take(2).count(), 2);
    assert_eq!(ring.cq_ready(), 4);
    assert_eq!(ring.pop().map(|cqe| cqe.user_data), Some(2));
    let rest = ring
        .completions()
        .map(|cqe| cqe.user_data)
        .collect::<Vec<_>>();
    assert_eq!(rest, [3, 4, 5]);
}

#[test]
fn a_plain_ring_may_be_used_by_one_thread_after_another() {
    let Some(mut ring) = small(0) else { return };
    ring.push(Sqe::nop().with_user_data(1)).unwrap();
    let mut ring = std::thread::spawn(move || {
        ring.push(Sqe::nop().with_user_data(2)).unwrap();
        assert_eq!(ring.submit().unwrap(), 2);
        ring
    })
    .join()
    .unwrap();
    assert_eq!(drain(&mut ring), [(1, 0), (2, 0)]);
}

#[test]
fn the_debug_form_tells_the_state() {
    let Some(mut ring) = small(0) else { return };
    ring.push(Sqe::nop()).unwrap();
    let text = format!("{ring:?}");
    assert!(text.contains("to_submit: 1"), "{text}");
}
