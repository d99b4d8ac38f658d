//! [`UCred`].

use std::io;
use std::os::fd::AsFd;

use uring_sys::credentials::peer_credentials;

use crate::net::unix::{gid_t, pid_t, uid_t};

/// Who is at the other end of a Unix socket: who connected, listened or made the pair, as they were then. Corresponds to
/// `tokio::net::unix::UCred`.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// let (ours, _theirs) = uring_rt::net::UnixStream::pair()?;
/// let peer = ours.peer_cred()?;
/// assert_eq!(peer.pid().map(i32::unsigned_abs), Some(std::process::id()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct UCred {
    /// `None` for a process that has no id in our namespace.
    pid: Option<pid_t>,
    uid: uid_t,
    gid: gid_t,
}

impl UCred {
    /// The effective user.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, _theirs) = uring_rt::net::UnixStream::pair()?;
    /// assert_eq!(ours.peer_cred()?.uid(), rustix::process::geteuid().as_raw());
    /// # Ok(())
    /// # }
    /// ```
    pub fn uid(&self) -> uid_t {
        self.uid
    }

    /// The effective group.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, _theirs) = uring_rt::net::UnixStream::pair()?;
    /// assert_eq!(ours.peer_cred()?.gid(), rustix::process::getegid().as_raw());
    /// # Ok(())
    /// # }
    /// ```
    pub fn gid(&self) -> gid_t {
        self.gid
    }

    /// The process, unless it is in a namespace of which ours sees nothing.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, _theirs) = uring_rt::net::UnixStream::pair()?;
    /// assert!(ours.peer_cred()?.pid().is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn pid(&self) -> Option<pid_t> {
        self.pid
    }
}

pub(crate) fn of_peer(socket: &impl AsFd) -> io::Result<UCred> {
    let peer = peer_credentials(socket)?;
    Ok(UCred {
        pid: (peer.pid != 0).then_some(peer.pid),
        uid: peer.uid,
        gid: peer.gid,
    })
}
