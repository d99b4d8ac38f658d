//! What the ring refuses moves to epoll, one direction of one fd at a time.

use std::io::{Read, Write};
use std::net::Shutdown;

use tokio_test::assert_ready_ok;
use uring_reactor::{AsyncFd, Interest, Route};

use crate::support::{Loop, fill, in_child, on_every_backend, open_fds, socket_pair, tcp_pair};

/// What a registration is expected to say: on epoll, everything is epoll's.
fn route(l: &Loop, on_ring: Route) -> Route {
    if l.is_epoll() && on_ring == Route::Ring {
        Route::Epoll
    } else {
        on_ring
    }
}

#[test]
fn a_poll_that_is_refused_with_einval_goes_to_epoll_and_where_that_refuses_too_is_always_ready() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        let file = AsyncFd::new(tempfile::tempfile().unwrap()).unwrap();
        // A poll for nothing but errors: EINVAL from the ring, as the file has no wait queue, and EPERM from epoll.
        let errors = l.park(file.ready(Interest::ERROR));
        l.settle();
        assert_eq!(file.registration(), Route::AlwaysReady, "{}", l.name);
        assert!(!errors.is_woken(), "a file has no errors to wait for");
        for _ in 0..3 {
            l.block_on(async { file.readable().await.unwrap().clear_ready() });
            l.block_on(async { file.writable().await.unwrap().clear_ready() });
        }
        assert!(!errors.is_woken());
    });
}

#[test]
fn a_fallback_moves_one_fd_and_leaves_the_others_where_they_are() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        let (ours, theirs) = socket_pair();
        let (other, mut its_peer) = socket_pair();
        let filled = fill(&ours);
        theirs.shutdown(Shutdown::Write).unwrap();
        let ours = AsyncFd::new(ours).unwrap();
        let other = AsyncFd::new(other).unwrap();
        let mut reader = l.park(other.readable());
        // RDHUP and nothing else, again and again: the ring has no answer to give.
        let mut writer = l.park(ours.writable());
        l.settle();
        assert_eq!(ours.registration(), Route::Epoll, "{}", l.name);
        assert_eq!(other.registration(), route(l, Route::Ring), "{}", l.name);
        let fallbacks = l.handle().metrics().fallback_fds;
        assert_eq!(fallbacks, u64::from(!l.is_epoll()), "{}", l.name);
        its_peer.write_all(b"x").unwrap();
        assert_ready_ok!(l.next("the byte", &mut reader)).retain_ready();
        (&theirs).read_exact(&mut vec![0; filled]).unwrap();
        assert_ready_ok!(l.next("room", &mut writer)).retain_ready();
    });
}

#[test]
fn one_direction_moves_and_the_other_one_keeps_its_events() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        let (ours, mut theirs) = tcp_pair();
        let ours = AsyncFd::new(ours).unwrap();
        // Urgent data is always epoll's, and the reader is the ring's.
        let mut urgent = l.park(ours.ready(Interest::PRIORITY));
        let before = l.handle().metrics();
        for round in 0..5 {
            let mut reader = l.park(ours.readable());
            theirs.write_all(&[round]).unwrap();
            assert_ready_ok!(l.next("the byte", &mut reader)).clear_ready();
            (&mut ours.get_ref()).read_exact(&mut [0]).unwrap();
            drop(reader);
            l.block_on(async { ours.writable().await.unwrap().clear_ready() });
        }
        let armed = l.handle().metrics().arms - before.arms;
        let least = if l.name.contains("multishot") { 1 } else { 5 };
        assert!(l.is_epoll() || armed >= least, "{}: {armed} arms", l.name);
        assert!(!urgent.is_woken());
        rustix::net::send(&theirs, b"!", rustix::net::SendFlags::OOB).unwrap();
        assert_ready_ok!(l.next("urgent data", &mut urgent)).retain_ready();
    });
}

#[test]
fn the_epoll_set_of_a_ring_is_built_on_first_need() {
    const NAME: &str = "fallback::the_epoll_set_of_a_ring_is_built_on_first_need";
    // Nobody else may have such a set.
    in_child(NAME, || {
        on_every_backend(|l| {
            let sets = || {
                let is_set = |fd: &i32| {
                    std::fs::read_link(format!("/proc/self/fd/{fd}"))
                        .is_ok_and(|target| target.to_string_lossy() == "anon_inode:[eventpoll]")
                };
                open_fds().iter().filter(|fd| is_set(fd)).count()
            };
            let _current = l.handle().enter();
            let (ours, _theirs) = tcp_pair();
            let ours = AsyncFd::new(ours).unwrap();
            drop(l.park(ours.readable()));
            assert_eq!(sets(), usize::from(l.is_epoll()), "{}", l.name);
            let urgent = l.park(ours.ready(Interest::PRIORITY));
            assert_eq!(sets(), 1, "{}", l.name);
            drop(urgent);
        });
    });
}
