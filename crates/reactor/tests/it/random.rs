//! Random programs, with poll(2) as the judge: a level that stays true while somebody waits must wake them.
//!
//! `REACTOR_TEST_SEED=n` runs one program again, `REACTOR_TEST_PROGRAMS=n` more of them.

use std::future::Future;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio_test::task::{self, Spawn};
use uring_reactor::{AsyncFd, Instant, Interest, Options, Sleep, Turn};

use crate::support::{Loop, Random, on_every_backend_with, socket_pair};

const STEPS: usize = 60;
const MOST_CONNECTIONS: usize = 6;
const MOST_TASKS: usize = 8;

#[derive(Clone)]
struct Stream(Arc<UnixStream>);

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

type Work = Spawn<Pin<Box<dyn Future<Output = ()>>>>;

/// Somebody who waits for a direction.
struct Waiter {
    work: Work,
    direction: PollFlags,
    /// Uses the one place for a poller that a direction has.
    is_poller: bool,
}

struct Connection {
    ours: Stream,
    /// One or two of the same fd.
    registrations: Vec<Arc<AsyncFd<Stream>>>,
    peer: Option<UnixStream>,
    waiters: Vec<Waiter>,
}

struct Program<'a> {
    l: &'a mut Loop,
    random: Random,
    connections: Vec<Connection>,
    sleeps: Vec<(Instant, Spawn<Sleep>)>,
}

impl Connection {
    fn new() -> Connection {
        let (ours, peer) = socket_pair();
        peer.set_nonblocking(true).unwrap();
        let ours = Stream(Arc::new(ours));
        Connection {
            registrations: vec![Arc::new(AsyncFd::new(ours.clone()).unwrap())],
            ours,
            peer: Some(peer),
            waiters: Vec::new(),
        }
    }

    fn wait(&mut self, random: &mut Random) {
        if self.waiters.len() >= MOST_TASKS {
            return;
        }
        let fd = self.registrations[random.below(self.registrations.len())].clone();
        let has_poller = self.waiters.iter().any(|waiter| waiter.is_poller);
        let kind = random.below(if has_poller { 4 } else { 5 });
        let (work, direction): (Pin<Box<dyn Future<Output = ()>>>, _) = match kind {
            0 => (Box::pin(read_once(fd)), PollFlags::IN),
            1 => (Box::pin(write_once(fd)), PollFlags::OUT),
            2 => (Box::pin(read_to_the_end(fd)), PollFlags::IN),
            4 => (Box::pin(stream(fd)), PollFlags::IN),
            _ => (Box::pin(either(fd)), PollFlags::IN | PollFlags::OUT),
        };
        let mut work = task::spawn(work);
        if work.poll().is_pending() {
            self.waiters.push(Waiter {
                work,
                direction,
                is_poller: kind == 4,
            });
        }
    }

    /// What poll(2) says of a direction, ends and errors included.
    fn level(&self, direction: PollFlags) -> PollFlags {
        let asked = if direction.contains(PollFlags::IN) {
            direction | PollFlags::RDHUP
        } else {
            direction
        };
        let mut fds = [PollFd::new(&self.ours, asked)];
        poll(&mut fds, Some(&Timespec::default())).unwrap();
        fds[0].revents()
    }
}

async fn read_once(fd: Arc<AsyncFd<Stream>>) {
    let read = fd.async_io(Interest::READABLE, |fd| (&*fd.0).read(&mut [0; 512]));
    let _ = read.await;
}

async fn write_once(fd: Arc<AsyncFd<Stream>>) {
    let write = fd.async_io(Interest::WRITABLE, |fd| (&*fd.0).write(&[1; 4096]));
    let _ = write.await;
}

/// By short reads, which do not ask for the EAGAIN.
async fn stream(fd: Arc<AsyncFd<Stream>>) {
    let read = |cx: &mut Context<'_>| fd.poll_read_stream(cx, 64, |fd| (&*fd.0).read(&mut [0; 64]));
    while let Ok(1..) = std::future::poll_fn(read).await {}
}

async fn read_to_the_end(fd: Arc<AsyncFd<Stream>>) {
    loop {
        let mut guard = fd.readable().await.unwrap();
        match guard.try_io(|fd| (&*fd.get_ref().0).read(&mut [0; 64])) {
            Ok(Ok(1..)) | Err(_) => {}
            Ok(_) => return,
        }
    }
}

async fn either(fd: Arc<AsyncFd<Stream>>) {
    let both = Interest::READABLE | Interest::WRITABLE;
    let turn = fd.async_io(both, |fd| {
        (&*fd.0)
            .read(&mut [0; 8])
            .or_else(|_| (&*fd.0).write(&[2; 100]))
    });
    let _ = turn.await;
}

impl Program<'_> {
    fn step(&mut self) {
        let kind = self.random.below(20);
        if kind < 2 && self.connections.len() < MOST_CONNECTIONS || self.connections.is_empty() {
            return self.connections.push(Connection::new());
        }
        let index = self.random.below(self.connections.len());
        match kind {
            16 => return self.close(index),
            17 => return self.close_elsewhere(index),
            18 => return self.set_timer(),
            19 => return self.pass_time(),
            _ => {}
        }
        let connection = &mut self.connections[index];
        match (kind, &mut connection.peer) {
            (2..=6, _) => connection.wait(&mut self.random),
            (7 | 8, Some(peer)) => drop(peer.write(&vec![3; 1 + self.random.below(700)])),
            (9, Some(peer)) => while matches!(peer.read(&mut [0; 65_536]), Ok(1..)) {},
            (10, Some(_)) => try_fill(&connection.ours),
            (11, Some(peer)) => drop(peer.shutdown(Shutdown::Write)),
            (12, peer) => drop(peer.take()),
            // Somebody else was faster.
            (13, _) => drop((&*connection.ours.0).read(&mut [0; 4096])),
            (14, _) if !connection.waiters.is_empty() => {
                let cancelled = self.random.below(connection.waiters.len());
                drop(connection.waiters.swap_remove(cancelled));
            }
            (15, _) if connection.registrations.len() < 2 => {
                let again = AsyncFd::new(connection.ours.clone()).unwrap();
                connection.registrations.push(Arc::new(again));
            }
            _ => self.l.turn(Turn::Poll),
        }
    }

    fn close(&mut self, index: usize) {
        let Connection {
            ours,
            registrations,
            peer,
            waiters,
        } = self.connections.swap_remove(index);
        drop((waiters, registrations, ours));
        self.sees_end(peer);
    }

    fn close_elsewhere(&mut self, index: usize) {
        let Connection {
            ours,
            registrations,
            peer,
            waiters,
        } = self.connections.swap_remove(index);
        drop(waiters);
        std::thread::spawn(move || drop((registrations, ours)))
            .join()
            .unwrap();
        // It was notified, and the disarm is part of it.
        self.l.turn(Turn::Wait);
        self.sees_end(peer);
    }

    fn sees_end(&self, peer: Option<UnixStream>) {
        let Some(mut peer) = peer else { return };
        let end = loop {
            match peer.read(&mut [0; 65_536]) {
                Ok(1..) => {}
                end => break end.map_err(|error| error.kind()),
            }
        };
        let is_end = matches!(end, Ok(0) | Err(std::io::ErrorKind::ConnectionReset));
        assert!(is_end, "{}: {end:?}", self.l.name);
    }

    fn set_timer(&mut self) {
        let micros = u64::try_from(self.random.below(1000)).unwrap();
        let deadline = Instant::now() + Duration::from_micros(micros);
        if self.sleeps.len() > 4 {
            let index = self.random.below(self.sleeps.len());
            let (due, sleep) = &mut self.sleeps[index];
            sleep.reset(deadline);
            *due = deadline;
            // One that has fired has to be polled again.
            let _ = sleep.poll();
            return;
        }
        let mut sleep = task::spawn(Sleep::until(deadline));
        let _ = sleep.poll();
        self.sleeps.push((deadline, sleep));
    }

    fn pass_time(&mut self) {
        let micros = u64::try_from(self.random.below(400)).unwrap();
        assert!(self.l.handle().advance_clock(Duration::from_micros(micros)));
    }

    /// Turns until nobody is woken any more, and asks the judge.
    fn check(&mut self) {
        let before = self.l.handle().metrics().completions;
        let mut quiet = 0;
        while quiet < 3 {
            self.l.turn(Turn::Poll);
            self.l.reactor.verify();
            quiet += 1;
            for connection in &mut self.connections {
                connection.waiters.retain_mut(|waiter| {
                    if !waiter.work.is_woken() {
                        return true;
                    }
                    quiet = 0;
                    waiter.work.poll().is_pending()
                });
            }
            let completions = self.l.handle().metrics().completions - before;
            assert!(completions < 2000, "{}: it spins", self.l.name);
        }
        for connection in &self.connections {
            for waiter in &connection.waiters {
                let level = connection.level(waiter.direction);
                assert!(level.is_empty(), "{}: waits for {level:?}", self.l.name);
            }
        }
        let now = Instant::now();
        self.sleeps.retain_mut(|(deadline, sleep)| {
            let is_due = *deadline <= now;
            assert!(!is_due || sleep.poll().is_ready(), "{}: late", self.l.name);
            assert!(is_due || !sleep.is_woken(), "{}: early", self.l.name);
            !is_due
        });
    }

    fn run(&mut self) {
        for _ in 0..STEPS {
            self.step();
            if self.random.below(3) > 0 {
                self.check();
            }
        }
        while !self.connections.is_empty() {
            self.close(0);
        }
        self.sleeps.clear();
        self.l.turn(Turn::Poll);
        let metrics = self.l.handle().metrics();
        assert_eq!((metrics.sources, metrics.timers), (0, 0), "{}", self.l.name);
    }
}

fn try_fill(ours: &Stream) {
    while matches!((&*ours.0).write(&[7; 4096]), Ok(1..)) {}
}

/// Names the program when it fails.
struct Shown(u64);

impl Drop for Shown {
    #[expect(clippy::print_stdout, reason = "how to run a failed program again")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("REACTOR_TEST_SEED={}", self.0);
        }
    }
}

fn from_variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap())
}

fn run_programs(change: impl Fn(Options) -> Options) {
    let seeds = match from_variable("REACTOR_TEST_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..from_variable("REACTOR_TEST_PROGRAMS").unwrap_or(60),
    };
    on_every_backend_with(
        |options| change(options.start_paused(true)),
        |l| {
            let _current = l.handle().enter();
            for seed in seeds.clone() {
                let _shown = Shown(seed);
                Program {
                    l: &mut *l,
                    random: Random::new(seed),
                    connections: Vec::new(),
                    sleeps: Vec::new(),
                }
                .run();
            }
        },
    );
}

#[test]
fn random_programs_lose_no_wake_and_leave_nothing_behind() {
    run_programs(|options| options);
}

#[test]
fn random_programs_on_the_smallest_ring_lose_no_wake() {
    run_programs(|options| options.entries(1));
}
