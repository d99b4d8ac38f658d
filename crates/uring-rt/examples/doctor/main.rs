//! Says what a runtime would run on here, and what keeps it from something better.
//!
//! ```text
//! doctor [--json]
//! ```
//!
//! A table for a person: the backend and its rung, each kernel feature, the limits of this process, and for
//! everything refused the kernel's reason, what is likely behind it, and what would help. With `--json` the same for
//! machines. Run it where the program is going to run: inside the container, as the same user.
//!
//! The exit code is 0 when a runtime can be built, on whatever backend, and 1 when none can.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program's output"
)]

mod cause;
mod json;
mod report;
mod surroundings;
mod table;

use std::process::ExitCode;

use report::Report;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let as_json = match (args.next().as_deref(), args.next()) {
        (None, _) => false,
        (Some("--json"), None) => true,
        _ => {
            eprintln!("doctor: usage: doctor [--json]");
            return ExitCode::from(2);
        }
    };
    let report = Report::of_this_process();
    if as_json {
        println!("{:#}", json::of(&report));
    } else {
        println!("{}", table::Table(&report));
    }
    if report.driver.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
