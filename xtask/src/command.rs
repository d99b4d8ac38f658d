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
    /// Another toolchain than the pinned one.
    toolchain: Option<&'static str>,
    env: Vec<(&'static str, String)>,
    args: Vec<String>,
}

impl Command {
    /// Arguments are separated by blanks; none of ours contains one.
    pub(crate) fn cargo(args: &str) -> Self {
        Self {
            toolchain: None,
            env: Vec::new(),
            args: args.split_whitespace().map(str::to_owned).collect(),
        }
    }

    /// For what the pinned toolchain does not do. Whether there is such a one: [`has_nightly`].
    pub(crate) fn nightly(args: &str) -> Self {
        Self {
            toolchain: Some(NIGHTLY),
            ..Self::cargo(args)
        }
    }

    pub(crate) fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    pub(crate) fn env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.env.push((name, value.into()));
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
        let mut command = match self.toolchain {
            Some(toolchain) => rustup_run(toolchain),
            // Cargo names itself to what it runs; that is the pinned one.
            None => {
                let cargo = std::env::var_os("CARGO");
                process::Command::new(cargo.unwrap_or_else(|| OsString::from("cargo")))
            }
        };
        command
            .args(&self.args)
            .envs(self.env.iter().map(|(name, value)| (name, value)))
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
        let plus = if self.toolchain.is_some() { " +" } else { "" };
        let toolchain = self.toolchain.unwrap_or_default();
        write!(f, "cargo{plus}{toolchain} {}", self.args.join(" "))
    }
}

const NIGHTLY: &str = "nightly";

fn rustup_run(toolchain: &str) -> process::Command {
    let mut command = process::Command::new("rustup");
    command.args(["run", toolchain, "cargo"]);
    command
}

/// Whether a nightly toolchain is installed. Asking does not install it, nor does anything else here.
pub(crate) fn has_nightly() -> bool {
    let mut question = rustup_run(NIGHTLY);
    let answer = question
        .arg("--version")
        .stdout(process::Stdio::null())
        .stderr(process::Stdio::null())
        .status();
    answer.is_ok_and(|status| status.success())
}

/// Whether a program can be started.
pub(crate) fn is_installed(program: &str) -> bool {
    let version = process::Command::new(program)
        .arg("--version")
        .stdout(process::Stdio::null())
        .status();
    version.is_ok()
}

/// Takes away what a shell may have set for the runtime in the program: it would decide for what is to be seen.
pub(crate) fn without_settings(program: &mut process::Command) -> &mut process::Command {
    program
        .env_remove("URING_RT_BACKEND")
        .env_remove("URING_RT_RUNG")
        .env_remove("URING_RT_SEED")
}

/// Of the tree that is tested, as git names it.
pub(crate) fn commit() -> String {
    let git = process::Command::new("git")
        .args(["describe", "--always", "--dirty"])
        .output();
    let named = git.ok().filter(|output| output.status.success());
    named.map_or_else(
        || "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
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
    assert_eq!(
        Command::nightly("test --lib").to_string(),
        "cargo +nightly test --lib"
    );
    let command = Command::cargo("build").env("RUSTFLAGS", "-C opt-level=1");
    assert_eq!(
        command.to_string(),
        "RUSTFLAGS='-C opt-level=1' cargo build"
    );
}
