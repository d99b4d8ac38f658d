use crate::transport::Transport;
use crate::workload::{Round, Sample, Workload};
use crate::workloads::echo_server::{Load, echo, targets};

pub(crate) const DEEP_1: Workload = echo(
    GROUP,
    "tcp-echo-d16-1",
    "1 connection with 16 messages of 64 B on their way, for each message",
    &targets(0.95),
    |round| run(round, 1),
);
pub(crate) const DEEP_64: Workload = echo(
    GROUP,
    "tcp-echo-d16-64",
    "64 connections, each with 16 messages of 64 B on their way, for each message",
    &targets(1.05),
    |round| run(round, 64),
);
pub(crate) const DEEP_512: Workload = echo(
    GROUP,
    "tcp-echo-d16-512",
    "512 connections, each with 16 messages of 64 B on their way, for each message",
    &targets(1.0),
    |round| run(round, 512),
);

/// One of its own: a page of twelve workloads would be too long.
const GROUP: &str = "tcp-echo-depth";

/// The server reads what is there, which may be several messages, or one and a part.
fn run(round: &Round, connections: usize) -> Result<Sample, String> {
    let load = Load {
        transport: Transport::Tcp,
        connections,
        size: 64,
        depth: 16,
    };
    load.run(round)
}
