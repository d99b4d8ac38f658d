//! [`Command`](uring_rt::process::Command).

use std::io::{BufRead, BufReader, ErrorKind};
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use uring_rt::net::UdpSocket;
use uring_rt::process::Command;
use uring_rt::signal::unix::{SignalKind, signal};
use uring_rt::time::{Duration, sleep};

use super::{cat, endless, for_each_backend, for_each_watch, gone, has_programs, in_runtime, sh};
use crate::support::panic_text;

/// What a shell script prints.
async fn printed(command: &mut Command) -> String {
    let output = command.output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_is_set_is_what_the_child_gets() {
    for_each_backend(async || {
        let mut command = Command::new("sh");
        command
            .arg0("other-name")
            .args(["-c", "echo $0 $1 $A $B $GONE; pwd; umask"])
            .arg("zero")
            .args(["one"])
            .env("A", "1")
            .envs([("B", "2"), ("GONE", "3")])
            .env_remove("GONE")
            .current_dir("/");
        assert!(printed(&mut command).await.starts_with("zero one 1 2\n/\n"));

        let mut command = Command::new("cat");
        command.arg0("other-name").arg("/proc/self/cmdline");
        assert_eq!(
            printed(&mut command).await,
            "other-name\0/proc/self/cmdline\0"
        );

        let mut command = Command::new("/usr/bin/env");
        command.env("LOST", "1").env_clear().env("KEPT", "2");
        assert_eq!(printed(&mut command).await, "KEPT=2\n");
    });
}

#[test]
fn user_group_and_process_group_are_set() {
    in_runtime(async {
        // Shows the real ids and the process group (stat, field 5).
        let mut command = sh("exec cat /proc/self/status /proc/self/stat");
        command.process_group(0);
        let text = printed(&mut command).await;
        let stat: Vec<&str> = text.lines().last().unwrap().split_whitespace().collect();
        assert_eq!(stat[0], stat[4], "it leads a group of its own");
        if rustix::process::getuid().is_root() {
            command.uid(65_534).gid(65_533);
            let text = printed(&mut command).await;
            assert!(text.contains("Uid:\t65534\t"), "{text}");
            assert!(text.contains("Gid:\t65533\t"), "{text}");
        } else {
            let error = command.uid(0).spawn().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        }
    });
}

#[test]
fn the_command_of_std_is_inside() {
    in_runtime(async {
        let mut std = std::process::Command::new("echo");
        std.arg("one");
        let mut command = Command::from(std);
        assert!(!command.get_kill_on_drop());
        command.as_std_mut().arg("two");
        assert_eq!(command.as_std().get_args().count(), 2);
        assert_eq!(printed(&mut command).await, "one two\n");
        assert_eq!(command.into_std().get_program(), "echo");
    });
}

#[test]
fn a_program_that_is_not_there_or_not_executable_is_an_error() {
    for_each_watch(|runtime| {
        runtime.block_on(async {
            let error = Command::new("/no/such/program").spawn().unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::ENOENT));
            let error = Command::new("/etc/passwd").status().await.unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EACCES));
            let error = Command::new("a\0b").output().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
        });
    });
}

#[test]
fn status_closes_the_pipes() {
    for_each_watch(|runtime| {
        runtime.block_on(async {
            // Both would wait for ever: one to read, the other to write.
            let status = cat().status().await.unwrap();
            assert!(status.success());
            let mut writer = Command::new("head");
            writer
                .args(["-c", "1000000", "/dev/zero"])
                .stdout(Stdio::piped());
            let status = writer.status().await.unwrap();
            assert_eq!(status.signal(), Some(libc::SIGPIPE));
        });
    });
}

#[test]
fn output_makes_pipes_of_the_outputs_for_good_and_leaves_the_input() {
    in_runtime(async {
        let mut command = sh("echo out; echo err >&2");
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let output = command.output().await.unwrap();
        assert_eq!(
            (&output.stdout[..], &output.stderr[..]),
            (&b"out\n"[..], &b"err\n"[..])
        );
        let mut child = command.spawn().unwrap();
        assert!(child.stdout.is_some());
        child.wait().await.unwrap();
    });
}

#[test]
fn several_futures_of_one_command_run_at_once() {
    in_runtime(async {
        let mut command = sh("echo $$");
        let (one, two) = (command.output(), command.output());
        let (one, two) = futures_util::join!(one, two);
        assert_ne!(one.unwrap().stdout, two.unwrap().stdout);
    });
}

#[test]
fn a_dropped_child_that_is_to_be_killed_is() {
    for_each_watch(|runtime| {
        runtime.block_on(async {
            let (reader, writer) = std::io::pipe().unwrap();
            let mut command = endless();
            command.kill_on_drop(true).stdout(writer);
            let child = command.spawn().unwrap();
            let id = child.id().unwrap();
            drop(command);
            drop(child);
            // The end of the pipe is that of the process.
            assert_eq!(std::io::read_to_string(reader).unwrap(), "");
            gone(id).await;
        });
    });
}

#[test]
fn a_dropped_future_kills_as_the_child_does() {
    for_each_watch(|runtime| {
        runtime.block_on(async {
            let (reader, writer) = std::io::pipe().unwrap();
            let mut reader = BufReader::new(reader);
            let mut command = sh("echo $$; exec sleep 1000");
            command.kill_on_drop(true).stdout(writer);
            let status = command.status();
            drop(command);
            let mut id = String::new();
            reader.read_line(&mut id).unwrap();
            let timed_out = uring_rt::time::timeout(Duration::from_millis(1), status).await;
            assert!(timed_out.is_err());
            assert_eq!(std::io::read_to_string(reader).unwrap(), "");
            gone(id.trim().parse().unwrap()).await;
        });
    });
}

#[test]
fn outside_of_a_runtime_nothing_is_started() {
    let file = std::env::temp_dir().join(format!("uring-rt-spawn-{}", std::process::id()));
    let text = panic_text(|| Command::new("touch").arg(&file).spawn());
    assert!(
        text.contains("process::Command::spawn needs a running uring-rt runtime"),
        "{text}"
    );
    assert!(!file.exists());
}

/// The signal masks of a child, and its descriptors.
fn inheritance(status: &str, fds: &str) -> (Vec<String>, Vec<String>) {
    let masks = status.lines().filter(|line| line.starts_with("Sig"));
    let masks = masks.filter(|line| !line.starts_with("SigQ"));
    let fds = fds.lines().map(str::to_owned).collect();
    (masks.map(str::to_owned).collect(), fds)
}

/// A runtime with everything: a socket, a timer, a signal, another child. None of it is the child's, which has what a
/// child has that is started without a runtime. Nor has it the mask of the thread.
#[test]
fn a_child_inherits_no_descriptor_and_no_signal() {
    if !has_programs() {
        return;
    }
    let plain = |program: &str, file: &str| {
        let output = std::process::Command::new(program)
            .arg(file)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let status = plain("cat", "/proc/self/status");
    for blocked_or_caught in ["SigBlk:\t0000000000000000", "SigCgt:\t0000000000000000"] {
        assert!(status.contains(blocked_or_caught), "{status}");
    }
    for_each_watch(move |runtime| {
        let found = runtime.block_on(async {
            let _socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let _signal = signal(SignalKind::user_defined1()).unwrap();
            let mut other = cat().spawn().unwrap();
            sleep(Duration::from_micros(1)).await;
            let status = printed(Command::new("cat").arg("/proc/self/status")).await;
            let fds = printed(Command::new("ls").arg("/proc/self/fd")).await;
            other.kill().await.unwrap();
            inheritance(&status, &fds)
        });
        let status = plain("cat", "/proc/self/status");
        assert_eq!(found, inheritance(&status, &plain("ls", "/proc/self/fd")));
    });
}
