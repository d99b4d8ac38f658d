//! `AsyncFd::close`: the kernel has let go of the file before it is closed, on every thread.

use std::io::Write;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc;

use rustix::io::Errno;
use tokio_test::{assert_pending, assert_ready, assert_ready_ok, task};
use uring_reactor::{AsyncFd, Choice, Options, Turn};

use crate::support::{Loop, in_child, on_every_backend, open_fds, sees_end, socket_pair};

/// An armed registration and its peer.
fn armed(l: &mut Loop) -> (AsyncFd<UnixStream>, UnixStream) {
    let (ours, theirs) = socket_pair();
    let ours = AsyncFd::new(ours).unwrap();
    drop(l.park(ours.readable()));
    (ours, theirs)
}

#[test]
fn on_the_loops_thread_a_close_is_done_when_it_is_first_polled() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        for _ in 0..50 {
            let (ours, theirs) = armed(l);
            assert_ready_ok!(task::spawn(ours.close()).poll());
            assert_eq!(sees_end(&theirs), Some(true), "{}", l.name);
        }
        assert_eq!(l.handle().metrics().sources, 0);
    });
}

#[test]
fn on_another_thread_a_close_ends_when_the_loop_has_let_go() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        for _ in 0..20 {
            let (ours, theirs) = armed(l);
            let twin = ours.get_ref().try_clone().unwrap();
            let (mut closing, twin) = std::thread::spawn(move || {
                let mut closing = task::spawn(ours.close());
                assert_pending!(closing.poll());
                (closing, twin)
            })
            .join()
            .unwrap();
            assert_eq!(sees_end(&theirs), None, "{}: it is not closed yet", l.name);
            // The loop was notified, so it does not sleep: one turn is enough.
            l.turn(Turn::Wait);
            assert!(closing.is_woken(), "{}", l.name);
            assert_ready_ok!(closing.poll());
            // Nothing but the duplicate holds the file.
            assert_eq!(sees_end(&theirs), None);
            drop(twin);
            assert_eq!(sees_end(&theirs), Some(true), "{}", l.name);
        }
    });
}

#[test]
fn a_drop_on_another_thread_is_seen_to_by_the_very_turn_whose_sleep_it_ends() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        for _ in 0..20 {
            let (ours, theirs) = armed(l);
            let (send, receive) = mpsc::channel();
            let dropper = std::thread::spawn(move || {
                drop::<AsyncFd<UnixStream>>(receive.recv().unwrap());
            });
            // Whether the drop comes before the sleep or during it. If that turn left it to the next one, nothing would
            // end the sleep of that.
            let handle = l.handle();
            let before = handle.metrics().cancels;
            send.send(ours).unwrap();
            l.until("the drop", || handle.metrics().cancels > before);
            dropper.join().unwrap();
            assert_eq!(sees_end(&theirs), Some(true), "{}", l.name);
        }
    });
}

#[test]
fn a_close_that_is_dropped_half_way_leaves_nothing_behind() {
    // Numbers are counted.
    in_child(
        "close_awaited::a_close_that_is_dropped_half_way_leaves_nothing_behind",
        || {
            on_every_backend(|l| {
                let _current = l.handle().enter();
                drop(armed(l));
                let before = open_fds();
                for polled in [false, true].repeat(10) {
                    let (ours, theirs) = armed(l);
                    std::thread::spawn(move || {
                        let mut closing = task::spawn(ours.close());
                        if polled {
                            assert_pending!(closing.poll());
                        }
                        drop(closing);
                    })
                    .join()
                    .unwrap();
                    l.turn(Turn::Wait);
                    assert_eq!(sees_end(&theirs), Some(true), "{}", l.name);
                    drop(theirs);
                    assert_eq!(open_fds(), before, "{}", l.name);
                }
                assert_eq!(l.handle().metrics().sources, 0);
            });
        },
    );
}

#[test]
fn a_close_that_outlives_its_runtime_ends() {
    for choice in [Choice::Auto, Choice::Epoll] {
        let mut l = Loop::new("mortal", Options::new().choice(choice));
        let _current = l.handle().enter();
        let (ours, theirs) = armed(&mut l);
        let (late, its_peer) = armed(&mut l);
        let mut closing = std::thread::spawn(move || {
            let mut closing = task::spawn(ours.close());
            assert_pending!(closing.poll());
            closing
        })
        .join()
        .unwrap();
        drop(l);
        assert!(closing.is_woken());
        assert_ready_ok!(closing.poll());
        assert_eq!(sees_end(&theirs), Some(true));
        assert_ready_ok!(task::spawn(late.close()).poll());
        assert_eq!(sees_end(&its_peer), Some(true));
    }
}

#[test]
fn a_close_tells_what_the_kernel_answered() {
    // Nobody else may get the number.
    in_child(
        "close_awaited::a_close_tells_what_the_kernel_answered",
        || {
            on_every_backend(|l| {
                let _current = l.handle().enter();
                let (ours, _theirs) = socket_pair();
                let ours = AsyncFd::new(OwnedFd::from(ours)).unwrap();
                drop(l.park(ours.readable()));
                nix::unistd::close(std::os::fd::AsRawFd::as_raw_fd(&ours)).unwrap();
                let error = assert_ready!(task::spawn(ours.close()).poll()).unwrap_err();
                assert_eq!(error.raw_os_error(), Some(Errno::BADF.raw_os_error()));
            });
        },
    );
}

#[test]
fn a_closed_listeners_port_can_be_bound_at_once_on_another_thread_too() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        let listener = AsyncFd::new(listener).unwrap();
        drop(l.park(listener.readable()));
        let unparker = l.handle().unparker();
        let closer = std::thread::spawn(move || {
            let closed = tokio_test::block_on(listener.close());
            drop(TcpListener::bind(address).unwrap());
            unparker.wake();
            closed
        });
        while !closer.is_finished() {
            l.turn(Turn::WaitUntil(
                uring_reactor::Instant::now() + std::time::Duration::from_millis(1),
            ));
        }
        closer.join().unwrap().unwrap();
    });
}

#[test]
fn a_close_between_others_wakes_its_own_closer() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        let (mut closings, peers): (Vec<_>, Vec<_>) = (0..20)
            .map(|_| {
                let (ours, theirs) = armed(l);
                (task::spawn(ours.close()), theirs)
            })
            .unzip();
        closings = std::thread::spawn(move || {
            closings
                .iter_mut()
                .for_each(|closing| assert_pending!(closing.poll()));
            closings
        })
        .join()
        .unwrap();
        // Two that give up, and one that polls again before it is done.
        drop(closings.remove(7));
        drop(closings.remove(11));
        l.turn(Turn::Wait);
        for closing in &mut closings {
            assert!(closing.is_woken());
            assert_ready_ok!(closing.poll());
        }
        for mut peer in peers {
            assert_eq!(sees_end(&peer), Some(true), "{}", l.name);
            peer.write_all(b"x").unwrap_err();
        }
    });
}
