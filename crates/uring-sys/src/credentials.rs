//! Who is at the other end of a Unix socket.
//!
//! ```
//! use uring_sys::credentials::peer_credentials;
//!
//! let not_a_socket = std::fs::File::open("/dev/null")?;
//! assert_eq!(peer_credentials(&not_a_socket).unwrap_err().raw_os_error(), Some(libc::ENOTSOCK));
//! # Ok::<(), std::io::Error>(())
//! ```

use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd};

use libc::{gid_t, pid_t, socklen_t, uid_t};

/// The process that made the other end of a Unix socket.
///
/// ```
/// use std::os::unix::net::UnixStream;
/// use uring_sys::credentials::{PeerCredentials, peer_credentials};
///
/// let (ours, _theirs) = UnixStream::pair()?;
/// let PeerCredentials { pid, uid, gid } = peer_credentials(&ours)?;
/// assert_eq!(pid.unsigned_abs(), std::process::id());
/// // SAFETY: neither call has a precondition.
/// assert_eq!((uid, gid), unsafe { (libc::geteuid(), libc::getegid()) });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PeerCredentials {
    /// Its id, as seen from this process's namespace; 0 when it has none there.
    pub pid: pid_t,
    /// Its effective user.
    pub uid: uid_t,
    /// Its effective group.
    pub gid: gid_t,
}

/// `getsockopt(fd, SOL_SOCKET, SO_PEERCRED)`: who called connect(2), listen(2) or socketpair(2) at the other end, as they
/// were then.
///
/// # Errors
///
/// `ENOTSOCK`, and others of getsockopt(2).
///
/// ```
/// let (ours, _theirs) = std::os::unix::net::UnixStream::pair()?;
/// let peer = uring_sys::credentials::peer_credentials(&ours)?;
/// assert_eq!(peer.pid.unsigned_abs(), std::process::id());
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn peer_credentials(fd: impl AsFd) -> io::Result<PeerCredentials> {
    let mut peer = libc::ucred {
        pid: 0,
        uid: uid_t::MAX,
        gid: gid_t::MAX,
    };
    let expected = socklen_t::try_from(size_of::<libc::ucred>()).unwrap_or(0);
    let mut len = expected;
    // SAFETY: the kernel writes at most `len` bytes, which is the size of the live and exclusive `peer`, and any bytes are
    // a valid `ucred`.
    let answer = unsafe {
        libc::getsockopt(
            fd.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut peer).cast(),
            &raw mut len,
        )
    };
    if answer < 0 {
        return Err(io::Error::last_os_error());
    }
    if len != expected {
        return Err(io::Error::from(io::ErrorKind::InvalidData));
    }
    Ok(PeerCredentials {
        pid: peer.pid,
        uid: peer.uid,
        gid: peer.gid,
    })
}
