//! Dropping an `AsyncFd` on its loop's thread: the kernel has let go of the file when the drop returns.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use tokio_test::{assert_pending, task};
use uring_reactor::{AsyncFd, Interest, Turn};

use crate::support::{
    Loop, Random, fill, in_child, on_every_backend, on_every_backend_with, open_fds, sees_end,
    sees_end_now, socket_pair,
};

/// Whether at once.
fn end_is_seen_after_drop(l: &mut Loop, round: usize) -> bool {
    let (ours, theirs) = socket_pair();
    let ours = AsyncFd::new(ours).unwrap();
    let mut reader = task::spawn(ours.readable());
    assert_pending!(reader.poll());
    l.turn(Turn::Poll);
    drop(reader);
    drop(ours);
    let is_seen = sees_end_now(&theirs).is_some();
    assert_eq!(sees_end(&theirs), Some(true), "{}: {round}", l.name);
    is_seen
}

#[test]
fn close_while_armed_lets_the_peer_see_the_end_ten_thousand_times_on_one_ring() {
    // The submission queue wraps thousands of times.
    on_every_backend_with(
        |options| options.entries(8),
        |l| {
            let _current = l.handle().enter();
            let late = (0..10_000).filter(|round| !end_is_seen_after_drop(l, *round));
            let late = late.count();
            assert!(late < 100, "{}: {late} ends were late", l.name);
            assert_eq!(l.handle().metrics().sources, 0);
        },
    );
}

#[test]
fn close_after_the_peer_ended_its_half_lets_it_see_the_end() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        for is_armed in [true, false] {
            let (ours, theirs) = socket_pair();
            let filled = fill(&ours);
            theirs.shutdown(std::net::Shutdown::Write).unwrap();
            let ours = AsyncFd::new(ours).unwrap();
            // Without room and with the end in sight, the writer is epoll's.
            let writer = l.park(ours.writable());
            l.settle();
            if !is_armed {
                drop(writer);
                drop(ours);
            } else {
                drop(writer);
                l.block_on(async { ours.readable().await.unwrap().clear_ready() });
                drop(task::spawn(ours.readable()).poll());
                l.turn(Turn::Poll);
                drop(ours);
            }
            (&theirs).read_exact(&mut vec![0; filled]).unwrap();
            assert_eq!(sees_end(&theirs), Some(true), "{}", l.name);
        }
    });
}

#[test]
fn close_while_an_event_is_under_way_that_somebody_else_used_up() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        for registrations in 1..4 {
            let (ours, theirs) = socket_pair();
            let fds: Vec<_> = (0..registrations)
                .map(|_| AsyncFd::new(ours.try_clone().unwrap()).unwrap())
                .collect();
            fds.iter().for_each(|fd| drop(l.park(fd.readable())));
            (&theirs).write_all(b"stolen").unwrap();
            (&ours).read_exact(&mut [0; 6]).unwrap();
            // The kernel has queued the completion, will find nothing, and keep the poll.
            drop((fds, ours));
            assert_eq!(sees_end(&theirs), Some(true), "{}", l.name);
        }
    });
}

#[test]
fn close_with_both_directions_armed_lets_the_peer_see_the_end() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        let (ours, theirs) = socket_pair();
        let filled = fill(&ours);
        let ours = AsyncFd::new(ours).unwrap();
        let reader = l.park(ours.readable());
        let writer = l.park(ours.writable());
        let urgent = l.park(ours.ready(Interest::PRIORITY));
        let error = l.park(ours.ready(Interest::ERROR));
        drop((reader, writer, urgent, error));
        drop(ours);
        (&theirs).read_exact(&mut vec![0; filled]).unwrap();
        assert_eq!(sees_end(&theirs), Some(true), "{}", l.name);
    });
}

#[test]
fn the_port_of_a_dropped_listener_can_be_bound_at_once() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        let mut address = "127.0.0.1:0".parse().unwrap();
        for _ in 0..50 {
            let listener = TcpListener::bind(address).unwrap();
            address = listener.local_addr().unwrap();
            listener.set_nonblocking(true).unwrap();
            let listener = AsyncFd::with_interest(listener, Interest::READABLE).unwrap();
            drop(l.park(listener.readable()));
            drop(listener);
            TcpStream::connect(address).expect_err("nobody listens");
        }
    });
}

#[test]
fn into_inner_gives_back_an_object_that_nothing_holds() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        let (ours, theirs) = socket_pair();
        let ours = AsyncFd::new(ours).unwrap();
        drop(l.park(ours.readable()));
        let ours = ours.into_inner();
        (&theirs).write_all(b"x").unwrap();
        (&ours).read_exact(&mut [0]).unwrap();
        let again = AsyncFd::new(ours).unwrap();
        drop(l.park(again.readable()));
        drop(again.into_inner());
        assert_eq!(sees_end(&theirs), Some(true), "{}", l.name);
    });
}

#[test]
fn a_number_that_is_used_again_at_once_has_its_own_events() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        for _ in 0..100 {
            let (first, mut its_peer) = socket_pair();
            let first = AsyncFd::new(first).unwrap();
            drop(l.park(first.readable()));
            its_peer.write_all(b"stale").unwrap();
            drop(first);
            let (second, mut peer) = socket_pair();
            let second = AsyncFd::new(second).unwrap();
            let mut reader = l.park(second.readable());
            l.settle();
            assert!(!reader.is_woken(), "{}: by the former holder", l.name);
            peer.write_all(b"x").unwrap();
            assert!(l.next("the byte", &mut reader).is_ready());
        }
    });
}

#[test]
fn a_number_that_was_reused_behind_our_back_is_not_disturbed_by_the_late_drop() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        let (first, _its_peer) = socket_pair();
        let mut old = AsyncFd::new(OwnedFd::from(first)).unwrap();
        drop(l.park(old.readable()));
        // The number gets another file, and another registration; then the first one goes.
        let (second, mut peer) = socket_pair();
        let stand_in = OwnedFd::from(second.try_clone().unwrap());
        let mut number = std::mem::replace(old.get_mut(), stand_in);
        rustix::io::dup2(&second, &mut number).unwrap();
        let new = AsyncFd::new(number).unwrap();
        let mut reader = l.park(new.readable());
        drop(old);
        peer.write_all(b"x").unwrap();
        assert!(l.next("the byte", &mut reader).is_ready());
    });
}

#[test]
fn a_duplicate_keeps_the_file_open_and_gets_no_events_of_ours() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        let (ours, mut theirs) = socket_pair();
        let twin = ours.try_clone().unwrap();
        let ours = AsyncFd::new(ours).unwrap();
        drop(l.park(ours.readable()));
        drop(ours);
        let before = l.handle().metrics();
        theirs.write_all(b"x").unwrap();
        l.settle();
        let after = l.handle().metrics();
        assert_eq!(after.completions, before.completions);
        assert_eq!(
            after.stale_completions, before.stale_completions,
            "{}",
            l.name
        );
        let twin = AsyncFd::new(twin).unwrap();
        l.await_read(&twin).retain_ready();
        drop(twin);
    });
}

#[test]
fn one_fd_may_be_registered_twice_and_each_registration_has_its_events() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        let (ours, mut theirs) = socket_pair();
        let first = AsyncFd::new(ours.as_fd()).unwrap();
        let second = AsyncFd::new(ours.as_fd()).unwrap();
        let mut one = l.park(first.readable());
        let mut two = l.park(second.readable());
        theirs.write_all(b"x").unwrap();
        assert!(l.next("the byte, by the first", &mut one).is_ready());
        assert!(l.next("the byte, by the second", &mut two).is_ready());
        (&ours).read_exact(&mut [0]).unwrap();
        drop((one, two));
        drop(first);
        l.block_on(async { second.readable().await.unwrap().clear_ready() });
        let mut two = l.park(second.readable());
        theirs.write_all(b"y").unwrap();
        assert!(l.next("the second byte", &mut two).is_ready());
        (&ours).read_exact(&mut [0]).unwrap();
        drop(two);
        drop(second);
        drop(ours);
        assert_eq!(sees_end(&theirs), Some(true), "{}", l.name);
    });
}

#[test]
fn any_order_of_arm_drop_and_register_is_right() {
    on_every_backend_with(
        |options| options.entries(8),
        |l| {
            let _current = l.handle().enter();
            let mut random = Random::new(7);
            let mut live: Vec<(AsyncFd<UnixStream>, UnixStream)> = Vec::new();
            for _ in 0..500 {
                match random.below(4) {
                    0 | 1 => {
                        let (ours, theirs) = socket_pair();
                        live.push((AsyncFd::new(ours).unwrap(), theirs));
                    }
                    2 if !live.is_empty() => {
                        let (ours, theirs) = live.swap_remove(random.below(live.len()));
                        drop(ours);
                        assert_eq!(sees_end(&theirs), Some(true), "{}", l.name);
                    }
                    _ => {
                        for (ours, _) in &live {
                            let mut reader = task::spawn(ours.readable());
                            assert_pending!(reader.poll());
                        }
                        if random.below(2) == 0 {
                            l.turn(Turn::Poll);
                        }
                    }
                }
            }
        },
    );
}

#[test]
fn ten_thousand_registrations_leave_nothing_behind() {
    // The fds of other tests are not to be counted.
    in_child(
        "close::ten_thousand_registrations_leave_nothing_behind",
        || {
            on_every_backend_with(|options| options, |l| churn(l, 1000));
        },
    );
}

fn churn(l: &mut Loop, rounds: usize) {
    let _current = l.handle().enter();
    // Whatever is built on first need.
    let (first, _peer) = socket_pair();
    let first = AsyncFd::new(first).unwrap();
    drop(l.park(first.ready(Interest::PRIORITY)));
    let before = open_fds();
    for round in 0..rounds {
        let (ours, theirs) = socket_pair();
        let twice = AsyncFd::new(ours.try_clone().unwrap()).unwrap();
        let ours = AsyncFd::new(ours).unwrap();
        let waiting = l.park(ours.readable());
        drop(l.park(twice.ready(Interest::PRIORITY)));
        if round % 3 == 0 {
            (&theirs).write_all(b"x").unwrap();
            l.turn(Turn::Poll);
        }
        drop(waiting);
        drop(ours);
        if round % 7 == 0 {
            l.turn(Turn::Poll);
        }
    }
    assert_eq!(l.handle().metrics().sources, 1);
    assert_eq!(open_fds(), before, "{}", l.name);
    l.reactor.verify();
}
