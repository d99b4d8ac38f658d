//! The tests under the sanitizers of LLVM, which only a nightly toolchain
//! switches on.

use std::path::Path;
use std::process::Command as Process;

use crate::command::{Command, Failure, has_nightly};

/// What to look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sanitizer {
    /// Use after free, and beyond the ends.
    Address,
    /// What is never freed.
    Leak,
    /// Accesses of two threads that nothing orders.
    Thread,
}

impl Sanitizer {
    const ALL: [Sanitizer; 3] = [Sanitizer::Address, Sanitizer::Leak, Sanitizer::Thread];

    pub(crate) fn from_name(name: &str) -> Option<Sanitizer> {
        Self::ALL
            .into_iter()
            .find(|sanitizer| sanitizer.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Sanitizer::Address => "address",
            Sanitizer::Leak => "leak",
            Sanitizer::Thread => "thread",
        }
    }

    /// Debug assertions stay on, so that the reactor checks itself in each turn.
    fn tests(self) -> Command {
        let flags = format!("-Zsanitizer={} --cfg=sanitizing", self.name());
        // Named, so that build scripts and macros are built without the sanitizer.
        let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
        let tests = Command::nightly("test --workspace --all-features --lib --tests");
        let tests = match self {
            Sanitizer::Thread => tests.arg("-Zbuild-std"),
            Sanitizer::Address | Sanitizer::Leak => tests,
        };
        let tests = tests
            .arg("--no-fail-fast")
            // The page guard is an allocator of its own, and xtask runs cargo.
            .arg("--exclude=uring-fault-inject")
            .arg("--exclude=xtask")
            .arg(format!("--target={target}"))
            // Apart from what is built without it.
            .arg(format!("--target-dir=target/sanitize-{}", self.name()))
            .arg("--")
            // What the compiler says to a mistake is another compiler's business.
            .arg("--skip=every_mistake_in_an_attribute")
            .env("RUSTFLAGS", flags)
            // Leaks are looked for alone.
            .env("ASAN_OPTIONS", "detect_leaks=0");
        match self {
            Sanitizer::Address | Sanitizer::Thread => tests,
            // Of its parent's other threads a forked child has the memory, but no stack that would lead there: the
            // parents alone are searched.
            Sanitizer::Leak => tests.env("URING_RT_TEST_LEAVE_AT_ONCE", "1"),
        }
    }
}

/// Runs the tests under one sanitizer, or under each.
pub(crate) fn run(root: &Path, only: Option<Sanitizer>) -> Result<(), Failure> {
    if !has_nightly() {
        println!("skipped: sanitizers need a nightly toolchain, and none is installed");
        return Ok(());
    }
    let chosen = Sanitizer::ALL
        .into_iter()
        .filter(|sanitizer| only.is_none_or(|only| only == *sanitizer));
    for sanitizer in chosen {
        if sanitizer == Sanitizer::Thread && !has_std_source() {
            println!(
                "skipped: the thread sanitizer needs a std that is built for it, or it reports std itself, \
                 and nightly's component rust-src is not installed"
            );
            continue;
        }
        sanitizer.tests().run(root)?;
    }
    Ok(())
}

fn has_std_source() -> bool {
    let output = Process::new("rustup")
        .args(["run", "nightly", "rustc", "--print", "sysroot"])
        .output();
    output.is_ok_and(|output| {
        let sysroot = String::from_utf8_lossy(&output.stdout);
        Path::new(sysroot.trim())
            .join("lib/rustlib/src/rust/library/std")
            .exists()
    })
}
