//! Runs a program as a container would whose seccomp profile refuses io_uring.
//!
//! ```text
//! sandbox setup=EPERM|setup=ENOSYS|enter=EPERM PROGRAM [ARGUMENT...]
//! ```
//!
//! The filter refuses `io_uring_setup`, or lets that through and refuses `io_uring_enter`; everything else is
//! allowed. Try it with `target/release/examples/echo`, and read the first lines of what that prints.
#![expect(clippy::print_stderr, reason = "a program's output")]

use std::collections::BTreeMap;
use std::env::args_os;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};

/// What is refused, by its name on the command line: the system call and the errno.
const REFUSALS: [(&str, i64, i32); 3] = [
    ("setup=EPERM", libc::SYS_io_uring_setup, libc::EPERM),
    ("setup=ENOSYS", libc::SYS_io_uring_setup, libc::ENOSYS),
    ("enter=EPERM", libc::SYS_io_uring_enter, libc::EPERM),
];

fn main() -> ExitCode {
    let mut args = args_os().skip(1);
    let wanted = args.next().unwrap_or_default();
    let refusal = REFUSALS.iter().find(|(name, ..)| wanted == *name);
    let (Some((_, call, errno)), Some(program)) = (refusal, args.next()) else {
        eprintln!(
            "sandbox: usage: sandbox setup=EPERM|setup=ENOSYS|enter=EPERM PROGRAM [ARGUMENT...]"
        );
        return ExitCode::from(2);
    };
    if let Err(error) = refuse(*call, *errno) {
        eprintln!("sandbox: the filter was not taken: {error}");
        return ExitCode::FAILURE;
    }
    // Filters are kept across exec, which only returns when it fails.
    let error = Command::new(&program).args(args).exec();
    eprintln!("sandbox: {}: {error}", program.display());
    ExitCode::FAILURE
}

fn refuse(call: i64, errno: i32) -> Result<(), Box<dyn std::error::Error>> {
    let filter = SeccompFilter::new(
        BTreeMap::from([(call, Vec::new())]),
        SeccompAction::Allow,
        SeccompAction::Errno(errno.cast_unsigned()),
        std::env::consts::ARCH.try_into()?,
    )?;
    let program: BpfProgram = filter.try_into()?;
    apply_filter(&program)?;
    Ok(())
}
