//! What only shows while a lock of the pool is held.

use std::sync::Barrier;
use std::sync::mpsc::channel;
use std::time::Duration;

use fork::{Fork, fork};
use rustix::process::{Pid, WaitOptions, waitpid};

use super::{Job, Pool, PoolConfig};

/// Makes calls one after the other, each when the one before has returned.
fn calls_return(pool: &Pool) -> bool {
    (0..50).all(|_| {
        let (sender, receiver) = channel();
        let call = move || sender.send(()).unwrap_or_default();
        let is_accepted = pool.push(Job {
            call: Box::new(call),
            is_mandatory: false,
        });
        is_accepted && receiver.recv_timeout(Duration::from_secs(20)).is_ok()
    })
}

/// Forks, and says whether calls return in the child.
fn calls_return_in_a_child(pool: &Pool) -> bool {
    match fork().unwrap() {
        Fork::Child => {
            std::thread::spawn(|| {
                std::thread::sleep(Duration::from_secs(30)); // sleep: a child that hangs is to fail
                uring_fault_inject::leave(2)
            });
            uring_fault_inject::leave(i32::from(!calls_return(pool)))
        }
        Fork::Parent(pid) => {
            let pid = Pid::from_raw(pid).unwrap();
            let (_, status) = waitpid(Some(pid), WaitOptions::empty()).unwrap().unwrap();
            status.exit_status() == Some(0)
        }
    }
}

#[test]
fn a_forked_child_is_not_held_up_by_the_lock_or_the_sleepers_of_its_parent() {
    let pool = Pool::new(PoolConfig::default());
    assert!(calls_return(&pool));
    // Its threads sleep in the queue of the condition variable, or are about to.
    assert!(calls_return_in_a_child(&pool));
    let (is_held, is_forked) = (Barrier::new(2), Barrier::new(2));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let held = pool.shared().lock();
            is_held.wait();
            is_forked.wait();
            drop(held);
        });
        is_held.wait();
        let is_well = calls_return_in_a_child(&pool);
        is_forked.wait();
        assert!(is_well, "the child waits for a thread that it has not");
    });
    assert!(calls_return(&pool));
    pool.shut_down(None);
}
