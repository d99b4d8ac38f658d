//! The command line.

use std::str::FromStr;
use std::time::Duration;

use uring_rt::runtime::Backend;

use crate::load::Load;

#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) backend: Backend,
    pub(crate) mode: Mode,
}

#[derive(Debug)]
pub(crate) enum Mode {
    /// A server for others.
    Listen(String),
    /// A server for its own clients.
    Measure(Load),
}

impl Args {
    /// What is wrong with the arguments is said in one line.
    pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Args, String> {
        let mut backend = Backend::Auto;
        let mut listen = None;
        let mut load = Load {
            clients: 64,
            duration: Duration::from_secs(3),
            size: 64,
        };
        let mut measured = None;
        while let Some(name) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{name} needs a value"));
            match name.as_str() {
                "--listen" => listen = Some(value()?),
                "--backend" => backend = parse_backend(&value()?)?,
                "--clients" => load.clients = number(&name, &value()?, 1..=1_000_000)?,
                "--size" => load.size = number(&name, &value()?, 1..=1 << 30)?,
                "--secs" => load.duration = seconds(&value()?)?,
                _ => return Err(format!("unknown argument {name}; {USAGE}")),
            }
            if matches!(name.as_str(), "--clients" | "--size" | "--secs") {
                measured = Some(name);
            }
        }
        let mode = match (listen, measured) {
            (Some(_), Some(name)) => return Err(format!("{name} does not go with --listen")),
            (Some(address), None) => Mode::Listen(address),
            (None, _) => Mode::Measure(load),
        };
        Ok(Args { backend, mode })
    }
}

const USAGE: &str = "usage: echo [--listen ADDRESS | --clients N --secs S --size B] \
                     [--backend auto|io_uring|epoll]";

fn parse_backend(value: &str) -> Result<Backend, String> {
    Backend::from_name(value)
        .ok_or_else(|| format!("--backend is one of auto, io_uring, epoll, not {value:?}"))
}

fn number(
    name: &str,
    value: &str,
    allowed: std::ops::RangeInclusive<usize>,
) -> Result<usize, String> {
    let number = usize::from_str(value)
        .ok()
        .filter(|number| allowed.contains(number));
    number.ok_or_else(|| {
        format!(
            "{name} is a number from {} to {}, not {value:?}",
            allowed.start(),
            allowed.end()
        )
    })
}

fn seconds(value: &str) -> Result<Duration, String> {
    let seconds = f64::from_str(value)
        .ok()
        .filter(|seconds| (0.0..=86_400.0).contains(seconds));
    let seconds =
        seconds.ok_or_else(|| format!("--secs is a number from 0 to 86400, not {value:?}"))?;
    Ok(Duration::from_secs_f64(seconds))
}
