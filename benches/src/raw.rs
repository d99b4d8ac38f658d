//! Loops without a runtime: what one could come close to. A program of sockets is written once for all of theirs.

mod edges;
mod polls;
pub(crate) mod queue;

use std::io::{self, Read};
use std::os::fd::RawFd;

use edges::Edges;
use polls::{Policy, Polls};

/// Says which sockets have something to read.
pub(crate) trait Poller {
    /// Reports, from now on, what comes on this socket: under this key, which no other socket has.
    fn watch(&mut self, fd: RawFd, key: u64) -> io::Result<()>;

    /// Sleeps until there is a report.
    fn wait(&mut self) -> io::Result<()>;

    /// The next report of those that the wait has found.
    fn next(&mut self) -> Option<Event>;

    /// After a socket has been read as its report asks for: goes on watching it.
    fn keep(&mut self, fd: RawFd, event: &Event) -> io::Result<()>;

    /// After a socket was closed instead.
    fn forget(&mut self, event: &Event) -> io::Result<()>;
}

/// A report.
#[derive(Clone, Copy)]
pub(crate) struct Event {
    pub(crate) key: u64,
    pub(crate) reads: Reads,
    /// None follows, unless the socket is watched anew.
    is_last: bool,
}

/// How far a socket must be read so that nothing is missed.
#[derive(Clone, Copy)]
pub(crate) enum Reads {
    /// Once: what is left is reported again.
    Once,
    /// Until the socket is empty, which a read that fills less than it could shows as well.
    UntilShort,
    /// Until a read says so: the end has been reported, and will not be once more.
    UntilEmpty,
}

impl Reads {
    /// For a loop that is told only of changes.
    fn after_edge(with_end: bool) -> Self {
        if with_end {
            Self::UntilEmpty
        } else {
            Self::UntilShort
        }
    }
}

/// Reads so far, and gives away what comes. Whether more can come.
pub(crate) fn receive<S: Read>(
    stream: &mut S,
    buffer: &mut [u8],
    reads: Reads,
    mut take: impl FnMut(&mut S, &[u8]) -> io::Result<()>,
) -> io::Result<bool> {
    loop {
        match stream.read(buffer) {
            Ok(0) => return Ok(false),
            Ok(count) => {
                take(stream, &buffer[..count])?;
                match reads {
                    Reads::Once => return Ok(true),
                    Reads::UntilShort if count < buffer.len() => return Ok(true),
                    Reads::UntilShort | Reads::UntilEmpty => {}
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
            Err(error) => return Err(error),
        }
    }
}

/// One of the loops that have sockets.
#[derive(Clone, Copy)]
pub(crate) enum Loop {
    Epoll,
    Ring(Policy),
}

impl Loop {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "raw-epoll" => Self::Epoll,
            "raw-poll-add" => Self::Ring(Policy::ONE_SHOT),
            "raw-poll-add-plain" => Self::Ring(Policy::PLAIN),
            "raw-poll-add-unregistered" => Self::Ring(Policy::UNREGISTERED),
            "raw-poll-multi" => Self::Ring(Policy::MULTISHOT),
            _ => return None,
        })
    }

    pub(crate) fn run<P: Program>(self, program: P) -> io::Result<P::Output> {
        match self {
            Self::Epoll => program.run(Edges::new()?),
            Self::Ring(policy) => program.run(Polls::new(policy)?),
        }
    }
}

/// Something that can be done on any of them.
pub(crate) trait Program {
    type Output;

    fn run<P: Poller>(self, poller: P) -> io::Result<Self::Output>;
}
