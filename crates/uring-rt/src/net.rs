//! TCP, UDP and Unix sockets. Corresponds to `tokio::net`.
//!
//! Operations on borrowed buffers, cancelled by dropping the future, with nothing lost: the kernel only says
//! when a socket is ready, and the call itself is made by your task.

mod address;
mod stream;
mod tcp_listener;
mod tcp_stream;
mod udp;
mod unix_listener;
mod unix_stream;

pub use address::{ToSocketAddrs, lookup_host};
pub use tcp_listener::TcpListener;
pub use tcp_stream::TcpStream;
pub use udp::UdpSocket;
pub use unix_listener::UnixListener;
pub use unix_stream::UnixStream;
