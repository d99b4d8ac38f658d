use std::time::{Duration, Instant};

use crate::load::{Clients, Server};
use crate::measure::bind_to_core;
use crate::server::LIBEV;
use crate::workload::{Metric, Round, Sample, Target, Workload, at_most};

pub(crate) const SMALL_1: Workload = workload(
    "tcp-echo-1",
    "1 connection, messages of 64 B, for each round trip",
    &targets(0.95),
    |round| echo(round, 1, SMALL),
);
pub(crate) const SMALL_64: Workload = workload(
    "tcp-echo-64",
    "64 connections, messages of 64 B, for each round trip",
    &targets(1.05),
    |round| echo(round, 64, SMALL),
);
pub(crate) const SMALL_512: Workload = workload(
    "tcp-echo-512",
    "512 connections, messages of 64 B, for each round trip",
    &targets(1.0),
    |round| echo(round, 512, SMALL),
);
pub(crate) const LARGE_1: Workload = workload(
    "tcp-echo-16k-1",
    "1 connection, messages of 16 KiB, for each round trip",
    &targets(0.95),
    |round| echo(round, 1, LARGE),
);
pub(crate) const LARGE_64: Workload = workload(
    "tcp-echo-16k-64",
    "64 connections, messages of 16 KiB, for each round trip",
    &targets(1.05),
    |round| echo(round, 64, LARGE),
);
pub(crate) const LARGE_512: Workload = workload(
    "tcp-echo-16k-512",
    "512 connections, messages of 16 KiB, for each round trip",
    &targets(1.0),
    |round| echo(round, 512, LARGE),
);

const SMALL: usize = 64;
const LARGE: usize = 16 * 1024;
/// Of the server, for each connection, at least.
pub(crate) const BUFFER: usize = 4096;

const LASTING: Duration = Duration::from_millis(500);
const WARM_UP: Duration = Duration::from_millis(100);

/// All runtimes, and what they could come close to.
pub(crate) const SERVERS: [&str; 11] = [
    "uring-rt",
    "uring-rt-epoll",
    "tokio",
    "smol",
    "monoio",
    "compio",
    "glommio",
    "raw-epoll",
    "raw-poll-add",
    "raw-poll-add-plain",
    "libev",
];

/// The same, and more ways to ask a ring.
const ECHO_SERVERS: [&str; 13] = [
    "uring-rt",
    "uring-rt-epoll",
    "tokio",
    "smol",
    "monoio",
    "compio",
    "glommio",
    "raw-epoll",
    "raw-poll-add",
    "raw-poll-add-plain",
    "raw-poll-add-unregistered",
    "raw-poll-multi",
    "libev",
];

const fn targets(of_tokio: f64) -> [Target; 3] {
    [
        at_most("uring-rt", of_tokio, "tokio"),
        at_most("uring-rt", 1.05, "raw-poll-add"),
        at_most("uring-rt-epoll", 1.03, "raw-epoll"),
    ]
}

const fn workload(
    name: &'static str,
    title: &'static str,
    targets: &'static [Target],
    run: fn(&Round) -> Result<Sample, String>,
) -> Workload {
    Workload {
        name,
        group: "tcp-echo",
        title,
        metrics: &[
            Metric {
                name: "cpu",
                unit: "us",
            },
            Metric {
                name: "rate",
                unit: "thousands/s",
            },
            Metric {
                name: "enters",
                unit: "",
            },
            Metric {
                name: "arms",
                unit: "",
            },
        ],
        targets,
        runtimes: &ECHO_SERVERS,
        without: lacks_libev,
        run,
    }
}

pub(crate) fn lacks_libev(name: &str) -> Option<&'static str> {
    let is_missing = name == "libev" && LIBEV.is_none();
    is_missing.then_some("libev was not installed when this was built")
}

/// The buffer of a server for messages of this size.
pub(crate) fn buffer_for(size: usize) -> usize {
    size.max(BUFFER)
}

fn echo(round: &Round, connections: usize, size: usize) -> Result<Sample, String> {
    let mut server = Server::start(&round.runtime, buffer_for(size))?;
    bind_to_core(round.load_core)?;
    let text = |error: std::io::Error| error.to_string();
    let mut clients = Clients::connect(server.port, connections, size).map_err(text)?;
    clients.run_for(round.lasting(WARM_UP)).map_err(text)?;

    let counters = server.counters()?;
    let (cpu, start) = (server.cpu_time(), Instant::now());
    let round_trips = clients.run_for(round.lasting(LASTING)).map_err(text)? as f64;
    let (cpu, wall) = (server.cpu_time() - cpu, start.elapsed());
    let mut sample = Sample::new([
        ("cpu", cpu.as_secs_f64() * 1e6 / round_trips),
        ("rate", round_trips / wall.as_secs_f64() / 1e3),
    ]);
    for ((name, before), (_, after)) in counters.into_iter().zip(server.counters()?) {
        sample
            .values
            .push((name, (after - before) as f64 / round_trips));
    }
    Ok(sample)
}
