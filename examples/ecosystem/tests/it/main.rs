//! The programs, used by clients that others wrote.

mod axum;
mod http;
mod support;
mod tls;
mod websocket;
