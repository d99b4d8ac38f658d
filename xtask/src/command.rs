//! A command as data: it can be run, and printed for somebody to run again.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::Path;
use std::process;

/// Why something did not succeed, and how to see it again on its own.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) reason: String,
    pub(crate) rerun: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; to see it again:\n    {}", self.reason, self.rerun)
    }
}

/// A cargo command with its environment.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    env: Vec<(&'static str, &'static str)>,
    args: Vec<String>,
}

impl Command {
    /// Arguments are separated by blanks; none of ours contains one.
    pub(crate) fn cargo(args: &str) -> Self {
        Self {
            env: Vec::new(),
            args: args.split_whitespace().map(str::to_owned).collect(),
        }
    }

    pub(crate) fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    pub(crate) fn env(mut self, name: &'static str, value: &'static str) -> Self {
        self.env.push((name, value));
        self
    }

    /// Runs it in the workspace, on our own terminal.
    pub(crate) fn run(&self, root: &Path) -> Result<(), Failure> {
        let child = self.process(root).spawn();
        self.finish(child).map(drop)
    }

    /// The same, but what it prints is returned.
    pub(crate) fn output(&self, root: &Path) -> Result<String, Failure> {
        let child = self.process(root).stdout(process::Stdio::piped()).spawn();
        self.finish(child)
    }

    fn process(&self, root: &Path) -> process::Command {
        println!("$ {self}");
        // Cargo names itself to what it runs; that is the pinned one.
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut command = process::Command::new(cargo);
        command
            .args(&self.args)
            .envs(self.env.iter().copied())
            .current_dir(root)
            .stdin(process::Stdio::null());
        command
    }

    fn finish(&self, child: io::Result<process::Child>) -> Result<String, Failure> {
        let reason = match child.and_then(process::Child::wait_with_output) {
            Ok(output) if output.status.success() => {
                return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
            }
            Ok(output) => format!("the command ended with {}", output.status),
            Err(error) => format!("the command could not be started: {error}"),
        };
        Err(Failure {
            reason,
            rerun: self.to_string(),
        })
    }
}

/// As one types it into a shell.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.env {
            // As a shell needs it, where a value has a blank.
            let quote = if value.contains(' ') { "'" } else { "" };
            write!(f, "{name}={quote}{value}{quote} ")?;
        }
        write!(f, "cargo {}", self.args.join(" "))
    }
}

#[test]
fn a_command_is_printed_as_one_types_it() {
    let command = Command::cargo("test  --package a")
        .arg("--lib")
        .env("BACKEND", "epoll");
    assert_eq!(
        command.to_string(),
        "BACKEND=epoll cargo test --package a --lib"
    );
    let command = Command::cargo("build").env("RUSTFLAGS", "-C opt-level=1");
    assert_eq!(
        command.to_string(),
        "RUSTFLAGS='-C opt-level=1' cargo build"
    );
}
