//! Programs of this package, started and stopped as a service manager does it, and the clients of others.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

/// A server that runs. Killed when a test ends before it is stopped.
pub(crate) struct Server {
    child: Child,
    /// Kept, so that the server can go on writing.
    _stdout: BufReader<std::process::ChildStdout>,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts a program at a port of its own, and reads from its first line where that is.
    pub(crate) fn start(program: &str, args: &[&str], backend: &str) -> Server {
        let mut command = Command::new(program);
        command.arg("127.0.0.1:0").args(args);
        command.env("URING_RT_BACKEND", backend);
        Server::spawn(&mut command)
    }

    /// The same, of a command whose first argument is such an address.
    pub(crate) fn spawn(command: &mut Command) -> Server {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let (_, address) = line.trim().rsplit_once('/').expect("listening at ...");
        Server {
            child,
            _stdout: stdout,
            address: address.parse().unwrap(),
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).unwrap()
    }

    /// Under load by wrk, if that is here.
    pub(crate) fn answers_wrk(&self) {
        let Some(mut wrk) = foreign("wrk") else {
            return;
        };
        wrk.args(["-t1", "-c50", "-d1s", "--timeout", "30s", &self.url("/")]);
        let report = String::from_utf8(output(&mut wrk)).unwrap();
        // Both lines are there only if something went wrong.
        assert!(!report.contains("Non-2xx"), "{report}");
        assert!(!report.contains("Socket errors"), "{report}");
        assert!(report.contains("requests in"), "{report}");
    }

    /// Asks it to stop, and does not wait.
    pub(crate) fn terminate(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
    }

    /// Returns when new connections are refused.
    pub(crate) fn await_refusal(&self) {
        while let Ok(stream) = TcpStream::connect(self.address) {
            drop(stream);
            thread::yield_now();
        }
    }

    pub(crate) fn wait(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Asks it to stop; it has to end well.
    pub(crate) fn stop(self) {
        self.terminate();
        let status = self.wait();
        assert!(status.success(), "the server ended with {status}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended cannot be killed, and that is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a test on what the kernel gives best, and on epoll; or on what the environment decides.
pub(crate) fn for_each_backend(test: impl Fn(&str)) {
    match env::var("URING_RT_BACKEND") {
        Ok(backend) => test(&backend),
        Err(_) => ["auto", "epoll"].into_iter().for_each(test),
    }
}

/// A program of the system, or `None`, said in a line that no test runner hides, where it is not installed.
pub(crate) fn foreign(name: &str) -> Option<Command> {
    let found = find(name);
    if found.is_none() {
        skipped(&format!("{name} is not installed"));
    }
    found.map(Command::new)
}

pub(crate) fn skipped(reason: &str) {
    let test = thread::current().name().unwrap_or_default().to_owned();
    // Not by the macro, whose output is shown only where a test fails.
    let line = format!("skipped: {test}: {reason}\n");
    io::stderr().write_all(line.as_bytes()).unwrap();
}

fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|path| Path::is_file(path))
}

/// What a client says that has to succeed.
pub(crate) fn output(command: &mut Command) -> Vec<u8> {
    let output = command.stdin(Stdio::null()).output().unwrap();
    successful(output)
}

/// The same, with something to read for the client.
pub(crate) fn output_for(command: &mut Command, input: &[u8]) -> Vec<u8> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let output = thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input).unwrap());
        child.wait_with_output().unwrap()
    });
    successful(output)
}

fn successful(output: Output) -> Vec<u8> {
    assert!(
        output.status.success(),
        "the client ended with {}:\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// Bytes that differ from place to place.
pub(crate) fn pattern(len: usize) -> Vec<u8> {
    let byte = |i: usize| (i.wrapping_mul(31) ^ (i >> 8)) & 0xff;
    (0..len).map(|i| u8::try_from(byte(i)).unwrap()).collect()
}
