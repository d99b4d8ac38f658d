//! An echo loop on one-shot poll requests of io_uring, and nothing else: what a runtime of readiness on a ring could
//! come close to.

use std::io::{self, Read};
use std::net::TcpListener;
use std::os::fd::{AsRawFd, RawFd};

use uring_sys::abi::{
    IORING_SETUP_DEFER_TASKRUN, IORING_SETUP_NO_SQARRAY, IORING_SETUP_SINGLE_ISSUER,
    IORING_SETUP_SUBMIT_ALL, POLLIN,
};
use uring_sys::{Ring, Setup, Sqe};

use super::{Connection, accept_all, announce};
use crate::load::write_fully;
use crate::runtime::LOOPBACK;

/// The kernel handles completions when the loop asks for them.
pub(super) const DEFERRED: u32 = IORING_SETUP_SINGLE_ISSUER
    | IORING_SETUP_DEFER_TASKRUN
    | IORING_SETUP_SUBMIT_ALL
    | IORING_SETUP_NO_SQARRAY;
/// The kernel handles them whenever the thread enters it.
pub(super) const PLAIN: u32 =
    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_NO_SQARRAY;

/// Of the listener, among the indices of connections.
const LISTENER: u64 = u64::MAX;

pub(super) fn serve(buffer: usize, flags: u32) -> io::Result<()> {
    let listener = TcpListener::bind(LOOPBACK)?;
    listener.set_nonblocking(true)?;
    let setup = Setup {
        entries: 1024,
        cq_entries: Some(4096),
        flags,
        ..Setup::default()
    };
    let mut ring = Ring::new(&setup).map_err(|refused| refused.error)?;
    ring.register_ring_fd()?;
    announce(listener.local_addr()?, Box::new(Vec::new));
    arm(&mut ring, listener.as_raw_fd(), LISTENER)?;
    let mut connections: Vec<Option<Connection>> = Vec::new();
    loop {
        match ring.submit_and_wait(1, None) {
            // Whoever traces a process interrupts it.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            waited => waited?,
        };
        while let Some(cqe) = ring.pop() {
            if cqe.user_data == LISTENER {
                accept_all(&listener, &mut connections, buffer, |stream, user_data| {
                    arm(&mut ring, stream.as_raw_fd(), user_data)
                })?;
                arm(&mut ring, listener.as_raw_fd(), LISTENER)?;
                continue;
            }
            let connection = &mut connections[cqe.user_data as usize];
            let Some(open) = connection else { continue };
            if echo_once(open).unwrap_or(false) {
                // Looks at the level, so nothing that came meanwhile is missed.
                arm(&mut ring, open.stream.as_raw_fd(), cqe.user_data)?;
            } else {
                *connection = None;
            }
        }
    }
}

/// One-shot: it reports once, and the next wait hands it to the kernel.
fn arm(ring: &mut Ring, fd: RawFd, user_data: u64) -> io::Result<()> {
    let poll = || Sqe::poll_add(fd, POLLIN).with_user_data(user_data);
    if ring.push(poll()).is_err() {
        ring.submit()?;
        ring.push(poll()).map_err(io::Error::other)?;
    }
    Ok(())
}

/// Whether more can come.
fn echo_once(connection: &mut Connection) -> io::Result<bool> {
    let Connection { stream, buffer } = connection;
    match stream.read(buffer) {
        Ok(0) => Ok(false),
        Ok(count) => write_fully(stream, &buffer[..count]).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(true),
        Err(error) => Err(error),
    }
}
