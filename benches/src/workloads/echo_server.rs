//! What the workloads with an echo server have in common.

use std::io;
use std::time::{Duration, Instant};

use crate::load::{Clients, Server};
use crate::measure::bind_to_core;
use crate::runtimes;
use crate::server::LIBEV;
use crate::transport::Transport;
use crate::workload::{Round, SERVED, Sample, Target, Workload, at_most};

/// Of the server, for each connection, at least.
pub(crate) const BUFFER: usize = 4096;

const LASTING: Duration = Duration::from_millis(300);
const WARM_UP: Duration = Duration::from_millis(60);

/// All runtimes, and what they could come close to.
pub(crate) const SERVERS: [&str; 11] =
    runtimes::and(&["raw-epoll", "raw-poll-add", "raw-poll-add-plain", "libev"]);

/// The same, and more ways to ask a ring.
const ECHO_SERVERS: [&str; 13] = runtimes::and(&[
    "raw-epoll",
    "raw-poll-add",
    "raw-poll-add-plain",
    "raw-poll-add-unregistered",
    "raw-poll-multi",
    "libev",
]);

pub(crate) fn lacks_libev(name: &str) -> Option<&'static str> {
    let is_missing = name == "libev" && LIBEV.is_none();
    is_missing.then_some("libev was not installed when this was built")
}

/// The buffer of a server for messages of this size.
pub(crate) fn buffer_for(size: usize) -> usize {
    size.max(BUFFER)
}

/// What is expected of us beside tokio, and beside the loops without a runtime.
pub(crate) const fn targets(of_tokio: f64) -> [Target; 3] {
    [
        at_most("uring-rt", of_tokio, "tokio"),
        at_most("uring-rt", 1.05, "raw-poll-add"),
        at_most("uring-rt-epoll", 1.03, "raw-epoll"),
    ]
}

/// A workload of the server's processor time for each message.
pub(crate) const fn echo(
    group: &'static str,
    name: &'static str,
    title: &'static str,
    targets: &'static [Target],
    run: fn(&Round) -> Result<Sample, String>,
) -> Workload {
    Workload {
        name,
        group,
        title,
        metrics: SERVED,
        targets,
        runtimes: &ECHO_SERVERS,
        without: lacks_libev,
        run,
    }
}

/// What is sent to the server.
pub(crate) struct Load {
    pub(crate) transport: Transport,
    pub(crate) connections: usize,
    /// Of a message, in bytes.
    pub(crate) size: usize,
    /// Messages on their way, for each connection.
    pub(crate) depth: usize,
}

impl Load {
    pub(crate) fn run(&self, round: &Round) -> Result<Sample, String> {
        let text = |error: io::Error| error.to_string();
        let mut server = Server::start(&round.runtime, self.transport, buffer_for(self.size))?;
        bind_to_core(round.load_core)?;
        let clients = Clients::connect(&server.address, self.connections, self.size);
        let mut clients = clients.map_err(text)?.with_depth(self.depth);
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
            let count = (after - before) as f64 / round_trips;
            sample.values.push((name, count));
        }
        Ok(sample)
    }
}
