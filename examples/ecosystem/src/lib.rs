//! What the programs in `src/bin` share: how a server begins, serves and ends.

pub mod http;
pub mod quic;
pub mod server;
pub mod tls;
