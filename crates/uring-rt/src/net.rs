//! TCP, UDP and Unix sockets. Corresponds to `tokio::net`.
//!
//! Operations on borrowed buffers, cancelled by dropping the future, with nothing lost: the kernel only says
//! when a socket is ready, and the call itself is made by your task.
//!
//! [`TcpStream`] and [`UnixStream`] are two cases of one type, [`SocketStream`], where what they share is written
//! and documented once. So are the listeners of [`SocketListener`], and the sockets for messages of
//! [`DatagramSocket`].
//!
//! ```
//! use futures_util::{AsyncReadExt, AsyncWriteExt};
//! use uring_rt::net::{TcpListener, TcpStream};
//!
//! #[uring_rt::main]
//! async fn main() -> std::io::Result<()> {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let mut client = TcpStream::connect(listener.local_addr()?).await?;
//!     let (mut server, _peer) = listener.accept().await?;
//!     client.write_all(b"hello").await?;
//!     let mut greeting = [0; 5];
//!     server.read_exact(&mut greeting).await?;
//!     assert_eq!(&greeting, b"hello");
//!     Ok(())
//! }
//! ```

mod address;
#[cfg(feature = "bytes")]
mod buf_mut;
mod connect;
mod datagram;
mod fill;
mod halves;
mod incoming;
mod kind;
mod listener;
#[cfg(feature = "tokio-io")]
pub(crate) mod read_buf;
mod register;
mod stream;
pub mod tcp;
mod tcp_listener;
mod tcp_socket;
mod tcp_stream;
mod udp;
pub mod unix;
mod unix_datagram;
mod unix_listener;
mod unix_seqpacket;
mod unix_socket;
mod unix_stream;

pub use address::{ToSocketAddrs, lookup_host};
pub use datagram::DatagramSocket;
pub use fill::Fill;
pub use halves::{ReadSide, WriteOwner, WriteSide};
pub use incoming::Incoming;
pub use kind::{ListenerSocket, PacketSocket, StreamSocket};
pub use listener::SocketListener;
pub use stream::SocketStream;
pub use tcp_listener::TcpListener;
pub use tcp_socket::TcpSocket;
pub use tcp_stream::TcpStream;
pub use udp::UdpSocket;
pub use unix_datagram::UnixDatagram;
pub use unix_listener::UnixListener;
pub use unix_seqpacket::{UnixSeqpacket, UnixSeqpacketListener};
pub use unix_socket::UnixSocket;
pub use unix_stream::UnixStream;
