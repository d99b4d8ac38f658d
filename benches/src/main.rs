//! One round of one workload on one runtime, in a process of its own. `cargo xtask bench` runs it, many times.
//!
//! - `uring-rt-benches list` prints what there is, for the tables.
//! - `uring-rt-benches run WORKLOAD RUNTIME SCALE CORE LOAD_CORE` measures on one core, and prints a line for each metric.
//!   Where something makes a load, that runs on the other core.
//! - `uring-rt-benches serve RUNTIME TRANSPORT BUFFER` is the server of such a load, `serve-http RUNTIME` one that speaks
//!   HTTP.
//! - `uring-rt-benches once RUNTIME` does a little of everything and ends: what a process costs that does hardly anything.

mod echo;
mod idle_timeout;
mod load;
mod measure;
mod raw;
mod runtime;
mod runtimes;
mod server;
mod transport;
mod workload;
mod workloads;

use std::process::ExitCode;
use std::str::FromStr;

use nix::unistd::alarm;
use workload::{Metric, Round, Workload};

/// For one round, which takes less than a second or two.
const LIMIT_SECONDS: u32 = 60;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        ["list"] => {
            list();
            Ok(())
        }
        ["run", workload, runtime, scale, core, load_core] => {
            run(workload, runtime, scale, [core, load_core])
        }
        ["serve", runtime, transport, buffer] => serve(runtime, transport, buffer),
        ["serve-http", runtime] => server::serve_http(runtime),
        ["once", runtime] => {
            alarm::set(LIMIT_SECONDS);
            workloads::do_once(runtime)
        }
        _ => Err("this is run by `cargo xtask bench`".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

/// A line for each thing, the words separated by tabs. What belongs to a workload follows it.
fn list() {
    for workload in workloads::ALL {
        let Workload {
            name, group, title, ..
        } = workload;
        println!("workload\t{name}\t{group}\t{title}");
        for Metric { name, unit } in workload.metrics {
            println!("metric\t{name}\t{unit}");
        }
        for target in workload.targets {
            let of = target.of.unwrap_or_default();
            println!("target\t{}\t{}\t{of}", target.runtime, target.at_most);
        }
        for name in workload.runtimes {
            match (workload.without)(name) {
                Some(reason) => println!("without\t{name}\t{reason}"),
                None => println!("runtime\t{name}"),
            }
        }
    }
}

fn run(workload: &str, runtime: &str, scale: &str, cores: [&str; 2]) -> Result<(), String> {
    let found = workloads::ALL.iter().find(|known| known.name == workload);
    let found = found.ok_or_else(|| format!("there is no workload `{workload}`"))?;
    let [core, load_core] = cores;
    let round = Round {
        runtime: runtime.to_owned(),
        scale: number(scale)?,
        load_core: number(load_core)?,
    };
    // What hangs is ended by a signal.
    alarm::set(LIMIT_SECONDS);
    measure::bind_to_core(number(core)?)?;
    for (name, value) in (found.run)(&round)?.values {
        println!("{name}\t{value}");
    }
    Ok(())
}

fn serve(runtime: &str, transport: &str, buffer: &str) -> Result<(), String> {
    server::serve(runtime, transport.parse()?, number(buffer)?)
}

fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}
