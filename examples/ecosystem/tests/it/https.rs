//! `https_sharded`: what a user would deploy, and where.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

use crate::support::{Server, for_each_backend, foreign, output};

const PROGRAM: &str = env!("CARGO_BIN_EXE_https_sharded");

/// A server, its certificate and its log.
struct Site {
    server: Server,
    folder: tempfile::TempDir,
}

impl Site {
    /// Gives up each request after so many seconds.
    fn start(limit: &str, backend: &str) -> Site {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(PROGRAM);
        command.args([
            "127.0.0.1:0".as_ref(),
            folder.path().join("certificate.pem").as_os_str(),
        ]);
        command.arg(limit).env("URING_RT_BACKEND", backend);
        command.stderr(File::create(folder.path().join("log")).unwrap());
        let server = Server::spawn(&mut command);
        Site { server, folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What curl is told, and the status.
    fn ask(&self, options: &[&str], path: &str) -> Option<String> {
        let mut curl = foreign("curl")?;
        let port = self.server.address.port();
        curl.args(["--silent", "--show-error", "--max-time", "60"]);
        curl.args(["--write-out", "%{http_version} %{http_code}", "--cacert"]);
        curl.arg(self.file("certificate.pem")).args(options);
        // The certificate's name, at the address that it listens at.
        curl.args([
            "--connect-to",
            &format!("localhost:{port}:127.0.0.1:{port}"),
        ]);
        curl.arg(format!("https://localhost:{port}{path}"));
        Some(String::from_utf8(output(&mut curl)).unwrap())
    }

    /// Stops it; its log.
    fn stop(self) -> String {
        self.server.stop();
        fs::read_to_string(Path::new(&self.folder.path().join("log"))).unwrap()
    }
}

#[test]
fn curl_gets_answers_and_what_takes_too_long_is_given_up() {
    for_each_backend(|backend| {
        let site = Site::start("0.1", backend);
        for (option, version) in [("--http1.1", "1.1"), ("--http2", "2")] {
            let expected = [
                ("/", format!("Hello, world!\n{version} 200")),
                ("/late", format!("It took too long.\n{version} 504")),
                ("/nowhere", format!("There is nothing here.\n{version} 404")),
            ];
            for (path, expected) in expected {
                if let Some(answer) = site.ask(&[option], path) {
                    assert_eq!(answer, expected);
                }
            }
        }
        site.stop();
    });
}

#[test]
fn h2load_finds_every_stream_answered_over_tls() {
    for_each_backend(|backend| {
        let site = Site::start("60", backend);
        if let Some(mut h2load) = foreign("h2load") {
            let url = format!("https://{}/", site.server.address);
            h2load.args(["-n", "1000", "-c", "10", "-m", "10", &url]);
            let report = String::from_utf8(output(&mut h2load)).unwrap();
            assert!(report.contains("Application protocol: h2"), "{report}");
            assert!(report.contains("1000 succeeded, 0 failed"), "{report}");
        }
        site.stop();
    });
}

#[test]
fn a_stall_is_found_in_the_log_by_the_line_that_spawned_it() {
    for_each_backend(|backend| {
        let site = Site::start("5", backend);
        let Some(answer) = site.ask(&["--http1.1"], "/stall") else {
            return;
        };
        assert!(answer.starts_with("That was 200 ms"), "{answer}");
        let log = site.stop();
        // Where the server spawns its connections.
        let place = "examples/ecosystem/src/server.rs:";
        let is_told = |line: &str| line.contains("held the thread for") && line.contains(place);
        assert!(log.lines().any(is_told), "{log}");
    });
}

#[test]
fn where_io_uring_is_refused_it_serves_and_the_log_says_why() {
    // As in a container. Of this thread, and of what it starts.
    let confined = || {
        let filter = SeccompFilter::new(
            BTreeMap::from([(libc::SYS_io_uring_setup, Vec::new())]),
            SeccompAction::Allow,
            SeccompAction::Errno(libc::EPERM.unsigned_abs()),
            std::env::consts::ARCH.try_into().unwrap(),
        );
        let program: BpfProgram = filter.unwrap().try_into().unwrap();
        seccompiler::apply_filter(&program).unwrap();
        let site = Site::start("5", "auto");
        if let Some(answer) = site.ask(&["--http2"], "/") {
            assert_eq!(answer, "Hello, world!\n2 200");
        }
        let log = site.stop();
        assert!(log.contains("epoll"), "{log}");
        assert!(
            log.contains("Operation not permitted") && log.contains("seccomp"),
            "{log}"
        );
    };
    thread::spawn(confined).join().unwrap();
}
