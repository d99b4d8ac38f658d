//! A connection that always has something to read, beside others that wait for their answers.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use super::Clients;
use crate::transport::{Address, Socket};

pub(crate) struct Hog {
    stream: Box<dyn Socket>,
    buffer: Vec<u8>,
}

/// Of one run.
#[derive(Default)]
pub(crate) struct Beside {
    /// Of each answer.
    pub(crate) latencies: Vec<Duration>,
    pub(crate) hog_bytes: usize,
    pub(crate) lasted: Duration,
}

impl Hog {
    pub(crate) fn connect(address: &Address) -> io::Result<Self> {
        Ok(Self {
            stream: address.connect()?,
            buffer: vec![b'x'; 64 * 1024],
        })
    }

    /// For so long, one of the others after the other sends a message, and this one sends and receives as much as there
    /// is room for until the answer is there.
    pub(crate) fn run_beside(
        &mut self,
        clients: &mut Clients,
        lasting: Duration,
    ) -> io::Result<Beside> {
        let mut beside = Beside::default();
        let start = Instant::now();
        let mut turn = 0;
        while start.elapsed() < lasting {
            let sent = Instant::now();
            clients.send(turn)?;
            while !clients.has_answer(turn)? {
                beside.hog_bytes += self.push()?;
            }
            beside.latencies.push(sent.elapsed());
            turn = (turn + 1) % clients.count();
        }
        beside.lasted = start.elapsed();
        Ok(beside)
    }

    /// Fills the way to the server and empties the way back, as far as one call of each does. The bytes that came back.
    fn push(&mut self) -> io::Result<usize> {
        let pushed = self.stream.write(&self.buffer);
        or_nothing(pushed)?;
        let pulled = self.stream.read(&mut self.buffer);
        or_nothing(pulled)
    }
}

fn or_nothing(result: io::Result<usize>) -> io::Result<usize> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
        result => result,
    }
}
