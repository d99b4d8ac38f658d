//! What can be named to connect or bind to, and how names become addresses.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::vec;

use crate::task::spawn_blocking;

/// Whatever names one or more socket addresses. Corresponds to `tokio::net::ToSocketAddrs`; it cannot be
/// implemented outside of this crate.
///
/// Addresses are taken as they are. A host name is looked up by the system's resolver on a thread of
/// the runtime's pool, never on the loop's.
///
/// ```
/// use uring_rt::net::{ToSocketAddrs, lookup_host};
///
/// async fn count(host: impl ToSocketAddrs) -> std::io::Result<usize> {
///     Ok(lookup_host(host).await?.count())
/// }
///
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// assert_eq!(count("127.0.0.1:80").await?, 1);
/// assert_eq!(count(("127.0.0.1", 80)).await?, 1);
/// # Ok(())
/// # }
/// ```
pub trait ToSocketAddrs: sealed::Resolve {}

impl<T: sealed::Resolve + ?Sized> ToSocketAddrs for T {}

mod sealed {
    use std::io;
    use std::net::SocketAddr;

    /// What is known of a name without asking anybody.
    #[derive(Debug)]
    pub enum Name {
        Known(Vec<SocketAddr>),
        /// A host name and a port.
        Unknown(String, u16),
    }

    pub trait Resolve {
        fn name(&self) -> io::Result<Name>;
    }
}

use sealed::{Name, Resolve};

impl Resolve for SocketAddr {
    fn name(&self) -> io::Result<Name> {
        Ok(Name::Known(vec![*self]))
    }
}

impl Resolve for SocketAddrV4 {
    fn name(&self) -> io::Result<Name> {
        Ok(Name::Known(vec![(*self).into()]))
    }
}

impl Resolve for SocketAddrV6 {
    fn name(&self) -> io::Result<Name> {
        Ok(Name::Known(vec![(*self).into()]))
    }
}

impl Resolve for (IpAddr, u16) {
    fn name(&self) -> io::Result<Name> {
        Ok(Name::Known(vec![(*self).into()]))
    }
}

impl Resolve for (Ipv4Addr, u16) {
    fn name(&self) -> io::Result<Name> {
        Ok(Name::Known(vec![(*self).into()]))
    }
}

impl Resolve for (Ipv6Addr, u16) {
    fn name(&self) -> io::Result<Name> {
        Ok(Name::Known(vec![(*self).into()]))
    }
}

impl Resolve for [SocketAddr] {
    fn name(&self) -> io::Result<Name> {
        Ok(Name::Known(self.to_vec()))
    }
}

impl Resolve for (&str, u16) {
    fn name(&self) -> io::Result<Name> {
        let (host, port) = *self;
        // An address of version 6 may stand in brackets here, as it must where the port follows it.
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        Ok(match bare.parse::<IpAddr>() {
            Ok(ip) => Name::Known(vec![(ip, port).into()]),
            Err(_) => Name::Unknown(host.to_owned(), port),
        })
    }
}

impl Resolve for (String, u16) {
    fn name(&self) -> io::Result<Name> {
        (self.0.as_str(), self.1).name()
    }
}

impl Resolve for str {
    fn name(&self) -> io::Result<Name> {
        if let Ok(address) = self.parse() {
            return Ok(Name::Known(vec![address]));
        }
        let invalid =
            |what| io::Error::new(io::ErrorKind::InvalidInput, format!("{what}: {self:?}"));
        let (host, port) = self
            .rsplit_once(':')
            .ok_or_else(|| invalid("an address without a port"))?;
        let port = port
            .parse()
            .map_err(|_| invalid("an address with an invalid port"))?;
        (host, port).name()
    }
}

impl Resolve for String {
    fn name(&self) -> io::Result<Name> {
        self.as_str().name()
    }
}

impl<T: Resolve + ?Sized> Resolve for &T {
    fn name(&self) -> io::Result<Name> {
        (**self).name()
    }
}

/// Looks a name up. Cancel safe: a lookup that is under way ends unnoticed. Corresponds to `tokio::net::lookup_host`.
///
/// # Errors
///
/// `InvalidInput` for what is no name with a port, and what the system's resolver answers.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// let mut found = uring_rt::net::lookup_host("localhost:80").await?;
/// assert!(found.any(|address| address.ip().is_loopback()));
/// # Ok(())
/// # }
/// ```
pub async fn lookup_host(host: impl ToSocketAddrs) -> io::Result<impl Iterator<Item = SocketAddr>> {
    resolve(host).await
}

pub(crate) async fn resolve(name: impl ToSocketAddrs) -> io::Result<vec::IntoIter<SocketAddr>> {
    match name.name()? {
        Name::Known(addresses) => Ok(addresses.into_iter()),
        Name::Unknown(host, port) => ask_resolver(host, port).await,
    }
}

/// Tries `attempt` with each address until one succeeds; the last error is the answer.
pub(crate) async fn first_that_works<T, F: Future<Output = io::Result<T>>>(
    name: impl ToSocketAddrs,
    mut attempt: impl FnMut(SocketAddr) -> F,
) -> io::Result<T> {
    let mut last = no_address();
    for address in resolve(name).await? {
        match attempt(address).await {
            Ok(done) => return Ok(done),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The error for a name that stands for nothing.
pub(crate) fn no_address() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "the name has no address")
}

/// The system's resolver blocks, so it runs on the pool. A lookup whose future was dropped ends there unnoticed.
async fn ask_resolver(host: String, port: u16) -> io::Result<vec::IntoIter<SocketAddr>> {
    let lookup = move || std::net::ToSocketAddrs::to_socket_addrs(&(host, port));
    match spawn_blocking(lookup).await {
        Ok(found) => found,
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_known_and_names_are_not() {
        assert!(matches!("127.0.0.1:80".name(), Ok(Name::Known(_))));
        assert!(matches!("[::1]:80".name(), Ok(Name::Known(_))));
        assert!(matches!(("::1", 80).name(), Ok(Name::Known(_))));
        assert!(
            matches!("localhost:80".name(), Ok(Name::Unknown(host, 80)) if host == "localhost")
        );
    }

    #[test]
    fn what_has_no_port_is_refused() {
        for name in ["localhost", "localhost:", "localhost:70000", ""] {
            let error = name.name().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{name}");
        }
    }
}
