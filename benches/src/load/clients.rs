//! Connections that each keep one message on its way, or several: for each that has come back they send the next.

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

/// Connections made before the server must have accepted them. Most servers let 128 wait; for one that finds no room
/// the kernel tries again a second later.
const BATCH: usize = 64;

pub(crate) struct Clients {
    epoll: Epoll,
    events: EventBuffer,
    connections: Vec<Connection>,
    bytes: Vec<u8>,
    size: usize,
    /// Messages on their way, for each connection.
    depth: usize,
    /// For as many.
    buffer: Vec<u8>,
}

struct Connection {
    stream: Box<dyn Socket>,
    /// Where the next message to be sent begins.
    next: usize,
    /// Messages on their way, and where the oldest of them begins. The others follow it, each at the next place.
    on_way: usize,
    oldest: usize,
    /// How much of the oldest is back.
    received: usize,
    round_trips: u64,
    /// Round trips when a run began.
    before: u64,
}

impl Clients {
    /// So many connections, with messages of this size.
    pub(crate) fn connect(address: &Address, count: usize, size: usize) -> io::Result<Self> {
        let mut clients = Self {
            epoll: Epoll::new()?,
            events: EventBuffer::with_capacity(count),
            connections: Vec::with_capacity(count),
            bytes: (0..size + PLACES).map(|at| (at % PLACES) as u8).collect(),
            size,
            depth: 1,
            buffer: vec![0; size],
        };
        for index in 0..count {
            clients.add(index, address)?;
            if index % BATCH == BATCH - 1 {
                // The last is answered: all of them have been accepted.
                clients.send(index)?;
                clients.finish()?;
            }
        }
        Ok(clients)
    }

    fn add(&mut self, index: usize, address: &Address) -> io::Result<()> {
        let stream = address.connect()?;
        let fd = stream.as_fd().as_raw_fd();
        self.epoll.add(fd, EPOLLIN, index as u64)?;
        self.connections.push(Connection {
            stream,
            next: index % PLACES,
            on_way: 0,
            oldest: index % PLACES,
            received: 0,
            round_trips: 0,
            before: 0,
        });
        Ok(())
    }

    /// With so many messages on their way at a time, instead of one, on each connection.
    pub(crate) fn with_depth(mut self, depth: usize) -> Self {
        self.depth = depth;
        self.buffer.resize(self.size * depth, 0);
        self
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
        Ok(self.connections[index].on_way == 0)
    }

    /// Waits until nothing is on its way.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        while self.connections.iter().any(|one| one.on_way > 0) {
            self.turn(false)?;
        }
        Ok(())
    }

    fn round_trips(&self) -> u64 {
        self.connections.iter().map(|one| one.round_trips).sum()
    }

    fn send_all(&mut self) -> io::Result<()> {
        for connection in &mut self.connections {
            while connection.on_way < self.depth {
                connection.send(&self.bytes, self.size)?;
            }
        }
        Ok(())
    }

    /// Waits, and takes what has come.
    fn turn(&mut self, again: bool) -> io::Result<()> {
        self.take(PATIENCE, again)
    }

    /// Takes what comes before the limit; `again` sends a message for each that is complete.
    fn take(&mut self, limit: Duration, again: bool) -> io::Result<()> {
        self.epoll.wait(&mut self.events, Some(limit))?;
        for (_, index) in self.events.iter() {
            let connection = &mut self.connections[index as usize];
            let complete = connection.receive(&mut self.buffer, &self.bytes, self.size)?;
            if again {
                for _ in 0..complete {
                    connection.send(&self.bytes, self.size)?;
                }
            }
        }
        Ok(())
    }
}

impl Connection {
    /// In a write of its own, as a program does that answers one request after the other.
    fn send(&mut self, bytes: &[u8], size: usize) -> io::Result<()> {
        let message = &bytes[self.next..][..size];
        self.next = (self.next + 1) % PLACES;
        self.on_way += 1;
        write_fully(&mut *self.stream, message)
    }

    /// Takes what has come, as far as it was sent, and compares it. How many messages that completes.
    fn receive(&mut self, buffer: &mut [u8], bytes: &[u8], size: usize) -> io::Result<usize> {
        let missing = self.on_way * size - self.received;
        let count = self.stream.read(&mut buffer[..missing])?;
        if count == 0 {
            return Err(io::Error::other("the server has closed a connection"));
        }
        let before = self.on_way;
        let mut come = &buffer[..count];
        while !come.is_empty() {
            let expected = &bytes[self.oldest..][self.received..size];
            let length = come.len().min(expected.len());
            let (part, rest) = come.split_at(length);
            if part != &expected[..length] {
                return Err(io::Error::other("what came back is not what was sent"));
            }
            come = rest;
            self.received += length;
            if self.received == size {
                self.received = 0;
                self.oldest = (self.oldest + 1) % PLACES;
                self.on_way -= 1;
                self.round_trips += 1;
            }
        }
        Ok(before - self.on_way)
    }
}
