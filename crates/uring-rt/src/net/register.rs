//! From a socket of the system to one of a reactor.

use std::io;
use std::os::fd::AsFd;

use socket2::{SockAddr, SockRef};
use uring_reactor::{AsyncFd, no_runtime};

use crate::net::kind::sealed::Socket;

/// What `from_std` of each type does first.
///
/// A socket in blocking mode would stop the loop, and every task with it, on the first call that has to wait.
/// tokio panics in that case, in debug builds only.
#[track_caller]
pub(crate) fn check_foreign<S: Socket>(socket: &S) -> io::Result<()> {
    if !uring_reactor::Handle::has_current() {
        no_runtime(&format!("{}::from_std", S::NAME));
    }
    if SockRef::from(socket).nonblocking()? {
        return Ok(());
    }
    let text = format!(
        "the socket for a {} is in blocking mode, call set_nonblocking(true) before",
        S::NAME
    );
    Err(io::Error::new(io::ErrorKind::InvalidInput, text))
}

/// accept4(2): the new socket is non-blocking and closed on exec from the start.
pub(crate) fn accept(listener: &impl AsFd) -> io::Result<(socket2::Socket, SockAddr)> {
    SockRef::from(listener).accept4(libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC)
}

/// Registers what `listener` has accepted: with the current runtime, and on a thread that has none with the
/// listener's own.
pub(crate) fn register_accepted<L, R>(listener: &AsyncFd<L>, register: impl FnOnce() -> R) -> R {
    if uring_reactor::Handle::has_current() {
        return register();
    }
    let _entered = listener.reactor().enter();
    register()
}

/// Starts a non-blocking connect(2) and gives the socket, on which write readiness then tells the outcome.
pub(crate) fn start_connect(socket: &socket2::Socket, address: &SockAddr) -> io::Result<()> {
    match socket.connect(address) {
        Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => Ok(()),
        result => result,
    }
}
