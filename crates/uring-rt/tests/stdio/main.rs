//! Standard input, output and error. Each test starts this program again with streams of a kind, to do one thing.
#![cfg(feature = "futures-io")]

mod role;

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

use rustix::fs::{OFlags, fcntl_getfl};
use uring_rt::io::{stderr, stdin, stdout};

/// What the program is to do when it is started again.
const ROLE: &str = "URING_RT_TEST_ROLE";
/// What the test runner prints before it is not for the tests.
const BEGIN: &str = "BEGIN>";
/// How to drive the loop: the values of `URING_RT_BACKEND` and `URING_RT_RUNG`.
const DRIVERS: [(&str, &str); 3] = [("auto", "A"), ("auto", "D"), ("epoll", "A")];

/// Bytes that tell each place from its neighbours.
fn pattern() -> Vec<u8> {
    (0..300_000_u32)
        .map(|n| ((n * 31) >> 3).to_le_bytes()[0])
        .collect()
}

fn start(role: &str, driver: (&str, &str), streams: [Stdio; 3]) -> Child {
    let [stdin, stdout, stderr] = streams;
    Command::new(std::env::current_exe().unwrap())
        .args(["role::role", "--exact", "--nocapture", "--test-threads=1"])
        // The roles leave by `exit`, with everything alive; and some of them see no /proc, which the sanitizer needs.
        .env("LSAN_OPTIONS", "detect_leaks=0")
        .env(ROLE, role)
        .env("URING_RT_BACKEND", driver.0)
        .env("URING_RT_RUNG", driver.1)
        .stdin(stdin)
        .stdout(stdout)
        .stderr(stderr)
        .spawn()
        .unwrap()
}

/// What was written after the mark.
fn after_begin(bytes: &[u8]) -> &[u8] {
    let at = bytes
        .windows(BEGIN.len())
        .position(|window| window == BEGIN.as_bytes());
    let at = at.unwrap_or_else(|| panic!("no mark in {:?}", String::from_utf8_lossy(bytes)));
    &bytes[at + BEGIN.len()..]
}

fn read_until(mut reader: impl Read, end: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end) {
        let mut byte = [0];
        if reader.read(&mut byte).unwrap() == 0 {
            panic!("ended with {:?}", String::from_utf8_lossy(&bytes));
        }
        bytes.push(byte[0]);
    }
    bytes
}

fn is_nonblocking(fd: impl AsFd) -> bool {
    fcntl_getfl(fd).unwrap().contains(OFlags::NONBLOCK)
}

/// A terminal: its master, and its slave in the mode that changes no byte.
fn terminal() -> Option<(File, File)> {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let master = match openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC) {
        Ok(master) => master,
        Err(error) => {
            skip(&format!("a terminal: {error}"));
            return None;
        }
    };
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let slave = rustix::fs::open(
        name.as_c_str(),
        OFlags::RDWR | OFlags::NOCTTY,
        rustix::fs::Mode::empty(),
    )
    .unwrap();
    Some((File::from(master), File::from(slave)))
}

#[expect(clippy::print_stderr, reason = "a skip says so")]
fn skip(reason: &str) {
    eprintln!("skipped: {reason}");
}

/// Lets the role copy `bytes` from a stream to a stream, and gives the bytes and the number of threads that it took.
fn copied(
    driver: (&str, &str),
    role: &str,
    input: Stdio,
    output: Stdio,
    read: impl FnOnce() -> Vec<u8>,
) -> (Vec<u8>, String) {
    let mut child = start(role, driver, [input, output, Stdio::piped()]);
    let bytes = read();
    let errors = io::read_to_string(child.stderr.take().unwrap()).unwrap();
    assert!(child.wait().unwrap().success(), "{errors}");
    (after_begin(&bytes).to_vec(), errors)
}

fn read_all(mut reader: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).unwrap();
    bytes
}

/// Writes the pattern and ends, on a thread of its own.
fn feed(mut writer: impl Write + Send + 'static) {
    std::thread::spawn(move || writer.write_all(&pattern()).unwrap());
}

#[test]
fn pipes_are_copied_without_a_thread() {
    for driver in DRIVERS {
        let (input, writer) = io::pipe().unwrap();
        let (reader, output) = io::pipe().unwrap();
        feed(writer);
        let (bytes, threads) = copied(driver, "copy", input.into(), output.into(), || {
            read_all(reader)
        });
        assert!(bytes == pattern());
        assert_eq!(threads, "threads 0", "{driver:?}");
    }
}

#[test]
fn sockets_are_copied_without_a_thread() {
    for driver in DRIVERS {
        let (input, ours) = UnixStream::pair().unwrap();
        let (output, reader) = UnixStream::pair().unwrap();
        feed(ours);
        let (input, output) = (OwnedFd::from(input), OwnedFd::from(output));
        let (bytes, threads) = copied(driver, "copy", input.into(), output.into(), || {
            read_all(reader)
        });
        assert!(bytes == pattern());
        assert_eq!(threads, "threads 0", "{driver:?}");
    }
}

#[test]
fn files_are_copied_on_the_pool_and_the_null_device_is_not() {
    for driver in DRIVERS {
        let mut input = tempfile::tempfile().unwrap();
        input.write_all(&pattern()).unwrap();
        input.rewind().unwrap();
        let output = tempfile::tempfile().unwrap();
        let mut ours = output.try_clone().unwrap();
        let read = || Vec::from(BEGIN);
        let (_, threads) = copied(driver, "copy", input.into(), output.into(), read);
        ours.rewind().unwrap();
        assert!(after_begin(&read_all(ours)) == pattern());
        assert_ne!(threads, "threads 0");
        let (_, threads) = copied(driver, "copy", Stdio::null(), Stdio::null(), read);
        assert_eq!(threads, "threads 0", "{driver:?}");
    }
}

#[test]
fn a_pipe_that_cannot_be_opened_anew_is_copied_on_the_pool() {
    for driver in DRIVERS {
        let (input, writer) = io::pipe().unwrap();
        let (reader, output) = io::pipe().unwrap();
        feed(writer);
        let (bytes, _) = copied(driver, "refused copy", input.into(), output.into(), || {
            read_all(reader)
        });
        assert!(bytes == pattern());
    }
}

#[cfg(feature = "tokio-io")]
#[test]
fn the_traits_of_tokio_carry_the_same_bytes() {
    for driver in DRIVERS {
        for role in ["tokio copy", "refused tokio copy"] {
            let (input, writer) = io::pipe().unwrap();
            let (reader, output) = io::pipe().unwrap();
            feed(writer);
            let read = || read_all(reader);
            let (bytes, told) = copied(driver, role, input.into(), output.into(), read);
            assert!(bytes == pattern());
            assert_eq!(told, "done");
        }
    }
}

#[test]
fn while_a_read_waits_the_loop_runs_and_a_shared_mode_is_as_it_was() {
    for driver in DRIVERS {
        for role in ["wait", "refused wait"] {
            let (input, mut writer) = io::pipe().unwrap();
            let (reader, output) = io::pipe().unwrap();
            let shared = [
                OwnedFd::from(input.try_clone().unwrap()),
                output.try_clone().unwrap().into(),
            ];
            let mut child = start(
                role,
                driver,
                [input.into(), output.into(), Stdio::inherit()],
            );
            read_until(&reader, format!("{BEGIN}waiting\n").as_bytes());
            assert!(!shared.iter().any(is_nonblocking), "{role}, {driver:?}");
            writer.write_all(b"what came\n").unwrap();
            assert_eq!(read_until(&reader, b"\n"), b"what came\n");
            assert!(child.wait().unwrap().success());
            assert!(!shared.iter().any(is_nonblocking));
        }
    }
}

#[test]
fn a_terminal_is_waited_for_and_its_shared_mode_is_as_it_was() {
    for driver in DRIVERS {
        for role in ["wait", "refused wait"] {
            let Some((mut master, slave)) = terminal() else {
                return;
            };
            let twin = || Stdio::from(slave.try_clone().unwrap());
            let mut child = start(role, driver, [twin(), twin(), Stdio::inherit()]);
            read_until(&master, format!("{BEGIN}waiting\r\n").as_bytes());
            assert!(!is_nonblocking(&slave), "{role}, {driver:?}");
            master.write_all(b"what came\n").unwrap();
            // The echo of the terminal, and what the program has written.
            let both = b"what came\r\nwhat came\r\n";
            assert_eq!(read_until(&master, both), both);
            assert!(child.wait().unwrap().success());
            assert!(!is_nonblocking(&slave));
        }
    }
}

#[test]
fn a_program_that_is_killed_leaves_the_shared_mode_as_it_was() {
    for driver in DRIVERS {
        let (input, _writer) = io::pipe().unwrap();
        let (reader, output) = io::pipe().unwrap();
        let shared = [
            OwnedFd::from(input.try_clone().unwrap()),
            output.try_clone().unwrap().into(),
        ];
        let mut child = start(
            "wait",
            driver,
            [input.into(), output.into(), Stdio::inherit()],
        );
        read_until(&reader, b"waiting\n");
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!shared.iter().any(is_nonblocking));
    }
}

#[test]
fn while_a_write_waits_the_loop_runs_and_the_bytes_come_in_order() {
    for driver in DRIVERS {
        for role in ["write", "refused write"] {
            let (reader, output) = io::pipe().unwrap();
            let (errors, stderr) = io::pipe().unwrap();
            let mut child = start(role, driver, [Stdio::null(), output.into(), stderr.into()]);
            // Nothing is read before it waits.
            read_until(&errors, b"the loop runs");
            assert!(
                after_begin(&read_all(reader)) == pattern(),
                "{role}, {driver:?}"
            );
            assert!(child.wait().unwrap().success());
        }
    }
}

#[test]
fn a_slow_terminal_gets_every_byte_in_order() {
    for driver in DRIVERS {
        for role in ["write", "refused write"] {
            let Some((master, slave)) = terminal() else {
                return;
            };
            let mut raw = rustix::termios::tcgetattr(&slave).unwrap();
            raw.make_raw();
            rustix::termios::tcsetattr(&slave, rustix::termios::OptionalActions::Now, &raw)
                .unwrap();
            let (errors, stderr) = io::pipe().unwrap();
            let output = slave.try_clone().unwrap();
            let mut child = start(role, driver, [Stdio::null(), output.into(), stderr.into()]);
            read_until(&errors, b"the loop runs");
            read_until(&master, BEGIN.as_bytes());
            let mut bytes = vec![0; pattern().len()];
            (&master).read_exact(&mut bytes).unwrap();
            assert!(bytes == pattern(), "{role}, {driver:?}");
            assert!(child.wait().unwrap().success());
        }
    }
}

#[test]
fn what_was_not_flushed_is_in_the_file_when_the_runtime_has_ended() {
    for driver in DRIVERS {
        let output = tempfile::tempfile().unwrap();
        let mut ours = output.try_clone().unwrap();
        let mut child = start(
            "unflushed",
            driver,
            [Stdio::null(), output.into(), Stdio::inherit()],
        );
        assert!(child.wait().unwrap().success());
        ours.rewind().unwrap();
        assert!(after_begin(&read_all(ours)) == pattern());
    }
}

#[test]
fn a_closed_descriptor_is_as_empty_as_it_is_for_std() {
    for driver in DRIVERS {
        let mut child = start(
            "closed",
            driver,
            [Stdio::null(), Stdio::null(), Stdio::inherit()],
        );
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn a_write_that_fails_is_an_error() {
    for driver in DRIVERS {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let mut child = start("error", driver, [Stdio::null(), Stdio::null(), full.into()]);
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn a_write_that_fails_on_the_pool_is_an_error_of_the_flush() {
    for driver in DRIVERS {
        let file = tempfile::NamedTempFile::new().unwrap();
        let file = File::open(file.path()).unwrap();
        let mut child = start(
            "late error",
            driver,
            [Stdio::null(), Stdio::null(), file.into()],
        );
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn a_read_that_waits_does_not_keep_the_runtime_from_ending() {
    for driver in DRIVERS {
        for role in ["end", "refused end"] {
            let (input, _writer) = io::pipe().unwrap();
            let mut child = start(
                role,
                driver,
                [input.into(), Stdio::null(), Stdio::inherit()],
            );
            assert!(child.wait().unwrap().success(), "{role}");
        }
    }
}

#[test]
fn a_mode_that_somebody_else_has_set_does_no_harm() {
    for driver in DRIVERS {
        let (input, writer) = io::pipe().unwrap();
        let (reader, output) = io::pipe().unwrap();
        feed(writer);
        let (bytes, _) = copied(driver, "nonblocking", input.into(), output.into(), || {
            read_all(reader)
        });
        assert!(bytes == pattern());
    }
}

#[test]
fn a_handle_goes_on_in_another_runtime() {
    for driver in DRIVERS {
        let (input, mut writer) = io::pipe().unwrap();
        let (reader, output) = io::pipe().unwrap();
        writer.write_all(b"one two threefour").unwrap();
        let (bytes, _) = copied(driver, "two runtimes", input.into(), output.into(), || {
            read_all(reader)
        });
        assert_eq!(bytes, b"one two thre");
    }
}

#[test]
fn the_numbers_are_the_usual_ones_and_the_types_for_every_thread() {
    fn of_all_threads<T: Send + Sync + Unpin>(_: &T) {}
    let (input, output, errors) = (stdin(), stdout(), stderr());
    of_all_threads(&input);
    of_all_threads(&output);
    of_all_threads(&errors);
    assert_eq!(
        [input.as_raw_fd(), output.as_raw_fd(), errors.as_raw_fd()],
        [0, 1, 2]
    );
}
