//! The programs, used by clients that others wrote.

mod axum;
mod http;
mod https;
mod key_value;
mod quic;
mod sharded;
mod support;
mod tls;
mod websocket;
