//! An echo loop on edge-triggered epoll, and nothing else: what a runtime on epoll could come close to.

use std::io::{self, Read};
use std::net::TcpListener;
use std::os::fd::AsRawFd;

use uring_sys::epoll::{EPOLLET, EPOLLIN, EPOLLRDHUP, Epoll, EventBuffer};

use super::{Connection, accept_all, announce};
use crate::load::write_fully;
use crate::runtime::LOOPBACK;

/// Of the listener, among the indices of connections.
const LISTENER: u64 = u64::MAX;

pub(super) fn serve(buffer: usize) -> io::Result<()> {
    let listener = TcpListener::bind(LOOPBACK)?;
    listener.set_nonblocking(true)?;
    announce(listener.local_addr()?, Box::new(Vec::new));
    let epoll = Epoll::new()?;
    epoll.add(listener.as_raw_fd(), EPOLLIN | EPOLLET, LISTENER)?;
    let mut events = EventBuffer::with_capacity(1024);
    let mut connections: Vec<Option<Connection>> = Vec::new();
    loop {
        match epoll.wait(&mut events, None) {
            // Whoever traces a process interrupts it.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            waited => waited?,
        }
        for (_, data) in events.iter() {
            if data == LISTENER {
                let events = EPOLLIN | EPOLLRDHUP | EPOLLET;
                accept_all(&listener, &mut connections, buffer, |stream, data| {
                    epoll.add(stream.as_raw_fd(), events, data)
                })?;
                continue;
            }
            let connection = &mut connections[data as usize];
            let is_open = connection
                .as_mut()
                .is_some_and(|connection| echo_until_empty(connection).unwrap_or(false));
            if !is_open {
                *connection = None;
            }
        }
    }
}

/// Until a read says that the socket is empty, or fills less than it could. Whether more can come.
fn echo_until_empty(connection: &mut Connection) -> io::Result<bool> {
    let Connection { stream, buffer } = connection;
    loop {
        match stream.read(buffer) {
            Ok(0) => return Ok(false),
            Ok(count) => {
                write_fully(stream, &buffer[..count])?;
                if count < buffer.len() {
                    return Ok(true);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
            Err(error) => return Err(error),
        }
    }
}
