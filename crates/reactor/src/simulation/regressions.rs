//! What random programs have found, each as a program of its own.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::async_fd::AsyncFd;
use crate::backend::epoll_set::{Entered, EpollSet};
use crate::backend::kernel::Kernel;
use crate::backend::rung::Rung;
use crate::backend::sim::files::FileId;
use crate::backend::sim::linux::Linux;
use crate::backend::sim::socket::Quirk;
use crate::backend::sim::watch::Flag;
use crate::backend::sim::{Sim, SimFile};
use crate::context::elsewhere;
use crate::driver::Choice;
use crate::interest::Interest;
use crate::options::Options;
use crate::reactor::{Reactor, Turn};

fn socket(sim: &Sim) -> (SimFile, FileId) {
    sim.socket_pair(100, Quirk::None).unwrap()
}

fn reactor(sim: &Sim, choice: Choice) -> Reactor {
    Reactor::on(Kernel::Sim(sim.clone()), Options::new().choice(choice)).unwrap()
}

/// Waits for reading, and says whether it has been woken at last.
fn is_woken_by_data(sim: &Sim, reactor: &mut Reactor, fd: &AsyncFd<SimFile>, peer: FileId) -> bool {
    let flag = Arc::new(Flag::default());
    let waker = Waker::from(Arc::clone(&flag));
    let mut cx = Context::from_waker(&waker);
    assert!(fd.poll_read_ready(&mut cx).is_pending());
    // One may fail for want of memory, the next must not.
    for _ in 0..3 {
        let _ = reactor.turn(Turn::Poll);
    }
    sim.lock().write(peer, 1).unwrap();
    reactor.turn(Turn::Wait).unwrap();
    flag.is_set() && matches!(fd.poll_read_ready(&mut cx), Poll::Ready(Ok(_)))
}

#[test]
fn a_number_that_comes_back_as_a_duplicate_keeps_its_entry_when_its_former_owner_goes() {
    let sim = Sim::healthy();
    let set = EpollSet::new(&Kernel::Sim(sim.clone())).unwrap();
    let (first, second, third) = ((0, 0), (1, 1), (2, 2));
    let (lost, _) = socket(&sim);
    let (shared, _) = socket(&sim);
    let (lost_fd, shared_fd) = (lost.raw_fd(), shared.raw_fd());
    assert_eq!(set.enter(lost_fd, first, 1, 0).unwrap(), Entered::Waiting);
    lost.lose();
    // The second registration of a number gets a duplicate: the number that was lost.
    assert_eq!(
        set.enter(shared_fd, second, 1, 1).unwrap(),
        Entered::Waiting
    );
    assert_eq!(set.enter(shared_fd, third, 1, 2).unwrap(), Entered::Waiting);
    set.leave(lost_fd, first);
    let again = set.enter(shared_fd, third, 5, 2);
    assert_eq!(again.unwrap(), Entered::Waiting, "its entry is still there");
}

#[test]
fn a_set_that_somebody_closed_fails_no_fd() {
    for reuse in [false, true] {
        let sim = Sim::healthy();
        let mut reactor = reactor(&sim, Choice::Epoll);
        let _current = reactor.handle().enter();
        let (file, peer) = socket(&sim);
        let fd = AsyncFd::new(file).unwrap();
        assert!(sim.lock().close_epolls(reuse));
        assert!(is_woken_by_data(&sim, &mut reactor, &fd, peer));
        assert_eq!(sim.complaint(), None);
    }
}

#[test]
fn without_a_free_number_to_find_out_by_a_lost_set_fails_no_fd_for_good() {
    let sim = Sim::healthy();
    let set = EpollSet::new(&Kernel::Sim(sim.clone())).unwrap();
    let (file, _) = socket(&sim);
    assert!(sim.lock().close_epolls(false));
    sim.lock().faults.no_number = 4096;
    let refused = set.enter(file.raw_fd(), (0, 0), 1, 0);
    let refused = refused.map_err(|error| error.raw_os_error());
    assert_eq!(refused, Err(Some(libc::EMFILE)), "which passes");
}

#[test]
fn an_fd_with_the_number_of_the_set_itself_is_refused_alone() {
    let sim = Sim::healthy();
    let set = EpollSet::new(&Kernel::Sim(sim)).unwrap();
    let refused = set
        .enter(set.raw_fd(), (0, 0), 1, 0)
        .map_err(|error| error.raw_os_error());
    assert_eq!(refused, Err(Some(libc::EINVAL)));
}

#[test]
fn a_backend_that_cannot_be_replaced_at_once_is_replaced_by_a_later_turn() {
    let sim = Sim::healthy();
    let mut reactor = reactor(&sim, Choice::Auto);
    let _current = reactor.handle().enter();
    let (file, peer) = socket(&sim);
    let fd = AsyncFd::new(file).unwrap();
    assert!(sim.lock().kill_rings(libc::ENXIO));
    // No entry is to be had for the wake-up's eventfd, so there is no other backend either.
    sim.lock().faults.epoll_memory = 4096;
    let failed = reactor
        .turn(Turn::Poll)
        .map_err(|error| error.raw_os_error());
    assert_eq!(failed, Err(Some(libc::ENOMEM)));
    sim.lock().faults.epoll_memory = 0;
    assert!(is_woken_by_data(&sim, &mut reactor, &fd, peer));
    assert_eq!(reactor.driver().backend(), "epoll");
}

/// A completion that moves a direction to epoll may be reaped by the very drop that ends its registration.
#[test]
fn a_registration_that_moves_to_epoll_as_it_ends_leaves_no_duplicate_of_its_fd() {
    let sim = Sim::healthy();
    sim.lock().faults.keyed = 0;
    let mut reactor = reactor(&sim, Choice::IoUring);
    let _current = reactor.handle().enter();
    let (file, peer) = socket(&sim);
    let id = file.id();
    file.write(1000).unwrap();
    let first = AsyncFd::with_interest(&file, Interest::PRIORITY).unwrap();
    let second = AsyncFd::with_interest(&file, Interest::WRITABLE).unwrap();
    let mut cx = Context::from_waker(Waker::noop());
    // The first has the number's entry in the epoll set, the second waits in the ring.
    let mut urgent = Box::pin(first.ready(Interest::PRIORITY));
    assert!(urgent.as_mut().poll(&mut cx).is_pending());
    assert!(second.poll_write_ready(&mut cx).is_pending());
    reactor.turn(Turn::Poll).unwrap();
    // RDHUP alone, unasked: a writer has to move. Nobody has reaped it when the drop begins.
    sim.lock().shut_write(peer);
    drop(second);
    drop(urgent);
    drop(first);
    drop(file);
    assert!(sim.lock().is_released(id), "a duplicate holds the file");
}

/// A reactor on a kernel that loses completions, where a drop has just looked at the kernel: it found a queue full of
/// completions of its own registration, took them out, and the one for the fd that is left was lost.
fn lose_a_completion_to_a_drop(sim: &Sim) -> (Reactor, AsyncFd<SimFile>, Arc<Flag>) {
    sim.lock().linux = Linux::V5_1;
    sim.lock().faults.reorder = 0;
    let options = Options::new().choice(Choice::IoUring).entries(1);
    let mut reactor = Reactor::on(Kernel::Sim(sim.clone()), options).unwrap();
    assert_eq!(reactor.driver().cq_entries, 2);
    let _current = reactor.handle().enter();
    let ((busy, busy_peer), (left, left_peer)) = (socket(sim), socket(sim));
    busy.write(1000).unwrap();
    let (busy, left) = (AsyncFd::new(busy).unwrap(), AsyncFd::new(left).unwrap());
    let mut cx = Context::from_waker(Waker::noop());
    assert!(busy.poll_read_ready(&mut cx).is_pending());
    assert!(busy.poll_write_ready(&mut cx).is_pending());
    let flag = wait_to_read(&left);
    reactor.turn(Turn::Poll).unwrap();
    sim.lock().close_peer(busy_peer, true);
    sim.lock().write(left_peer, 1).unwrap();
    drop(busy);
    (reactor, left, flag)
}

#[test]
fn a_completion_that_was_lost_to_a_drop_lets_the_loop_not_sleep() {
    let sim = Sim::healthy();
    let (mut reactor, _left, flag) = lose_a_completion_to_a_drop(&sim);
    // The first one finds the loss, the next one asks again.
    for _ in 0..2 {
        reactor.turn(Turn::Wait).unwrap();
        assert!(!sim.is_hung(), "asleep over a completion that was lost");
    }
    assert!(flag.is_set());
    assert_eq!(reactor.handle().metrics().backend_switches, 1);
}

#[test]
fn a_completion_that_was_lost_to_a_drop_lets_a_foreign_loop_not_sleep() {
    let sim = Sim::healthy();
    let (mut reactor, _left, flag) = lose_a_completion_to_a_drop(&sim);
    for _ in 0..2 {
        assert!(!reactor.foreign_sleep(false).unwrap(), "a turn is due");
        reactor.foreign_turn().unwrap();
    }
    assert!(flag.is_set());
}

#[test]
fn a_ring_that_overflows_again_and_again_grows_and_keeps_every_wait() {
    const COUNT: usize = 40;
    let sim = Sim::healthy();
    let options = Options::new()
        .choice(Choice::IoUring)
        .entries(1)
        .multishot_after(None);
    let mut reactor = Reactor::on(Kernel::Sim(sim.clone()), options).unwrap();
    let _current = reactor.handle().enter();
    let (files, peers): (Vec<_>, Vec<_>) = (0..COUNT).map(|_| socket(&sim)).unzip();
    let fds: Vec<_> = files
        .into_iter()
        .map(|file| AsyncFd::new(file).unwrap())
        .collect();
    for round in 0..4 {
        let flags: Vec<_> = fds.iter().map(wait_to_read).collect();
        // All are armed.
        for _ in 0..COUNT {
            reactor.turn(Turn::Poll).unwrap();
        }
        for peer in &peers {
            sim.lock().write(*peer, 1).unwrap();
        }
        while !flags.iter().all(|flag| flag.is_set()) {
            reactor.turn(Turn::Wait).unwrap();
            assert!(!sim.is_hung(), "round {round}: a completion was lost");
        }
        for fd in &fds {
            let read = fd.try_io(Interest::READABLE, |file| file.read(1));
            assert_eq!(read.unwrap(), 1);
            let blocked = || Err::<(), _>(std::io::ErrorKind::WouldBlock.into());
            fd.try_io(Interest::READABLE, |_| blocked()).unwrap_err();
        }
    }
    let (metrics, driver) = (reactor.handle().metrics(), reactor.driver());
    assert!(
        metrics.overflows >= 3 && metrics.ring_growths >= 1,
        "{metrics:?}"
    );
    assert!(driver.cq_entries > 4, "{driver}");
}

/// From 5.5 to 5.7 completions that do not fit are kept, and nothing says so.
#[test]
fn completions_that_overflow_without_a_flag_reach_a_loop_that_never_sleeps_in_an_enter() {
    const COUNT: usize = 9;
    for is_foreign in [false, true] {
        let sim = Sim::healthy();
        sim.lock().linux = Linux::V5_5;
        let options = Options::new().choice(Choice::IoUring).top_rung(Rung::F);
        let mut reactor = Reactor::on(Kernel::Sim(sim.clone()), options.entries(1)).unwrap();
        assert_eq!(reactor.driver().cq_entries, 2);
        let _current = reactor.handle().enter();
        let sockets: Vec<_> = (0..COUNT).map(|_| socket(&sim)).collect();
        let (files, peers): (Vec<_>, Vec<_>) = sockets.into_iter().unzip();
        let fds: Vec<_> = files
            .into_iter()
            .map(|file| AsyncFd::new(file).unwrap())
            .collect();
        let flags: Vec<Arc<Flag>> = fds.iter().map(wait_to_read).collect();
        if is_foreign {
            while !reactor.foreign_sleep(false).unwrap() {
                reactor.foreign_turn().unwrap();
            }
        } else {
            reactor.turn(Turn::Poll).unwrap();
        }
        for peer in peers {
            sim.lock().write(peer, 1).unwrap();
        }
        for _ in 0..COUNT {
            if is_foreign {
                reactor.foreign_turn().unwrap();
                if reactor.foreign_sleep(false).unwrap() {
                    break;
                }
            } else {
                reactor.turn(Turn::Poll).unwrap();
            }
        }
        let woken = flags.iter().filter(|flag| flag.is_set()).count();
        assert_eq!(woken, COUNT, "foreign: {is_foreign}");
    }
}

fn wait_to_read(fd: &AsyncFd<SimFile>) -> Arc<Flag> {
    let flag = Arc::new(Flag::default());
    let waker = Waker::from(Arc::clone(&flag));
    assert!(
        fd.poll_read_ready(&mut Context::from_waker(&waker))
            .is_pending()
    );
    flag
}

/// An entry outlives its number while the file is open elsewhere, and a duplicate may get that number.
#[test]
fn a_duplicate_takes_over_the_entry_that_a_lost_number_has_left() {
    let sim = Sim::healthy();
    let set = EpollSet::new(&Kernel::Sim(sim.clone())).unwrap();
    let (lost, _) = socket(&sim);
    let file = lost.duplicate().unwrap();
    let (lost_fd, fd) = (lost.raw_fd(), file.raw_fd());
    let (first, second, third) = ((0, 0), (1, 1), (2, 2));
    assert_eq!(set.enter(lost_fd, first, 1, 0).unwrap(), Entered::Waiting);
    assert_eq!(set.enter(fd, second, 1, 1).unwrap(), Entered::Waiting);
    lost.lose();
    // A second registration of a number gets a duplicate: the number that was lost, of the same file.
    assert_eq!(set.enter(fd, third, 1, 2).unwrap(), Entered::Waiting);
    set.leave(lost_fd, first);
    let again = set.enter(fd, third, 5, 2);
    assert_eq!(again.unwrap(), Entered::Waiting, "it is the third's now");
}

/// Its number is another file's when the request is submitted, by a drop and before the loop's next turn.
#[test]
fn a_request_still_queued_when_its_fd_is_dropped_elsewhere_holds_no_other_file() {
    let sim = Sim::healthy();
    let mut reactor = reactor(&sim, Choice::IoUring);
    let _current = reactor.handle().enter();
    let ((gone, _), (third, _)) = (socket(&sim), socket(&sim));
    let number = gone.raw_fd();
    let (gone, third) = (AsyncFd::new(gone).unwrap(), AsyncFd::new(third).unwrap());
    wait_to_read(&gone);
    wait_to_read(&third);
    // No memory for a request: both stay in the queue.
    sim.lock().faults.again = 4096;
    reactor.turn(Turn::Poll).unwrap();
    sim.lock().faults.again = 0;
    elsewhere(|| drop(gone));
    let (next, _) = socket(&sim);
    assert_eq!(next.raw_fd(), number);
    let id = next.id();
    let next = AsyncFd::new(next).unwrap();
    drop(third);
    drop(next);
    assert!(sim.lock().is_released(id), "its peer sees the end");
}
