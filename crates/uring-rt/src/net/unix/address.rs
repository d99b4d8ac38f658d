//! [`SocketAddr`].

use std::fmt;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net;
use std::path::Path;

use socket2::SockAddr;

/// The address of a Unix socket. Corresponds to `tokio::net::unix::SocketAddr`; it converts from and to that of
/// the standard library.
///
/// ```
/// use uring_rt::net::unix::SocketAddr;
/// let std = std::os::unix::net::SocketAddr::from_pathname("/run/service")?;
/// let address = SocketAddr::from(std);
/// assert_eq!(address.as_pathname(), Some("/run/service".as_ref()));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct SocketAddr(net::SocketAddr);

impl SocketAddr {
    /// Whether there is none, as with most clients and both ends of a pair.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, _theirs) = uring_rt::net::UnixStream::pair()?;
    /// assert!(ours.local_addr()?.is_unnamed());
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_unnamed(&self) -> bool {
        self.0.is_unnamed()
    }

    /// The path, if it is one.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, _theirs) = uring_rt::net::UnixStream::pair()?;
    /// assert_eq!(ours.local_addr()?.as_pathname(), None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn as_pathname(&self) -> Option<&Path> {
        self.0.as_pathname()
    }

    /// The name, without its leading zero, if it is one of the abstract namespace. See unix(7).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let name = format!("\0uring-rt-doc-{}", std::process::id());
    /// let listener = uring_rt::net::UnixListener::bind(&name)?;
    /// assert_eq!(listener.local_addr()?.as_abstract_name(), Some(&name.as_bytes()[1..]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn as_abstract_name(&self) -> Option<&[u8]> {
        self.0.as_abstract_name()
    }

    /// What names a socket at `path`; one that begins with a zero is of the abstract namespace.
    pub(crate) fn from_path(path: &Path) -> io::Result<SocketAddr> {
        let bytes = path.as_os_str().as_bytes();
        match bytes.strip_prefix(b"\0") {
            Some(name) => net::SocketAddr::from_abstract_name(name),
            None => net::SocketAddr::from_pathname(path),
        }
        .map(SocketAddr)
    }

    pub(crate) fn unnamed() -> io::Result<SocketAddr> {
        // The empty path is how std makes one.
        net::SocketAddr::from_pathname("").map(SocketAddr)
    }

    /// What the kernel has answered.
    pub(crate) fn from_kernel(address: &SockAddr) -> io::Result<SocketAddr> {
        match address.as_abstract_namespace() {
            Some(name) => net::SocketAddr::from_abstract_name(name),
            // The empty path is how std makes an unnamed one.
            None => net::SocketAddr::from_pathname(address.as_pathname().unwrap_or(Path::new(""))),
        }
        .map(SocketAddr)
    }

    /// What the kernel takes.
    pub(crate) fn to_kernel(&self) -> io::Result<SockAddr> {
        match (self.as_pathname(), self.as_abstract_name()) {
            (Some(path), _) => SockAddr::unix(path),
            (None, Some(name)) => {
                let mut path = vec![0];
                path.extend_from_slice(name);
                SockAddr::unix(std::ffi::OsStr::from_bytes(&path))
            }
            (None, None) => SockAddr::unix(""),
        }
    }

    pub(crate) fn as_std(&self) -> &net::SocketAddr {
        &self.0
    }
}

impl fmt::Debug for SocketAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<net::SocketAddr> for SocketAddr {
    fn from(address: net::SocketAddr) -> SocketAddr {
        SocketAddr(address)
    }
}

impl From<SocketAddr> for net::SocketAddr {
    fn from(address: SocketAddr) -> net::SocketAddr {
        address.0
    }
}
