use crate::load::{Clients, Server};
use crate::measure::bind_to_core;
use crate::transport::Transport;
use crate::workload::{Metric, Round, Sample, Workload, ours_at_most};
use crate::workloads::echo_server::{BUFFER, SERVERS, lacks_libev};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "idle-connections",
    group: "connections",
    title: "user memory of an echo server for each of 10 000 connections that have sent once, without the buffer of 4 KiB",
    metrics: &[Metric {
        name: "memory",
        unit: "B",
    }],
    targets: &[ours_at_most(500.0)],
    runtimes: &SERVERS,
    without: lacks_libev,
    run,
};

const CONNECTIONS: usize = 10_000;

fn run(round: &Round) -> Result<Sample, String> {
    let text = |error: std::io::Error| error.to_string();
    let server = Server::start(&round.runtime, Transport::Tcp, BUFFER)?;
    bind_to_core(round.load_core)?;
    // What is made once is made for the first.
    let mut first = Clients::connect(&server.address, 100, 64).map_err(text)?;
    first.run_times(100).map_err(text)?;
    let before = server.anonymous_memory()?;
    let count = round.times(CONNECTIONS);
    let mut clients = Clients::connect(&server.address, count, 64).map_err(text)?;
    clients.run_times(count as u64).map_err(text)?;
    let grown = server.anonymous_memory()?.saturating_sub(before);
    let memory = grown as f64 / count as f64 - BUFFER as f64;
    // Before the connections, which it would otherwise see closing one by one.
    drop(server);
    Ok(Sample::new([("memory", memory)]))
}
