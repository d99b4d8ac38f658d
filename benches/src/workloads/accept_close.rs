use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};

use crate::load::Server;
use crate::measure::bind_to_core;
use crate::transport::Transport;
use crate::workload::{Metric, Round, Sample, Workload};
use crate::workloads::echo_server::{BUFFER, SERVERS, lacks_libev};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "accept-close",
    group: "connections",
    title: "an echo server is connected to, sends 64 B back and sees the end, for each connection; 16 at a time",
    metrics: &[Metric {
        name: "cpu",
        unit: "us",
    }],
    targets: &[],
    runtimes: &SERVERS,
    without: lacks_libev,
    run,
};

const AT_A_TIME: usize = 16;
const MESSAGE: [u8; 64] = [b'x'; 64];

fn run(round: &Round) -> Result<Sample, String> {
    let text = |error: io::Error| error.to_string();
    let server = Server::start(&round.runtime, Transport::Tcp, BUFFER)?;
    let port = server.port()?;
    bind_to_core(round.load_core)?;
    let batches = round.times(250);
    for _ in 0..batches / 10 {
        connect_and_close(port).map_err(text)?;
    }
    let before = server.cpu_time();
    for _ in 0..batches {
        connect_and_close(port).map_err(text)?;
    }
    let cpu = (server.cpu_time() - before).as_secs_f64() * 1e6;
    Ok(Sample::new([("cpu", cpu / (batches * AT_A_TIME) as f64)]))
}

/// Waits until the server has closed its ends, too.
fn connect_and_close(port: u16) -> io::Result<()> {
    let mut streams = Vec::with_capacity(AT_A_TIME);
    for _ in 0..AT_A_TIME {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.write_all(&MESSAGE)?;
        streams.push(stream);
    }
    for stream in &mut streams {
        let mut back = [0; MESSAGE.len()];
        stream.read_exact(&mut back)?;
        if back != MESSAGE {
            return Err(io::Error::other("what came back is not what was sent"));
        }
        stream.shutdown(Shutdown::Write)?;
    }
    for stream in &mut streams {
        if stream.read(&mut [0])? != 0 {
            return Err(io::Error::other("more came back than was sent"));
        }
    }
    Ok(())
}
