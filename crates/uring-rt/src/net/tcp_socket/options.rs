//! Socket options of a socket that is not connected yet.

use std::io;
use std::time::Duration;

use crate::net::TcpSocket;

impl TcpSocket {
    /// `SO_KEEPALIVE`: whether an idle peer is probed.
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    ///
    /// ```
    /// let socket = uring_rt::net::TcpSocket::new_v4()?;
    /// assert!(!socket.keepalive()?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn keepalive(&self) -> io::Result<bool> {
        self.inner.keepalive()
    }

    /// Sets `SO_KEEPALIVE`.
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2).
    ///
    /// ```
    /// let socket = uring_rt::net::TcpSocket::new_v4()?;
    /// socket.set_keepalive(true)?;
    /// assert!(socket.keepalive()?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_keepalive(&self, keepalive: bool) -> io::Result<()> {
        self.inner.set_keepalive(keepalive)
    }

    /// `SO_REUSEADDR`: whether a port can be bound while connections of its previous owner linger.
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    ///
    /// ```
    /// let socket = uring_rt::net::TcpSocket::new_v4()?;
    /// assert!(!socket.reuseaddr()?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn reuseaddr(&self) -> io::Result<bool> {
        self.inner.reuse_address()
    }

    /// Sets `SO_REUSEADDR`.
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2).
    ///
    /// ```
    /// let socket = uring_rt::net::TcpSocket::new_v4()?;
    /// socket.set_reuseaddr(true)?;
    /// assert!(socket.reuseaddr()?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_reuseaddr(&self, reuseaddr: bool) -> io::Result<()> {
        self.inner.set_reuse_address(reuseaddr)
    }

    /// `SO_REUSEPORT`: whether several sockets may listen on one port, each with a share of its
    /// connections.
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    ///
    /// ```
    /// let socket = uring_rt::net::TcpSocket::new_v4()?;
    /// assert!(!socket.reuseport()?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn reuseport(&self) -> io::Result<bool> {
        self.inner.reuse_port()
    }

    /// Sets `SO_REUSEPORT`. All of them have to, before they are bound.
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2).
    ///
    /// ```
    /// let socket = uring_rt::net::TcpSocket::new_v4()?;
    /// socket.set_reuseport(true)?;
    /// assert!(socket.reuseport()?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_reuseport(&self, reuseport: bool) -> io::Result<()> {
        self.inner.set_reuse_port(reuseport)
    }

    /// `TCP_NODELAY`: whether small writes are sent at once.
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    ///
    /// ```
    /// let socket = uring_rt::net::TcpSocket::new_v4()?;
    /// assert!(!socket.nodelay()?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn nodelay(&self) -> io::Result<bool> {
        self.inner.tcp_nodelay()
    }

    /// Sets `TCP_NODELAY`.
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2).
    ///
    /// ```
    /// let socket = uring_rt::net::TcpSocket::new_v4()?;
    /// socket.set_nodelay(true)?;
    /// assert!(socket.nodelay()?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.inner.set_tcp_nodelay(nodelay)
    }

    /// `SO_SNDBUF`: the size of the send buffer, in bytes, as the kernel counts.
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    ///
    /// ```
    /// let socket = uring_rt::net::TcpSocket::new_v4()?;
    /// assert!(socket.send_buffer_size()? > 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn send_buffer_size(&self) -> io::Result<u32> {
        // The kernel's own type is a C int.
        let size = self.inner.send_buffer_size()?;
        Ok(u32::try_from(size).unwrap_or(u32::MAX))
    }

    /// Sets `SO_SNDBUF`, in bytes. Linux doubles the value, for its own needs, and has a limit, see socket(7).
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2).
    ///
    /// ```
    /// let socket = uring_rt::net::TcpSocket::new_v4()?;
    /// socket.set_send_buffer_size(100_000)?;
    /// assert!(socket.send_buffer_size()? >= 100_000);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_send_buffer_size(&self, size: u32) -> io::Result<()> {
        self.inner.set_send_buffer_size(size as usize)
    }

    /// `SO_RCVBUF`: the size of the recv buffer, in bytes, as the kernel counts.
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    ///
    /// ```
    /// let socket = uring_rt::net::TcpSocket::new_v4()?;
    /// assert!(socket.recv_buffer_size()? > 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn recv_buffer_size(&self) -> io::Result<u32> {
        // The kernel's own type is a C int.
        let size = self.inner.recv_buffer_size()?;
        Ok(u32::try_from(size).unwrap_or(u32::MAX))
    }

    /// Sets `SO_RCVBUF`, in bytes. Linux doubles the value, for its own needs, and has a limit, see socket(7).
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2).
    ///
    /// ```
    /// let socket = uring_rt::net::TcpSocket::new_v4()?;
    /// socket.set_recv_buffer_size(100_000)?;
    /// assert!(socket.recv_buffer_size()? >= 100_000);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_recv_buffer_size(&self, size: u32) -> io::Result<()> {
        self.inner.set_recv_buffer_size(size as usize)
    }

    /// `SO_LINGER`: how long a close waits for what was written to be sent; `None` is the kernel's way.
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    ///
    /// ```
    /// let socket = uring_rt::net::TcpSocket::new_v4()?;
    /// assert_eq!(socket.linger()?, None);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        self.inner.linger()
    }

    /// Sets `SO_LINGER`, in seconds; the rest is cut off. A drop then stops the thread, with all of its tasks, for up to
    /// that time, which is why tokio deprecates it.
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2).
    ///
    /// ```
    /// # #![expect(deprecated, reason = "to show it")]
    /// let socket = uring_rt::net::TcpSocket::new_v4()?;
    /// socket.set_linger(None)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[deprecated = "`SO_LINGER` makes the drop of the socket block the thread; set_zero_linger does not"]
    pub fn set_linger(&self, duration: Option<Duration>) -> io::Result<()> {
        self.inner.set_linger(duration)
    }

    /// `SO_LINGER` of zero: a close discards what was not sent, and resets the connection.
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2).
    ///
    /// ```
    /// let socket = uring_rt::net::TcpSocket::new_v4()?;
    /// socket.set_zero_linger()?;
    /// assert_eq!(socket.linger()?, Some(std::time::Duration::ZERO));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_zero_linger(&self) -> io::Result<()> {
        self.inner.set_linger(Some(Duration::ZERO))
    }

    /// `IPV6_TCLASS`: the traffic class of what is sent.
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    ///
    /// ```
    /// # if uring_rt::net::TcpSocket::new_v6().is_err() { return Ok(()) } // a machine without IPv6
    /// let socket = uring_rt::net::TcpSocket::new_v6()?;
    /// assert_eq!(socket.tclass_v6()?, 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn tclass_v6(&self) -> io::Result<u32> {
        self.inner.tclass_v6()
    }

    /// Sets `IPV6_TCLASS`.
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2).
    ///
    /// ```
    /// # if uring_rt::net::TcpSocket::new_v6().is_err() { return Ok(()) } // a machine without IPv6
    /// let socket = uring_rt::net::TcpSocket::new_v6()?;
    /// socket.set_tclass_v6(16)?;
    /// assert_eq!(socket.tclass_v6()?, 16);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_tclass_v6(&self, tclass: u32) -> io::Result<()> {
        self.inner.set_tclass_v6(tclass)
    }

    /// `IP_TOS`: the type of service of what is sent.
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    ///
    /// ```
    /// let socket = uring_rt::net::TcpSocket::new_v4()?;
    /// assert_eq!(socket.tos_v4()?, 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn tos_v4(&self) -> io::Result<u32> {
        self.inner.tos_v4()
    }

    /// Sets `IP_TOS`.
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2).
    ///
    /// ```
    /// let socket = uring_rt::net::TcpSocket::new_v4()?;
    /// socket.set_tos_v4(16)?;
    /// assert_eq!(socket.tos_v4()?, 16);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_tos_v4(&self, tos: u32) -> io::Result<()> {
        self.inner.set_tos_v4(tos)
    }

    /// `SO_BINDTODEVICE`: the network interface that it is bound to.
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    ///
    /// ```
    /// let socket = uring_rt::net::TcpSocket::new_v4()?;
    /// assert_eq!(socket.device()?, None);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn device(&self) -> io::Result<Option<Vec<u8>>> {
        self.inner.device()
    }

    /// Sets `SO_BINDTODEVICE`: only this network interface is used. `None` ends it. See socket(7).
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2); `PermissionDenied` without `CAP_NET_RAW` where an interface is set already.
    ///
    /// ```
    /// let socket = uring_rt::net::TcpSocket::new_v4()?;
    /// socket.bind_device(None)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn bind_device(&self, interface: Option<&[u8]>) -> io::Result<()> {
        self.inner.bind_device(interface)
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
