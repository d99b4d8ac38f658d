//! Connections that each send a message, wait until it has come back, and send the next.

use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};

use uring_sys::epoll::{EPOLLIN, Epoll, EventBuffer};

use super::write_fully;
use crate::transport::{Address, Socket};

/// Messages begin at different places of the same bytes, so that one of another connection, or of an earlier round
/// trip, is noticed.
const PLACES: usize = 251;

/// With a server, before it counts as one that has lost a connection.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Clients {
    epoll: Epoll,
    events: EventBuffer,
    connections: Vec<Connection>,
    bytes: Vec<u8>,
    size: usize,
    buffer: Vec<u8>,
}

struct Connection {
    stream: Box<dyn Socket>,
    /// Of the message on its way: where it begins, and how much of it is back.
    place: usize,
    received: usize,
    is_idle: bool,
    round_trips: u64,
    /// Round trips when a run began.
    before: u64,
}

impl Clients {
    /// So many connections, with messages of this size.
    pub(crate) fn connect(address: &Address, count: usize, size: usize) -> io::Result<Self> {
        let epoll = Epoll::new()?;
        let mut connections = Vec::with_capacity(count);
        for index in 0..count {
            let stream = address.connect()?;
            epoll.add(stream.as_fd().as_raw_fd(), EPOLLIN, index as u64)?;
            connections.push(Connection {
                stream,
                place: index % PLACES,
                received: 0,
                is_idle: true,
                round_trips: 0,
                before: 0,
            });
        }
        Ok(Self {
            epoll,
            events: EventBuffer::with_capacity(count),
            connections,
            bytes: (0..size + PLACES).map(|at| (at % PLACES) as u8).collect(),
            size,
            buffer: vec![0; size],
        })
    }

    /// Round trips in so long a time, or longer: each connection must have made one. Messages are on their way when it
    /// begins and when it ends.
    pub(crate) fn run_for(&mut self, duration: Duration) -> io::Result<u64> {
        let before = self.round_trips();
        for connection in &mut self.connections {
            connection.before = connection.round_trips;
        }
        let start = Instant::now();
        self.send_all()?;
        while start.elapsed() < duration || self.stuck() > 0 {
            if start.elapsed() > duration + PATIENCE {
                let (stuck, count) = (self.stuck(), self.connections.len());
                let text = format!("{stuck} of {count} connections make no progress");
                return Err(io::Error::other(text));
            }
            self.turn(true)?;
        }
        Ok(self.round_trips() - before)
    }

    /// How many have made no round trip since the run began.
    fn stuck(&self) -> usize {
        let is_stuck = |one: &&Connection| one.round_trips == one.before;
        self.connections.iter().filter(is_stuck).count()
    }

    /// At least so many round trips, with nothing on its way before and afterwards. How many it were.
    pub(crate) fn run_times(&mut self, round_trips: u64) -> io::Result<u64> {
        self.finish()?;
        let before = self.round_trips();
        self.send_all()?;
        while self.round_trips() - before < round_trips {
            self.turn(true)?;
        }
        self.finish()?;
        Ok(self.round_trips() - before)
    }

    pub(crate) fn count(&self) -> usize {
        self.connections.len()
    }

    /// Sends a message on one of the connections.
    pub(crate) fn send(&mut self, index: usize) -> io::Result<()> {
        self.connections[index].send(&self.bytes, self.size)
    }

    /// Whether the message is back, without waiting for it.
    pub(crate) fn has_answer(&mut self, index: usize) -> io::Result<bool> {
        self.take(Duration::ZERO, false)?;
        Ok(self.connections[index].is_idle)
    }

    /// Waits until nothing is on its way.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        while self
            .connections
            .iter()
            .any(|connection| !connection.is_idle)
        {
            self.turn(false)?;
        }
        Ok(())
    }

    fn round_trips(&self) -> u64 {
        self.connections.iter().map(|one| one.round_trips).sum()
    }

    fn send_all(&mut self) -> io::Result<()> {
        for connection in self.connections.iter_mut().filter(|one| one.is_idle) {
            connection.send(&self.bytes, self.size)?;
        }
        Ok(())
    }

    /// Waits, and takes what has come.
    fn turn(&mut self, again: bool) -> io::Result<()> {
        self.take(PATIENCE, again)
    }

    /// Takes what comes before the limit; `again` sends the next message on a connection whose last is complete.
    fn take(&mut self, limit: Duration, again: bool) -> io::Result<()> {
        self.epoll.wait(&mut self.events, Some(limit))?;
        for (_, index) in self.events.iter() {
            let connection = &mut self.connections[index as usize];
            let missing = &mut self.buffer[connection.received..];
            let count = connection.stream.read(missing)?;
            let from = connection.place + connection.received;
            if count == 0 {
                return Err(io::Error::other("the server has closed a connection"));
            }
            if missing[..count] != self.bytes[from..from + count] {
                return Err(io::Error::other("what came back is not what was sent"));
            }
            connection.received += count;
            if connection.received == self.size {
                connection.round_trips += 1;
                connection.is_idle = true;
                if again {
                    connection.send(&self.bytes, self.size)?;
                }
            }
        }
        Ok(())
    }
}

impl Connection {
    fn send(&mut self, bytes: &[u8], size: usize) -> io::Result<()> {
        self.place = (self.place + 1) % PLACES;
        self.received = 0;
        self.is_idle = false;
        write_fully(&mut *self.stream, &bytes[self.place..][..size])
    }
}
