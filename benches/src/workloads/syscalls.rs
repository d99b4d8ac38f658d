use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::load::{Clients, Server};
use crate::measure::bind_to_core;
use crate::transport::Transport;
use crate::workload::{Metric, Round, Sample, Target, Workload};
use crate::workloads::echo_server::{SERVERS, buffer_for, lacks_libev};

pub(crate) const CALLS_1: Workload = workload(
    "syscalls-1",
    "system calls of an echo server for each round trip, 1 connection",
    &targets(3.0),
    |round| calls(round, 1),
);
pub(crate) const CALLS_64: Workload = workload(
    "syscalls-64",
    "system calls of an echo server for each round trip, 64 connections",
    &targets(2.0 + 1.0 / 64.0),
    |round| calls(round, 64),
);

const SIZE: usize = 64;

/// One read and one write for each round trip, and a wait for all connections together; and now and then an event
/// comes alone.
const fn targets(least: f64) -> [Target; 2] {
    [
        Target {
            runtime: "uring-rt",
            at_most: least + 0.03,
            of: None,
        },
        Target {
            runtime: "uring-rt-epoll",
            at_most: least + 0.03,
            of: None,
        },
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
        group: "syscalls",
        title,
        metrics: &[
            Metric {
                name: "all",
                unit: "",
            },
            Metric {
                name: "wait",
                unit: "",
            },
            Metric {
                name: "read",
                unit: "",
            },
            Metric {
                name: "write",
                unit: "",
            },
            Metric {
                name: "timer",
                unit: "",
            },
            Metric {
                name: "other",
                unit: "",
            },
        ],
        targets,
        runtimes: &SERVERS,
        without: |name| lacks_libev(name).or_else(lacks_strace),
        run,
    }
}

fn lacks_strace() -> Option<&'static str> {
    let version = Command::new("strace")
        .arg("-V")
        .stdout(Stdio::null())
        .status();
    let works = version.is_ok_and(|status| status.success());
    (!works).then_some("strace is not installed")
}

/// Kinds of calls, by their names as strace has them.
const KINDS: [(&str, &[&str]); 4] = [
    (
        "wait",
        &[
            "io_uring_enter",
            "epoll_wait",
            "epoll_pwait",
            "epoll_pwait2",
            "poll",
        ],
    ),
    ("read", &["recvfrom", "recvmsg", "read", "readv"]),
    ("write", &["sendto", "sendmsg", "write", "writev"]),
    ("timer", &["timerfd_settime"]),
];

fn calls(round: &Round, connections: usize) -> Result<Sample, String> {
    let mut server = Server::start(&round.runtime, Transport::Tcp, buffer_for(SIZE))?;
    bind_to_core(round.load_core)?;
    let text = |error: std::io::Error| error.to_string();
    let mut clients = Clients::connect(&server.address, connections, SIZE).map_err(text)?;
    clients.run_for(Duration::from_millis(50)).map_err(text)?;
    clients.finish().map_err(text)?;

    let tracer = Tracer::attach(server.id())?;
    let round_trips = clients.run_times(round.times(3_000) as u64).map_err(text)?;
    let counts = tracer.detach()?;
    // It must have survived that.
    server.counters()?;
    let mut values = vec![("all", 0)];
    values.extend(KINDS.map(|(kind, _)| (kind, 0)));
    values.push(("other", 0));
    for (name, count) in counts {
        let kind = KINDS.iter().position(|(_, names)| names.contains(&&*name));
        values[0].1 += count;
        values[kind.map_or(KINDS.len() + 1, |kind| kind + 1)].1 += count;
    }
    let per = |(name, count): (&str, u64)| (name.to_owned(), count as f64 / round_trips as f64);
    Ok(Sample {
        values: values.into_iter().map(per).collect(),
    })
}

/// strace, as it counts the calls of a process that has begun before.
struct Tracer {
    strace: Child,
    summary: String,
}

impl Tracer {
    /// Returns when nothing of the process is missed any more.
    fn attach(pid: u32) -> Result<Self, String> {
        let summary = format!("/tmp/uring-rt-benches-{pid}.strace");
        let strace = Command::new("strace")
            .args(["-f", "-c", "-o", &summary, "-p", &pid.to_string()])
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("strace: {error}"))?;
        let tracer = Self { strace, summary };
        let start = Instant::now();
        while !all_threads_are_traced(pid) {
            if start.elapsed() > Duration::from_secs(5) {
                return Err("strace does not attach".to_owned());
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(tracer)
    }

    /// The counts by name.
    fn detach(mut self) -> Result<Vec<(String, u64)>, String> {
        let pid = Pid::from_raw(self.strace.id().cast_signed());
        kill(pid, Signal::SIGINT).map_err(|error| format!("strace: {error}"))?;
        self.strace
            .wait()
            .map_err(|error| format!("strace: {error}"))?;
        let text = fs::read_to_string(&self.summary);
        let text = text.map_err(|error| format!("{}: {error}", self.summary))?;
        Ok(text.lines().filter_map(row).collect())
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        // Both may be gone already.
        let _ = self.strace.kill();
        let _ = self.strace.wait();
        let _ = fs::remove_file(&self.summary);
    }
}

/// Calls are in the fourth column, the name is in the last, and a column of errors may stand between them.
fn row(line: &str) -> Option<(String, u64)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let calls = words.get(3)?.parse().ok()?;
    let name = *words.last()?;
    (words.len() >= 5 && name != "total").then(|| (name.to_owned(), calls))
}

fn all_threads_are_traced(pid: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return false;
    };
    threads.flatten().all(|thread| {
        let status = fs::read_to_string(thread.path().join("status")).unwrap_or_default();
        let tracer = status
            .lines()
            .find_map(|line| line.strip_prefix("TracerPid:"));
        tracer.is_some_and(|tracer| tracer.trim() != "0")
    })
}
