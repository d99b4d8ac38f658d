//! The measured process, as its parent sees it.

use std::env;
use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use nix::time::{ClockId, clock_getcpuclockid};
use nix::unistd::Pid;

use crate::measure::{anonymous_memory_of, cpu_time_by};
use crate::server::LIBEV;
use crate::transport::{Address, Transport};

/// A server of ours or of libev. It ends when this is dropped.
pub(crate) struct Server {
    child: Child,
    questions: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    clock: ClockId,
    pub(crate) address: Address,
}

impl Server {
    /// On the core of this thread.
    pub(crate) fn start(name: &str, transport: Transport, buffer: usize) -> Result<Self, String> {
        let mut command = match LIBEV {
            Some(program) if name == "libev" => Command::new(program),
            _ => ourselves(&["serve", name])?,
        };
        let args = [transport.name(), &buffer.to_string()];
        Self::spawn(name, command.args(args))
    }

    /// One that speaks HTTP.
    pub(crate) fn start_http(name: &str) -> Result<Self, String> {
        Self::spawn(name, &mut ourselves(&["serve-http", name])?)
    }

    fn spawn(name: &str, command: &mut Command) -> Result<Self, String> {
        let failed = |error: &dyn std::fmt::Display| format!("the server {name}: {error}");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| failed(&error))?;
        let pid = Pid::from_raw(child.id().cast_signed());
        let clock = clock_getcpuclockid(pid).map_err(|error| failed(&error))?;
        let questions = child.stdin.take().expect("it is piped");
        let stdout = child.stdout.take().expect("it is piped");
        let mut server = Self {
            child,
            questions,
            answers: BufReader::new(stdout).lines(),
            clock,
            address: Address::Tcp(0),
        };
        let address = server.line()?.parse();
        server.address = address.map_err(|error: String| failed(&error))?;
        Ok(server)
    }

    /// Of one that listens on TCP.
    pub(crate) fn port(&self) -> Result<u16, String> {
        match &self.address {
            Address::Tcp(port) => Ok(*port),
            Address::Unix(_) => Err("the server has no port".to_owned()),
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Of all its threads.
    pub(crate) fn cpu_time(&self) -> Duration {
        cpu_time_by(self.clock)
    }

    /// In bytes.
    pub(crate) fn anonymous_memory(&self) -> Result<u64, String> {
        anonymous_memory_of(&self.id().to_string())
    }

    /// What it counts of itself.
    pub(crate) fn counters(&mut self) -> Result<Vec<(String, u64)>, String> {
        let asked = self.questions.write_all(b"\n");
        asked.map_err(|error| format!("asking the server: {error}"))?;
        let line = self.line()?;
        let counter = |words: &str| {
            let (name, value) = words.split_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        };
        Ok(line.split('\t').filter_map(counter).collect())
    }

    fn line(&mut self) -> Result<String, String> {
        match self.answers.next() {
            Some(Ok(line)) => Ok(line),
            Some(Err(error)) => Err(format!("reading from the server: {error}")),
            None => Err("the server has ended".to_owned()),
        }
    }
}

/// This program, to be run with these arguments.
pub(crate) fn ourselves(args: &[&str]) -> Result<Command, String> {
    let path = env::current_exe().map_err(|error| format!("the path of this program: {error}"))?;
    let mut command = Command::new(path);
    command.args(args);
    Ok(command)
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, and then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
