//! What a program sees of the runtime, on every backend and rung.

mod accept;
mod blocking;
mod child;
mod driver;
mod ecosystem;
mod embedding;
mod fairness;
mod faults;
mod foreign;
mod handle;
mod hooks;
mod incoming;
mod interval;
mod paused;
mod process;
mod rungs;
mod runtime;
mod runtime_end;
mod seccomp;
mod send_sync;
mod seven_failures;
mod split;
mod support;
mod tasks;
mod tcp_bulk;
mod tcp_echo;
mod tcp_ends;
mod tcp_stream;
mod timeout;
mod timers;
#[cfg(feature = "tokio-io")]
mod tokio_io;
mod tokio_shape;
mod udp;
mod unix;
mod unix_datagram;
