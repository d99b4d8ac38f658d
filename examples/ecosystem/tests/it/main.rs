//! The programs, used by clients that others wrote.

mod http;
mod support;
mod tls;
