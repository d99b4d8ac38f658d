//! The fuzz targets, built as cargo-fuzz would build them and without it.

use std::path::Path;

use crate::command::{Command, Failure, has_nightly, is_installed};

const TARGETS: [&str; 4] = ["token", "timers", "dispatch", "attribute"];

/// Counters at every edge for libFuzzer to follow, the comparisons for it to
/// guess, and address sanitizer.
const FLAGS: &str = "--cfg fuzzing -Zsanitizer=address -Ccodegen-units=1 \
    -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Each target for so long. What breaks one is kept where its report says, and
/// given to the target as an argument it breaks it again.
pub(crate) fn run(root: &Path, seconds: u32) -> Result<(), Failure> {
    if !has_nightly() {
        println!("skipped: fuzzing needs a nightly toolchain, and none is installed");
        return Ok(());
    }
    if !is_installed("c++") {
        println!("skipped: libFuzzer is built by a C++ compiler, and there is no `c++`");
        return Ok(());
    }
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    TARGETS.into_iter().try_for_each(|name| {
        Command::nightly("run --release --manifest-path fuzz/Cargo.toml")
            .arg("--target-dir=target/fuzz")
            .arg(format!("--target={target}"))
            .arg(format!("--bin={name}"))
            .arg("--")
            .arg(format!("-max_total_time={seconds}"))
            .arg("-print_final_stats=1")
            .arg("-artifact_prefix=target/fuzz/")
            .env("RUSTFLAGS", FLAGS)
            .run(root)
    })
}
