//! Stream sockets in pairs: a number of bytes, a limit, and the ways in which they end.

use std::io;

use uring_sys::abi::{POLLERR, POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDHUP};

use super::files::{FileId, Kind, Opened};
use super::{State, errno};
use crate::interest::Direction;

pub(super) struct Socket {
    /// `None` when the other end is gone.
    peer: Option<FileId>,
    /// Bytes to be read.
    received: usize,
    capacity: usize,
    /// The peer writes no more.
    has_fin: bool,
    /// This end writes no more.
    is_shut: bool,
    /// The errno that the next call returns.
    error: Option<i32>,
    is_urgent: bool,
    pub(super) quirk: Quirk,
}

/// What is odd about a file, in the eyes of a poll request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Quirk {
    None,
    /// Waits in two queues, which kernels before 5.8 refuse unless it is ready at once.
    TwoQueues,
    /// A poll request gets this errno; epoll takes the file.
    Refused(i32),
    /// ERR stays true although calls block, as with messages in an error queue.
    ErrorQueue,
}

impl State {
    /// Two ends that are connected: the first with a number, the second somebody else's.
    pub(crate) fn socket_pair(
        &mut self,
        capacity: usize,
        quirk: Quirk,
    ) -> io::Result<(Opened, FileId)> {
        let socket = |quirk| Socket {
            peer: None,
            received: 0,
            capacity,
            has_fin: false,
            is_shut: false,
            error: None,
            is_urgent: false,
            quirk,
        };
        let (number, ours) = self.open(Kind::Socket(socket(quirk)))?;
        let theirs = self.new_file(Kind::Socket(socket(Quirk::None)), 1);
        self.socket(ours).peer = Some(theirs);
        self.socket(theirs).peer = Some(ours);
        self.note(ours);
        Ok(((number, ours), theirs))
    }

    pub(super) fn socket(&mut self, file: FileId) -> &mut Socket {
        match &mut self.files[file.0].kind {
            Kind::Socket(socket) => socket,
            _ => unreachable!("only sockets are read and written"),
        }
    }

    fn get_socket(&self, file: FileId) -> Option<&Socket> {
        match &self.files[file.0].kind {
            Kind::Socket(socket) => Some(socket),
            _ => None,
        }
    }

    pub(super) fn quirk(&self, file: FileId) -> Quirk {
        self.get_socket(file)
            .map_or(Quirk::None, |socket| socket.quirk)
    }

    fn has_room(&self, socket: &Socket) -> bool {
        let peer = socket.peer.and_then(|peer| self.get_socket(peer));
        peer.is_none_or(|peer| peer.received < peer.capacity)
    }

    pub(super) fn socket_level(&self, socket: &Socket) -> u32 {
        let is_alone = socket.peer.is_none();
        let ends = socket.has_fin || is_alone;
        let bit = |is, bits| if is { bits } else { 0 };
        bit(
            socket.received > 0 || ends || socket.error.is_some(),
            POLLIN,
        ) | bit(ends, POLLRDHUP)
            | bit(is_alone || socket.has_fin && socket.is_shut, POLLHUP)
            | bit(socket.is_shut || self.has_room(socket), POLLOUT)
            | bit(
                socket.error.is_some() || socket.quirk == Quirk::ErrorQueue,
                POLLERR,
            )
            | bit(socket.is_urgent, POLLPRI)
    }

    /// Whether a call in this direction would return at once, or what it waits for has come.
    pub(crate) fn is_usable(&self, file: FileId, direction: Direction) -> bool {
        let Some(socket) = self.get_socket(file) else {
            return matches!(direction, Direction::Read | Direction::Write);
        };
        match direction {
            Direction::Read => {
                socket.received > 0
                    || socket.has_fin
                    || socket.peer.is_none()
                    || socket.error.is_some()
            }
            Direction::Write => socket.is_shut || socket.error.is_some() || self.has_room(socket),
            Direction::Priority => socket.is_urgent,
            Direction::Error => socket.error.is_some(),
        }
    }

    /// A task that is told again and again that it is ready, and is not, would never end its poll.
    fn count_blocked(&mut self) {
        self.blocked += 1;
        assert!(
            self.blocked < 100,
            "{} calls would have blocked",
            self.blocked
        );
    }

    pub(crate) fn read(&mut self, file: FileId, wanted: usize) -> io::Result<usize> {
        if self.get_socket(file).is_none() {
            return Ok(wanted);
        }
        self.note(file);
        let socket = self.socket(file);
        if let Some(number) = socket.error.take() {
            return Err(errno(number));
        }
        if socket.received == 0 {
            if socket.has_fin || socket.peer.is_none() {
                return Ok(0);
            }
            self.count_blocked();
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let was_full = socket.received >= socket.capacity;
        let count = wanted.min(socket.received);
        socket.received -= count;
        let peer = socket.peer;
        self.note(file);
        if let Some(peer) = peer.filter(|_| was_full) {
            self.wake(peer, POLLOUT);
        }
        Ok(count)
    }

    pub(crate) fn write(&mut self, file: FileId, wanted: usize) -> io::Result<usize> {
        let Some(socket) = self.get_socket(file) else {
            return Ok(wanted);
        };
        let peer = socket.peer;
        let is_broken = peer.is_none() || socket.is_shut;
        self.note(file);
        if let Some(number) = self.socket(file).error.take() {
            return Err(errno(number));
        }
        let Some(peer) = peer.filter(|_| !is_broken) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let other = self.socket(peer);
        let count = wanted.min(other.capacity.saturating_sub(other.received));
        if count == 0 {
            self.count_blocked();
            return Err(io::ErrorKind::WouldBlock.into());
        }
        other.received += count;
        self.note(file);
        self.wake(peer, POLLIN);
        Ok(count)
    }

    pub(crate) fn take_urgent(&mut self, file: FileId) -> io::Result<()> {
        self.note(file);
        if self.get_socket(file).is_none() || !std::mem::take(&mut self.socket(file).is_urgent) {
            self.count_blocked();
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(())
    }

    pub(crate) fn take_error(&mut self, file: FileId) -> io::Result<i32> {
        self.note(file);
        let error = self.get_socket(file).and_then(|socket| socket.error);
        let Some(error) = error else {
            self.count_blocked();
            return Err(io::ErrorKind::WouldBlock.into());
        };
        self.socket(file).error = None;
        Ok(error)
    }

    /// shutdown(2) of the writing half.
    pub(crate) fn shut_write(&mut self, file: FileId) {
        if self.get_socket(file).is_none() {
            return;
        }
        self.note(file);
        let socket = self.socket(file);
        socket.is_shut = true;
        if let Some(peer) = socket.peer {
            self.socket(peer).has_fin = true;
            // A change of state says nothing about what has changed.
            self.wake(peer, 0);
        }
        self.wake(file, 0);
    }

    pub(crate) fn send_urgent(&mut self, file: FileId) {
        if let Some(peer) = self.get_socket(file).and_then(|socket| socket.peer) {
            self.socket(peer).is_urgent = true;
            self.wake(peer, POLLPRI);
        }
    }

    /// The other end, which is nobody's number, is closed; `reset` with an error.
    pub(crate) fn close_peer(&mut self, peer: FileId, reset: bool) {
        if reset && let Some(other) = self.get_socket(peer).and_then(|socket| socket.peer) {
            self.socket(other).error = Some(libc::ECONNRESET);
        }
        self.release(peer);
    }

    /// The last holder is gone.
    pub(super) fn end_socket(&mut self, file: FileId) {
        let socket = self.socket(file);
        let has_unread = socket.received > 0;
        let Some(peer) = socket.peer.take() else {
            return;
        };
        let other = self.socket(peer);
        other.peer = None;
        if has_unread {
            other.error = Some(libc::ECONNRESET);
        }
        self.wake(peer, 0);
    }
}
