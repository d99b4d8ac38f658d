//! Many events at once reach everybody, however small the queues are.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use uring_reactor::{AsyncFd, Options, Turn};

use crate::support::{Loop, fill, on_every_backend, on_every_backend_with, socket_pair};

#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A socket with its waiter.
struct Client {
    fd: AsyncFd<UnixStream>,
    peer: UnixStream,
    woken: Arc<Flag>,
}

impl Client {
    fn new() -> Client {
        let (ours, peer) = socket_pair();
        Client {
            fd: AsyncFd::new(ours).unwrap(),
            peer,
            woken: Arc::default(),
        }
    }

    /// Waits for a byte; whether it is there already.
    fn wait(&self) -> bool {
        self.woken.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(self.woken.clone());
        let mut cx = Context::from_waker(&waker);
        let read = self
            .fd
            .poll_read_io(&mut cx, |mut fd| std::io::Read::read(&mut fd, &mut [0]));
        match read {
            std::task::Poll::Ready(count) => {
                assert_eq!(count.unwrap(), 1);
                true
            }
            std::task::Poll::Pending => false,
        }
    }

    fn is_woken(&self) -> bool {
        self.woken.0.load(Ordering::Relaxed)
    }
}

/// The customary limit is for programs that use select(2).
fn allow_many_fds() {
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, most).unwrap();
}

pub(crate) fn all_arrive(l: &mut Loop, count: usize, turn: Turn, turns: usize) {
    allow_many_fds();
    let _current = l.handle().enter();
    let clients: Vec<_> = (0..count).map(|_| Client::new()).collect();
    for round in 0..2 {
        assert!(clients.iter().all(|client| !client.wait()));
        if round == 0 {
            l.turn(Turn::Poll);
        }
        for client in &clients {
            (&client.peer).write_all(b"x").unwrap();
        }
        let mut left = turns;
        while !clients.iter().all(Client::is_woken) {
            assert!(left > 0, "{}: events were lost", l.name);
            left -= 1;
            l.turn(turn);
        }
        assert!(clients.iter().all(Client::wait));
        if l.is_epoll() {
            continue;
        }
        l.reactor.verify();
    }
}

#[test]
fn four_hundred_events_arrive_by_polling_turns_alone() {
    on_every_backend_with(
        |options| options.entries(16),
        |l| all_arrive(l, 400, Turn::Poll, 1000),
    );
}

#[test]
fn four_hundred_events_arrive_by_sleeping_turns() {
    on_every_backend(|l| all_arrive(l, 400, Turn::Wait, 1000));
}

#[test]
fn two_thousand_events_overflow_one_entry_and_none_is_lost() {
    on_every_backend_with(
        |options| options.entries(1),
        |l| all_arrive(l, 2000, Turn::Wait, 100_000),
    );
}

#[test]
fn a_ring_that_keeps_overflowing_is_given_more_entries() {
    on_every_backend_with(
        |options| options.entries(1),
        |l| {
            let may_grow = l.reactor.driver().features.contains(&"no lost completions");
            let before = l.reactor.driver().clone();
            all_arrive(l, 300, Turn::Wait, 100_000);
            let (driver, metrics) = (l.reactor.driver(), l.handle().metrics());
            if !may_grow {
                assert_eq!(metrics.ring_growths, 0, "{}", l.name);
                return;
            }
            assert!(
                metrics.overflows > 0 && metrics.ring_growths > 0,
                "{}",
                l.name
            );
            assert_eq!(metrics.backend_switches, 0, "it is the same backend");
            let grown = u32::try_from(metrics.ring_growths).unwrap();
            assert_eq!(driver.sq_entries, before.sq_entries << grown, "{}", l.name);
            assert!(driver.cq_entries > before.cq_entries);
            assert_eq!(
                (driver.rung, &driver.refused),
                (before.rung, &before.refused)
            );
            // The next burst of that size finds room.
            let overflows = metrics.overflows;
            all_arrive(l, 300, Turn::Wait, 100_000);
            assert!(l.handle().metrics().overflows < 2 * overflows, "{}", l.name);
        },
    );
}

#[test]
fn removals_that_find_the_queue_full_are_not_dropped() {
    on_every_backend_with(
        |options| options.entries(1),
        |l| {
            let _current = l.handle().enter();
            let clients: Vec<_> = (0..200).map(|_| Client::new()).collect();
            clients.iter().for_each(|client| {
                fill(client.fd.get_ref());
                let mut cx = Context::from_waker(Waker::noop());
                assert!(!client.wait());
                assert!(client.fd.poll_write_ready(&mut cx).is_pending());
            });
            l.turn(Turn::Poll);
            let mut peers = Vec::new();
            for client in clients {
                // Half of them when everything is ready, with more completions than the queue holds.
                (&client.peer).write_all(b"x").unwrap();
                peers.push(client.peer);
                if peers.len() % 2 == 0 {
                    drop(client.fd);
                } else {
                    drop(client.fd.into_inner());
                }
            }
            for mut peer in peers {
                peer.set_nonblocking(true).unwrap();
                let end = loop {
                    match std::io::Read::read(&mut peer, &mut [0; 65_536]) {
                        Ok(1..) => {}
                        end => break end.map_err(|error| error.kind()),
                    }
                };
                assert!(
                    matches!(end, Ok(0) | Err(std::io::ErrorKind::ConnectionReset)),
                    "{}: {end:?}",
                    l.name
                );
            }
            l.settle();
            assert_eq!(l.handle().metrics().sources, 0);
        },
    );
}

#[test]
fn many_fds_that_epoll_serves_inside_the_ring_all_get_their_events() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        allow_many_fds();
        let clients: Vec<_> = (0..600).map(|_| Client::new()).collect();
        let filled: Vec<_> = clients.iter().map(|c| fill(c.fd.get_ref())).collect();
        for client in &clients {
            client.peer.shutdown(std::net::Shutdown::Write).unwrap();
            let waker = Waker::from(client.woken.clone());
            let mut cx = Context::from_waker(&waker);
            assert!(client.fd.poll_write_ready(&mut cx).is_pending());
        }
        l.settle();
        assert!(!clients.iter().any(Client::is_woken), "{}", l.name);
        for (client, filled) in clients.iter().zip(filled) {
            std::io::Read::read_exact(&mut &client.peer, &mut vec![0; filled]).unwrap();
        }
        l.until("room for all", || clients.iter().all(Client::is_woken));
    });
}

/// An enter gives twenty completions of deferred work. Those behind must not come after what the first ones do next.
#[test]
fn all_that_is_ready_makes_one_turn() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        let clients: Vec<_> = (0..100).map(|_| Client::new()).collect();
        for _ in 0..20 {
            assert!(clients.iter().all(|client| !client.wait()));
            l.turn(Turn::Poll);
            for client in &clients {
                (&client.peer).write_all(b"x").unwrap();
            }
            let before = l.handle().metrics().enters;
            l.turn(Turn::Wait);
            let enters = l.handle().metrics().enters - before;
            let woken = clients.iter().filter(|client| client.is_woken()).count();
            assert_eq!(woken, 100, "{}", l.name);
            assert!(enters <= 7, "{}: {enters} enters", l.name);
            assert!(clients.iter().all(Client::wait));
        }
    });
}

#[test]
fn arming_and_waiting_are_one_enter() {
    let no_arm_stays = |options: Options| options.multishot_after(None);
    on_every_backend_with(no_arm_stays, |l| {
        let _current = l.handle().enter();
        let clients: Vec<_> = (0..50).map(|_| Client::new()).collect();
        assert!(clients.iter().all(|client| !client.wait()));
        l.turn(Turn::Poll);
        let before = l.handle().metrics();
        for _ in 0..20 {
            for client in &clients {
                (&client.peer).write_all(b"x").unwrap();
            }
            l.until("all bytes", || clients.iter().all(Client::is_woken));
            // The byte, and then the arm for the next one.
            assert!(clients.iter().all(Client::wait));
            assert!(clients.iter().all(|client| !client.wait()));
        }
        let after = l.handle().metrics();
        let (turns, enters) = (after.turns - before.turns, after.enters - before.enters);
        let completions = after.completions - before.completions;
        assert!(
            enters <= turns + completions / 20,
            "{}: {enters} enters in {turns} turns for {completions} completions",
            l.name
        );
        if !l.is_epoll() {
            assert!(after.arms - before.arms >= 20 * 50 - 50, "{}", l.name);
        }
    });
}
