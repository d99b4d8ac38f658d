//! The crate against the kernel it runs on, and against the kernel's C header. One module per behaviour.
//!
//! A test that needs what this kernel does not have says so in one line that begins with `skipped:`.

mod defer;
mod epoll;
mod eventfd;
mod fork;
mod header;
mod header_source;
mod overflow;
mod poll;
mod registered;
mod setup;
mod signal;
mod submit;
mod support;
mod timerfd;
mod wait;
