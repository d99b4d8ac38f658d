use crate::transport::Transport;
use crate::workload::{Round, Sample, Workload};
use crate::workloads::echo_server::{Load, echo, targets};

pub(crate) const ECHO_1: Workload = echo(
    GROUP,
    "unix-echo-1",
    "1 connection, messages of 64 B, for each round trip",
    &targets(0.95),
    |round| run(round, 1),
);
pub(crate) const ECHO_64: Workload = echo(
    GROUP,
    "unix-echo-64",
    "64 connections, messages of 64 B, for each round trip",
    &targets(1.05),
    |round| run(round, 64),
);
pub(crate) const ECHO_512: Workload = echo(
    GROUP,
    "unix-echo-512",
    "512 connections, messages of 64 B, for each round trip",
    &targets(1.0),
    |round| run(round, 512),
);

const GROUP: &str = "unix-echo";

fn run(round: &Round, connections: usize) -> Result<Sample, String> {
    let load = Load {
        transport: Transport::Unix,
        connections,
        size: 64,
        depth: 1,
    };
    load.run(round)
}
