use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use crate::load::ourselves;
use crate::measure::cpu_time_of_children;
use crate::runtime::{LOOPBACK, Runtime, Stream, run};
use crate::runtimes::{self, Visit};
use crate::workload::{Metric, Round, Sample, Workload};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "cold-start",
    group: "tasks",
    title: "a process that accepts a connection, echoes a byte, sleeps 1 ms and ends: all of it, from its start",
    metrics: &[
        Metric {
            name: "cpu",
            unit: "ms",
        },
        Metric {
            name: "wall",
            unit: "ms",
        },
    ],
    targets: &[],
    runtimes: &RUNTIMES,
    without: |_| None,
    run: start_and_end,
};

const RUNTIMES: [&str; 8] = runtimes::and(&[BLOCKING]);

/// The same with blocking calls: what a process costs without a runtime.
const BLOCKING: &str = "std";

const BYTE: u8 = b'x';
const NAP: Duration = Duration::from_millis(1);

fn start_and_end(round: &Round) -> Result<Sample, String> {
    let times = round.times(40);
    // The first reads the program from the disk.
    start_one(&round.runtime)?;
    let (cpu, start) = (cpu_time_of_children()?, Instant::now());
    for _ in 0..times {
        start_one(&round.runtime)?;
    }
    let (cpu, wall) = (cpu_time_of_children()? - cpu, start.elapsed());
    let per = |time: Duration| time.as_secs_f64() * 1e3 / times as f64;
    Ok(Sample::new([("cpu", per(cpu)), ("wall", per(wall))]))
}

/// Bound to a core as this process is.
fn start_one(name: &str) -> Result<(), String> {
    let mut command = ourselves(&["once", name])?;
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("a process with {name}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("it ended with {}: {said}", output.status))
}

/// What the process does.
pub(crate) fn do_once(name: &str) -> Result<(), String> {
    let done = match name {
        BLOCKING => blocking(),
        _ => runtimes::visit(name, Once)?,
    };
    done.map_err(|error| error.to_string())
}

struct Once;

impl Visit for Once {
    type Output = io::Result<()>;

    fn visit<R: Runtime>(self) -> io::Result<()> {
        run::<R, _>(async {
            let (listener, address) = R::listen().await?;
            // The kernel takes the connection and the byte before anybody accepts.
            let mut client = TcpStream::connect(address)?;
            client.write_all(&[BYTE])?;
            let mut stream = R::accept(&listener).await?;
            let (received, buffer) = stream.read(vec![0]).await;
            let count = received?;
            let (sent, _) = stream.write_all(buffer, count).await;
            sent?;
            expect_byte(&mut client)?;
            R::sleep(NAP).await;
            Ok(())
        })
    }
}

fn blocking() -> io::Result<()> {
    let listener = TcpListener::bind(LOOPBACK)?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    client.write_all(&[BYTE])?;
    let (mut stream, _) = listener.accept()?;
    stream.set_nodelay(true)?;
    let mut buffer = [0];
    let count = stream.read(&mut buffer)?;
    stream.write_all(&buffer[..count])?;
    expect_byte(&mut client)?;
    thread::sleep(NAP);
    Ok(())
}

/// It is there already.
fn expect_byte(client: &mut TcpStream) -> io::Result<()> {
    let mut byte = [0];
    client.read_exact(&mut byte)?;
    if byte != [BYTE] {
        return Err(io::Error::other("what came back is not what was sent"));
    }
    Ok(())
}
