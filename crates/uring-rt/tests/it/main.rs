//! What a program sees of the runtime, on every backend and rung.

mod accept;
mod blocking;
mod child;
mod driver;
mod dump;
mod ecosystem;
mod embedding;
mod fairness;
mod faults;
mod fd_passing;
mod foreign;
mod fresh_sockets;
mod handle;
mod happy_eyeballs;
mod hooks;
#[cfg(feature = "hyper")]
mod hyper;
mod incoming;
mod interval;
mod lookup;
mod paused;
mod pipe;
mod process;
mod rungs;
mod runtime;
mod runtime_end;
mod seccomp;
mod seed;
mod send_sync;
mod seqpacket;
mod seven_failures;
mod shard;
mod split;
mod stall;
mod support;
mod tasks;
mod tcp_bulk;
mod tcp_echo;
mod tcp_edges;
mod tcp_ends;
mod tcp_socket;
mod tcp_stream;
mod timeout;
mod timers;
#[cfg(feature = "tokio-io")]
mod tokio_io;
mod tokio_shape;
#[cfg(feature = "tracing")]
mod tracing;
mod udp;
mod udp_options;
mod unix;
mod unix_datagram;
mod unix_socket;
