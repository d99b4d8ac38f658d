//! The echo server without a runtime.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::{UnixListener, UnixStream};

use crate::load::write_fully;
use crate::raw::{Poller, Program, receive};

/// Serves for ever what comes from this listener, which does not block.
pub(super) struct RawEcho<L> {
    pub(super) listener: L,
    pub(super) buffer: usize,
}

/// What both kinds of listeners have in common.
pub(super) trait Listener: AsRawFd {
    type Stream: Read + Write + AsFd + AsRawFd;

    /// The next connection, which does not block either.
    fn accept(&self) -> io::Result<Self::Stream>;
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    fn accept(&self) -> io::Result<TcpStream> {
        let (stream, _) = TcpListener::accept(self)?;
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

impl Listener for UnixListener {
    type Stream = UnixStream;

    fn accept(&self) -> io::Result<UnixStream> {
        let (stream, _) = UnixListener::accept(self)?;
        stream.set_nonblocking(true)?;
        Ok(stream)
    }
}

/// Of the listener, among the indices of connections.
const LISTENER: u64 = u64::MAX;

impl<L: Listener> Program for RawEcho<L> {
    type Output = ();

    fn run<P: Poller>(self, mut poller: P) -> io::Result<()> {
        let listener = self.listener.as_raw_fd();
        poller.watch(listener, LISTENER)?;
        let mut connections: Vec<Option<Connection<L::Stream>>> = Vec::new();
        loop {
            poller.wait()?;
            while let Some(event) = poller.next() {
                if event.key == LISTENER {
                    self.accept_all(&mut connections, &mut poller)?;
                    poller.keep(listener, &event)?;
                    continue;
                }
                let place = &mut connections[event.key as usize];
                let Some(Connection { stream, buffer }) = place else {
                    continue;
                };
                let echoed = receive(stream, buffer, event.reads, write_fully);
                if echoed.unwrap_or(false) {
                    poller.keep(stream.as_raw_fd(), &event)?;
                } else {
                    *place = None;
                    poller.forget(&event)?;
                }
            }
        }
    }
}

/// Each has a buffer of its own, as with the runtimes: one for all of them would stay in the cache.
struct Connection<S> {
    stream: S,
    buffer: Vec<u8>,
}

impl<L: Listener> RawEcho<L> {
    /// Takes every connection that waits. Their keys are their indices.
    fn accept_all<P: Poller>(
        &self,
        connections: &mut Vec<Option<Connection<L::Stream>>>,
        poller: &mut P,
    ) -> io::Result<()> {
        loop {
            match self.listener.accept() {
                Ok(stream) => {
                    poller.watch(stream.as_raw_fd(), connections.len() as u64)?;
                    let buffer = vec![0; self.buffer];
                    connections.push(Some(Connection { stream, buffer }));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}
