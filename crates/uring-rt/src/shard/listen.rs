//! One address, and a listening socket for each shard.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

use super::Shards;
use crate::net::{TcpListener, TcpSocket};
use crate::runtime::is_rt_shutdown_err;
use crate::task::JoinHandle;

/// How many connections may wait at each socket; the kernel's limit is the sysctl `net.core.somaxconn`.
const BACKLOG: u32 = 1024;

/// Sockets that listen on one address, one for each shard: see [`Shards::listen`].
///
/// Dropped, they are closed.
///
/// ```
/// use uring_rt::shard::{Builder, Listeners};
///
/// let shards = Builder::new().shards(2).build()?;
/// let listeners: Listeners<'_> = shards.listen("127.0.0.1:0")?;
/// let address = listeners.local_addr();
/// assert!(std::net::TcpStream::connect(address).is_ok());
/// drop(listeners);
/// assert!(std::net::TcpStream::connect(address).is_err());
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Listeners<'a> {
    shards: &'a Shards,
    address: SocketAddr,
    /// With the numbers of their shards.
    listeners: Vec<(usize, TcpListener)>,
}

impl Shards {
    /// Listens on one address with a socket for each shard (`SO_REUSEPORT`), among which the kernel deals out the
    /// connections. Port 0 is the same free one for all. A name is looked up on this thread, and its first address that
    /// works is taken.
    ///
    /// Connections are taken in from now on: go on to [`Listeners::serve`] at once. Those that wait at a socket when it
    /// is closed are reset, as with every listener.
    ///
    /// Other processes of the same user may listen there as well, and get their part.
    ///
    /// # Errors
    ///
    /// `AddrInUse` when the address is taken by a socket without `SO_REUSEPORT` or by another user, `PermissionDenied`
    /// and others of bind(2) and listen(2); when all shards have fallen. Those that have fallen are left out.
    ///
    /// ```
    /// use std::time::Duration;
    /// use uring_rt::{net::TcpListener, shard};
    ///
    /// async fn greet_one(listener: TcpListener) -> std::io::Result<()> {
    ///     let (stream, _peer) = listener.accept().await?;
    ///     stream.try_write(b"hello").map(drop)
    /// }
    ///
    /// let shards = shard::Builder::new().shards(2).build()?;
    /// let listeners = shards.listen("127.0.0.1:0")?;
    /// let address = listeners.local_addr();
    /// let servers = listeners.serve(greet_one);
    /// assert_eq!(servers.len(), 2);
    /// let mut hello = [0; 5];
    /// std::io::Read::read_exact(&mut std::net::TcpStream::connect(address)?, &mut hello)?;
    /// assert_eq!(&hello, b"hello");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn listen(&self, address: impl ToSocketAddrs) -> io::Result<Listeners<'_>> {
        let mut last = None;
        for address in address.to_socket_addrs()? {
            match self.listen_at(address) {
                Ok(listeners) => return Ok(listeners),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                "could not resolve to any address",
            )
        }))
    }

    fn listen_at(&self, mut address: SocketAddr) -> io::Result<Listeners<'_>> {
        let mut listeners = Vec::with_capacity(self.members.len());
        let mut fallen = None;
        for (shard, member) in self.members.iter().enumerate() {
            let socket = match address {
                SocketAddr::V4(_) => TcpSocket::new_v4(),
                SocketAddr::V6(_) => TcpSocket::new_v6(),
            }?;
            socket.set_reuseaddr(true)?;
            socket.set_reuseport(true)?;
            socket.bind(address)?;
            // What the first was given, all take.
            address.set_port(socket.local_addr()?.port());
            // Registered with the shard that is to use it.
            let _entered = member.handle.enter();
            match socket.listen(BACKLOG) {
                Ok(listener) => listeners.push((shard, listener)),
                Err(error) if is_rt_shutdown_err(&error) => fallen = Some(error),
                Err(error) => return Err(error),
            }
        }
        match fallen {
            Some(error) if listeners.is_empty() => Err(error),
            _ => Ok(Listeners {
                shards: self,
                address,
                listeners,
            }),
        }
    }
}

impl Listeners<'_> {
    /// Where they listen.
    ///
    /// ```
    /// let shards = uring_rt::shard::Builder::new().shards(2).build()?;
    /// let address = shards.listen("127.0.0.1:0")?.local_addr();
    /// assert_ne!(address.port(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Hands each shard its listener: a clone of `make` makes a future of it there, which need not be `Send` and is
    /// started as a task, as by [`Shards::spawn_on`]. The handles are in the order of the shards, without those that had
    /// fallen when [`Shards::listen`] was called.
    ///
    /// ```
    /// use std::{net::TcpStream, time::Duration};
    /// use futures_util::future::{Either, select};
    /// use uring_rt::{net::TcpListener, runtime::Runtime, shard};
    ///
    /// async fn count(listener: TcpListener) -> std::io::Result<usize> {
    ///     let (mut stopping, mut count) = (shard::stopping(), 0);
    ///     while let Either::Left((accepted, _)) = select(Box::pin(listener.accept()), &mut stopping).await {
    ///         drop(accepted?);
    ///         count += 1;
    ///     }
    ///     Ok(count)
    /// }
    ///
    /// let shards = shard::Builder::new().shards(2).build()?;
    /// let listeners = shards.listen("127.0.0.1:0")?;
    /// let address = listeners.local_addr();
    /// let servers = listeners.serve(count);
    /// for _ in 0..3 {
    ///     // Until it is closed: so it was accepted.
    ///     std::io::Read::read(&mut TcpStream::connect(address)?, &mut [0])?;
    /// }
    /// shards.shutdown(Duration::from_secs(5))?;
    /// let runtime = Runtime::new()?;
    /// let counts = servers.into_iter().map(|server| runtime.block_on(server)?);
    /// assert_eq!(counts.sum::<std::io::Result<usize>>()?, 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn serve<C, F>(self, make: C) -> Vec<JoinHandle<F::Output>>
    where
        C: FnOnce(TcpListener) -> F + Clone + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        let mut servers = Vec::with_capacity(self.listeners.len());
        for (shard, listener) in self.listeners {
            let make = make.clone();
            servers.push(self.shards.spawn_on(shard, move || make(listener)));
        }
        servers
    }
}

impl fmt::Debug for Listeners<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listeners")
            .field("address", &self.address)
            .field("count", &self.listeners.len())
            .finish_non_exhaustive()
    }
}
