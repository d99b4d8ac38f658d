//! Socket options of UDP.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

use socket2::SockRef;

use crate::net::UdpSocket;

impl UdpSocket {
    /// `SO_BROADCAST`: whether datagrams may go to a broadcast address.
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// assert!(!socket.broadcast()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn broadcast(&self) -> io::Result<bool> {
        SockRef::from(self).broadcast()
    }

    /// Sets `SO_BROADCAST`.
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.set_broadcast(true)?;
    /// assert!(socket.broadcast()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_broadcast(&self, on: bool) -> io::Result<()> {
        SockRef::from(self).set_broadcast(on)
    }

    /// `IP_MULTICAST_LOOP`: whether this machine hears the multicast datagrams it sends.
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// assert!(socket.multicast_loop_v4()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        SockRef::from(self).multicast_loop_v4()
    }

    /// Sets `IP_MULTICAST_LOOP`.
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.set_multicast_loop_v4(false)?;
    /// assert!(!socket.multicast_loop_v4()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_multicast_loop_v4(&self, on: bool) -> io::Result<()> {
        SockRef::from(self).set_multicast_loop_v4(on)
    }

    /// `IP_MULTICAST_TTL`: hops that a multicast datagram may take; 1 stays in the local network.
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// let _now: u32 = socket.multicast_ttl_v4()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        SockRef::from(self).multicast_ttl_v4()
    }

    /// Sets `IP_MULTICAST_TTL`.
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.set_multicast_ttl_v4(3)?;
    /// assert_eq!(socket.multicast_ttl_v4()?, 3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_multicast_ttl_v4(&self, ttl: u32) -> io::Result<()> {
        SockRef::from(self).set_multicast_ttl_v4(ttl)
    }

    /// `IPV6_MULTICAST_LOOP`: whether this machine hears the multicast datagrams it sends.
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// # if uring_rt::net::UdpSocket::bind("[::1]:0").await.is_err() { return Ok(()) } // a machine without IPv6
    /// let socket = uring_rt::net::UdpSocket::bind("[::1]:0").await?;
    /// assert!(socket.multicast_loop_v6()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn multicast_loop_v6(&self) -> io::Result<bool> {
        SockRef::from(self).multicast_loop_v6()
    }

    /// Sets `IPV6_MULTICAST_LOOP`.
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// # if uring_rt::net::UdpSocket::bind("[::1]:0").await.is_err() { return Ok(()) } // a machine without IPv6
    /// let socket = uring_rt::net::UdpSocket::bind("[::1]:0").await?;
    /// socket.set_multicast_loop_v6(false)?;
    /// assert!(!socket.multicast_loop_v6()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_multicast_loop_v6(&self, on: bool) -> io::Result<()> {
        SockRef::from(self).set_multicast_loop_v6(on)
    }

    /// `IPV6_TCLASS`: the traffic class of what is sent.
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// # if uring_rt::net::UdpSocket::bind("[::1]:0").await.is_err() { return Ok(()) } // a machine without IPv6
    /// let socket = uring_rt::net::UdpSocket::bind("[::1]:0").await?;
    /// let _now: u32 = socket.tclass_v6()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn tclass_v6(&self) -> io::Result<u32> {
        SockRef::from(self).tclass_v6()
    }

    /// Sets `IPV6_TCLASS`.
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// # if uring_rt::net::UdpSocket::bind("[::1]:0").await.is_err() { return Ok(()) } // a machine without IPv6
    /// let socket = uring_rt::net::UdpSocket::bind("[::1]:0").await?;
    /// socket.set_tclass_v6(16)?;
    /// assert_eq!(socket.tclass_v6()?, 16);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_tclass_v6(&self, tclass: u32) -> io::Result<()> {
        SockRef::from(self).set_tclass_v6(tclass)
    }

    /// `IP_TTL`: hops that a packet may take.
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// let _now: u32 = socket.ttl()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn ttl(&self) -> io::Result<u32> {
        SockRef::from(self).ttl_v4()
    }

    /// Sets `IP_TTL`.
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.set_ttl(12)?;
    /// assert_eq!(socket.ttl()?, 12);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        SockRef::from(self).set_ttl_v4(ttl)
    }

    /// `IP_TOS`: the type of service of what is sent.
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// let _now: u32 = socket.tos_v4()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn tos_v4(&self) -> io::Result<u32> {
        SockRef::from(self).tos_v4()
    }

    /// Sets `IP_TOS`.
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.set_tos_v4(16)?;
    /// assert_eq!(socket.tos_v4()?, 16);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_tos_v4(&self, tos: u32) -> io::Result<()> {
        SockRef::from(self).set_tos_v4(tos)
    }

    /// `SO_BINDTODEVICE`: the network interface that it is bound to.
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// assert_eq!(socket.device()?, None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn device(&self) -> io::Result<Option<Vec<u8>>> {
        SockRef::from(self).device()
    }

    /// Sets `SO_BINDTODEVICE`: only what comes over this network interface is received, and only there is sent. `None`
    /// ends it. See socket(7).
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2); `PermissionDenied` without `CAP_NET_RAW` where an interface is set already.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.bind_device(None)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn bind_device(&self, interface: Option<&[u8]>) -> io::Result<()> {
        SockRef::from(self).bind_device(interface)
    }

    /// `IP_ADD_MEMBERSHIP`: receives what is sent to a group, on the interface with this address; an unspecified one leaves
    /// the choice to the kernel.
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// let (group, interface) = ("224.0.0.251".parse().unwrap(), "127.0.0.1".parse().unwrap());
    /// socket.join_multicast_v4(group, interface)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn join_multicast_v4(&self, multiaddr: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        SockRef::from(self).join_multicast_v4(&multiaddr, &interface)
    }

    /// `IPV6_ADD_MEMBERSHIP`: receives what is sent to a group, on the interface with this number; 0 leaves the choice to
    /// the kernel.
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// # if uring_rt::net::UdpSocket::bind("[::1]:0").await.is_err() { return Ok(()) } // a machine without IPv6
    /// let socket = uring_rt::net::UdpSocket::bind("[::1]:0").await?;
    /// let not_a_group = socket.join_multicast_v6(&"::1".parse().unwrap(), 0).unwrap_err();
    /// assert_eq!(not_a_group.kind(), std::io::ErrorKind::InvalidInput);
    /// # Ok(())
    /// # }
    /// ```
    pub fn join_multicast_v6(&self, multiaddr: &Ipv6Addr, interface: u32) -> io::Result<()> {
        SockRef::from(self).join_multicast_v6(multiaddr, interface)
    }

    /// `IP_DROP_MEMBERSHIP`: leaves a group that was joined with the same interface.
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2); `AddrNotAvailable` for a group that was not joined.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// let (group, interface) = ("224.0.0.251".parse().unwrap(), "127.0.0.1".parse().unwrap());
    /// socket.join_multicast_v4(group, interface)?;
    /// socket.leave_multicast_v4(group, interface)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn leave_multicast_v4(&self, multiaddr: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        SockRef::from(self).leave_multicast_v4(&multiaddr, &interface)
    }

    /// `IPV6_DROP_MEMBERSHIP`: leaves a group that was joined with the same interface.
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2); `AddrNotAvailable` for a group that was not joined.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// # if uring_rt::net::UdpSocket::bind("[::1]:0").await.is_err() { return Ok(()) } // a machine without IPv6
    /// let socket = uring_rt::net::UdpSocket::bind("[::1]:0").await?;
    /// let not_joined = socket.leave_multicast_v6(&"ff02::fb".parse().unwrap(), 0).unwrap_err();
    /// assert_eq!(not_joined.kind(), std::io::ErrorKind::AddrNotAvailable);
    /// # Ok(())
    /// # }
    /// ```
    pub fn leave_multicast_v6(&self, multiaddr: &Ipv6Addr, interface: u32) -> io::Result<()> {
        SockRef::from(self).leave_multicast_v6(multiaddr, interface)
    }

    /// The old name of [`tos_v4`](Self::tos_v4).
    #[doc(hidden)]
    #[deprecated = "renamed to `tos_v4`, as it is one of IPv4"]
    pub fn tos(&self) -> io::Result<u32> {
        self.tos_v4()
    }

    /// The old name of [`set_tos_v4`](Self::set_tos_v4).
    #[doc(hidden)]
    #[deprecated = "renamed to `set_tos_v4`, as it is one of IPv4"]
    pub fn set_tos(&self, tos: u32) -> io::Result<()> {
        self.set_tos_v4(tos)
    }
}
