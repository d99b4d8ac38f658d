use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use crate::echo::{echo, ping};
use crate::load::write_fully;
use crate::measure::Stopwatch;
use crate::raw::{self, Loop, Poller, receive};
use crate::runtime::{Runtime, run};
use crate::runtimes;
use crate::workload::{MICROSECONDS, Program, Round, Sample, Workload, at_most, ours_at_most};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "unix-ping-pong",
    group: "streams",
    title: "two tasks exchange 64 B over a Unix stream, for each round trip",
    metrics: MICROSECONDS,
    targets: &[
        ours_at_most(6.0),
        at_most("uring-rt", 0.95, "tokio"),
        at_most("uring-rt", 1.05, "raw-poll-add"),
        at_most("uring-rt-epoll", 1.03, "raw-epoll"),
    ],
    runtimes: &PLAYERS,
    without: |_| None,
    run: |round| match Loop::named(&round.runtime) {
        Some(raw) => {
            let times = round.times(ROUND_TRIPS);
            let played = raw.run(RawPingPong { times });
            played.map_err(|error| error.to_string())
        }
        None => runtimes::run(round, &UnixPingPong),
    },
};

/// All runtimes, and what they could come close to.
const PLAYERS: [&str; 10] = runtimes::and(&["raw-epoll", "raw-poll-add", "raw-poll-multi"]);

const SIZE: usize = 64;
const ROUND_TRIPS: usize = 50_000;

struct UnixPingPong;

impl Program for UnixPingPong {
    fn run<R: Runtime>(&self, round: &Round) -> Result<Sample, String> {
        let round_trips = round.times(ROUND_TRIPS);
        run::<R, _>(async move {
            let (mut here, there) = R::unix_pair().map_err(|error| error.to_string())?;
            let echo = R::spawn(async move { echo(there, SIZE).await });
            ping(&mut here, SIZE, round_trips / 10).await?;
            let watch = Stopwatch::start();
            ping(&mut here, SIZE, round_trips).await?;
            let sample = watch.microseconds_per(round_trips);
            drop(here);
            echo.await.map_err(|error| error.to_string())?;
            Ok(sample)
        })
    }
}

/// The same without tasks.
struct RawPingPong {
    times: usize,
}

impl raw::Program for RawPingPong {
    type Output = Sample;

    fn run<P: Poller>(self, poller: P) -> io::Result<Sample> {
        let mut game = Game::new(poller)?;
        game.play(self.times / 10)?;
        let watch = Stopwatch::start();
        game.play(self.times)?;
        Ok(watch.microseconds_per(self.times))
    }
}

/// Two ends and what each does when something has come: one sends the next message, the other sends it back.
struct Game<P> {
    poller: P,
    here: UnixStream,
    there: UnixStream,
    /// Of each end, as large as a message, as those of the tasks are.
    buffers: [Vec<u8>; 2],
}

/// The keys of the ends.
const HERE: u64 = 0;
const THERE: u64 = 1;

const MESSAGE: [u8; SIZE] = [b'x'; SIZE];

impl<P: Poller> Game<P> {
    fn new(mut poller: P) -> io::Result<Self> {
        let (here, there) = UnixStream::pair()?;
        here.set_nonblocking(true)?;
        there.set_nonblocking(true)?;
        poller.watch(here.as_raw_fd(), HERE)?;
        poller.watch(there.as_raw_fd(), THERE)?;
        Ok(Self {
            poller,
            here,
            there,
            buffers: [vec![0; SIZE], vec![0; SIZE]],
        })
    }

    /// So many round trips. Nothing is on its way before and afterwards.
    fn play(&mut self, times: usize) -> io::Result<()> {
        let [mine, theirs] = &mut self.buffers;
        let mut left = times;
        write_fully(&mut self.here, &MESSAGE)?;
        while left > 0 {
            self.poller.wait()?;
            while let Some(event) = self.poller.next() {
                let (stream, is_open) = if event.key == THERE {
                    let is_open = receive(&mut self.there, theirs, event.reads, write_fully);
                    (&self.there, is_open?)
                } else {
                    let is_open = receive(&mut self.here, mine, event.reads, |stream, message| {
                        left -= 1;
                        next(stream, message, left)
                    });
                    (&self.here, is_open?)
                };
                if !is_open {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                self.poller.keep(stream.as_raw_fd(), &event)?;
            }
        }
        Ok(())
    }
}

/// Looks at a message that has come back, and sends the next if there is one.
fn next(stream: &mut UnixStream, message: &[u8], left: usize) -> io::Result<()> {
    // A Unix stream of one writer does not tear a message of a few bytes.
    if message != MESSAGE {
        return Err(io::Error::other("the message did not come back"));
    }
    if left > 0 {
        return write_fully(stream, &MESSAGE);
    }
    Ok(())
}
