use std::time::Duration;

use crate::load::{Clients, Hog, Server};
use crate::measure::bind_to_core;
use crate::transport::Transport;
use crate::workload::{Metric, Round, Sample, Workload};
use crate::workloads::echo_server::{BUFFER, SERVERS, lacks_libev};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "fairness",
    group: "connections",
    title: "100 connections send 64 B each in turn, while one more sends without a pause: the 99th of 100 answers",
    metrics: &[
        Metric {
            name: "p99",
            unit: "us",
        },
        Metric {
            name: "p50",
            unit: "us",
        },
        Metric {
            name: "hog",
            unit: "MiB/s",
        },
    ],
    targets: &[],
    runtimes: &SERVERS,
    without: lacks_libev,
    run,
};

const CONNECTIONS: usize = 100;
const LASTING: Duration = Duration::from_millis(500);

fn run(round: &Round) -> Result<Sample, String> {
    let text = |error: std::io::Error| error.to_string();
    let server = Server::start(&round.runtime, Transport::Tcp, BUFFER)?;
    bind_to_core(round.load_core)?;
    let mut clients = Clients::connect(&server.address, CONNECTIONS, 64).map_err(text)?;
    let mut hog = Hog::connect(&server.address).map_err(text)?;
    hog.run_beside(&mut clients, LASTING / 10).map_err(text)?;
    let lasting = round.lasting(LASTING);
    let mut measured = hog.run_beside(&mut clients, lasting).map_err(text)?;
    measured.latencies.sort_unstable();
    let at = |share: f64| {
        let index = (measured.latencies.len() as f64 * share) as usize;
        measured.latencies[index].as_secs_f64() * 1e6
    };
    let rate = measured.hog_bytes as f64 / measured.lasted.as_secs_f64() / f64::from(1 << 20);
    Ok(Sample::new([
        ("p99", at(0.99)),
        ("p50", at(0.5)),
        ("hog", rate),
    ]))
}
