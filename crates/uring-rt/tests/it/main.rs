//! What a program sees of the runtime, on every backend and rung.

mod accept;
mod blocking;
mod driver;
mod ecosystem;
mod fairness;
mod foreign;
mod handle;
mod hooks;
mod interval;
mod paused;
mod runtime;
mod runtime_end;
mod seccomp;
mod send_sync;
mod support;
mod tasks;
mod tcp_bulk;
mod tcp_echo;
mod tcp_ends;
mod tcp_stream;
mod timeout;
mod timers;
mod tokio_shape;
mod udp;
mod unix;
