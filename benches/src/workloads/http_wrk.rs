use std::process::Command;

use crate::load::Server;
use crate::measure::bind_to_core;
use crate::runtimes;
use crate::workload::{Round, SERVED, Sample, Workload, at_most};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "http-wrk",
    group: "http",
    title: "hyper answers wrk, HTTP/1.1, 64 connections, for each request",
    metrics: SERVED,
    targets: &[at_most("uring-rt", 1.0, "tokio")],
    runtimes: &runtimes::NAMES,
    without: |name| lacks_hyper(name).or_else(lacks_wrk),
    run: answer_wrk,
};

const CONNECTIONS: u64 = 64;

fn lacks_hyper(name: &str) -> Option<&'static str> {
    let by_value = matches!(name, "monoio" | "compio");
    by_value.then_some("its streams want buffers by value, and hyper lends them")
}

fn lacks_wrk() -> Option<&'static str> {
    // It prints its version and says that it has failed.
    let version = Command::new("wrk").arg("--version").output();
    version.is_err().then_some("wrk is not installed")
}

/// Of the same length at every scale: wrk takes whole seconds.
fn answer_wrk(round: &Round) -> Result<Sample, String> {
    let mut server = Server::start_http(&round.runtime)?;
    bind_to_core(round.load_core)?;
    let counters = server.counters()?;
    let cpu = server.cpu_time();
    let report = wrk(server.port()?)?;
    let cpu = server.cpu_time() - cpu;
    let mut sample = Sample::new([
        ("cpu", cpu.as_secs_f64() * 1e6 / report.requests),
        ("rate", report.per_second / 1e3),
    ]);
    for ((name, before), (_, after)) in counters.into_iter().zip(server.counters()?) {
        let count = after - before;
        if name != "connections" {
            sample.values.push((name, count as f64 / report.requests));
        } else if count < CONNECTIONS {
            return Err(format!("{count} of {CONNECTIONS} connections got answers"));
        }
    }
    Ok(sample)
}

struct Report {
    requests: f64,
    per_second: f64,
}

fn wrk(port: u16) -> Result<Report, String> {
    let output = Command::new("wrk")
        .args(["-t1", &format!("-c{CONNECTIONS}"), "-d1s"])
        .arg(format!("http://127.0.0.1:{port}/"))
        .output()
        .map_err(|error| format!("wrk: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    // Both lines are there only if something went wrong.
    if !output.status.success() || text.contains("Non-2xx") || text.contains("Socket errors") {
        return Err(format!("wrk ended with {}: {text}", output.status));
    }
    let report = parse(&text);
    report.ok_or_else(|| format!("this is no report of wrk: {text}"))
}

/// `  98345 requests in 1.02s, 11.63MB read`, and `Requests/sec:  96416.67`.
fn parse(report: &str) -> Option<Report> {
    let mut lines = report.lines().map(str::trim);
    let (requests, _) = lines.find_map(|line| line.split_once(" requests in "))?;
    let per_second = lines.find_map(|line| line.strip_prefix("Requests/sec:"))?;
    Some(Report {
        requests: requests.parse().ok()?,
        per_second: per_second.trim().parse().ok()?,
    })
}
