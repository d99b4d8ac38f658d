use crate::transport::Transport;
use crate::workload::{Round, Sample, Workload};
use crate::workloads::echo_server::{Load, echo, targets};

pub(crate) const SMALL_1: Workload = echo(
    GROUP,
    "tcp-echo-1",
    "1 connection, messages of 64 B, for each round trip",
    &targets(0.95),
    |round| run(round, 1, SMALL),
);
pub(crate) const SMALL_64: Workload = echo(
    GROUP,
    "tcp-echo-64",
    "64 connections, messages of 64 B, for each round trip",
    &targets(1.05),
    |round| run(round, 64, SMALL),
);
pub(crate) const SMALL_512: Workload = echo(
    GROUP,
    "tcp-echo-512",
    "512 connections, messages of 64 B, for each round trip",
    &targets(1.0),
    |round| run(round, 512, SMALL),
);
pub(crate) const LARGE_1: Workload = echo(
    GROUP,
    "tcp-echo-16k-1",
    "1 connection, messages of 16 KiB, for each round trip",
    &targets(0.95),
    |round| run(round, 1, LARGE),
);
pub(crate) const LARGE_64: Workload = echo(
    GROUP,
    "tcp-echo-16k-64",
    "64 connections, messages of 16 KiB, for each round trip",
    &targets(1.05),
    |round| run(round, 64, LARGE),
);
pub(crate) const LARGE_512: Workload = echo(
    GROUP,
    "tcp-echo-16k-512",
    "512 connections, messages of 16 KiB, for each round trip",
    &targets(1.0),
    |round| run(round, 512, LARGE),
);

const GROUP: &str = "tcp-echo";
const SMALL: usize = 64;
const LARGE: usize = 16 * 1024;

fn run(round: &Round, connections: usize, size: usize) -> Result<Sample, String> {
    let load = Load {
        transport: Transport::Tcp,
        connections,
        size,
        depth: 1,
    };
    load.run(round)
}
