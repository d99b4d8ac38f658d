//! What a server and its load speak over.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::fd::AsFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::str::FromStr;

#[derive(Clone, Copy)]
pub(crate) enum Transport {
    Tcp,
    Unix,
}

impl Transport {
    /// For the command line of a server.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Unix => "unix",
        }
    }
}

impl FromStr for Transport {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Tcp, Self::Unix]
            .into_iter()
            .find(|transport| transport.name() == text)
            .ok_or_else(|| format!("there is no transport `{text}`"))
    }
}

/// Where a server listens: a port of the loopback, or a name among the abstract ones, of which no file stays behind.
pub(crate) enum Address {
    Tcp(u16),
    Unix(String),
}

impl Address {
    /// A connection that does not block, with `TCP_NODELAY` where there is such a thing.
    pub(crate) fn connect(&self) -> io::Result<Box<dyn Socket>> {
        match self {
            Self::Tcp(port) => {
                let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, *port))?;
                stream.set_nodelay(true)?;
                stream.set_nonblocking(true)?;
                Ok(Box::new(stream))
            }
            Self::Unix(name) => {
                let stream = UnixStream::connect_addr(&abstract_address(name)?)?;
                stream.set_nonblocking(true)?;
                Ok(Box::new(stream))
            }
        }
    }
}

/// As the server prints it, and as other programs show abstract names.
impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(port) => write!(out, "{port}"),
            Self::Unix(name) => write!(out, "@{name}"),
        }
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix('@') {
            return Ok(Self::Unix(name.to_owned()));
        }
        let port = text.parse().map(Self::Tcp);
        port.map_err(|_| format!("`{text}` is neither a port nor a name"))
    }
}

/// A connection without a runtime.
pub(crate) trait Socket: Read + Write + AsFd {}

impl<S: Read + Write + AsFd> Socket for S {}

/// A name that no other process uses.
pub(crate) fn own_name() -> String {
    format!("uring-rt-benches-{}", std::process::id())
}

/// Listens on an abstract name, in blocking mode.
pub(crate) fn listen_on_name(name: &str) -> io::Result<UnixListener> {
    UnixListener::bind_addr(&abstract_address(name)?)
}

fn abstract_address(name: &str) -> io::Result<SocketAddr> {
    SocketAddr::from_abstract_name(name)
}
