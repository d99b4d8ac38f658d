//! The ABI against the C header of this machine.
//!
//! A C file with one claim per line is compiled: a line that does not compile is a name this header does not know yet
//! (an `#ifdef` could not tell, most are enumerators). A second file of the other lines prints the values.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::header_source::{Claim, constants, layout};
use crate::support::skip;

const PROLOGUE: &str = "#define _GNU_SOURCE
#include <stddef.h>
#include <stdio.h>
#include <poll.h>
#include <sys/syscall.h>
#include <linux/io_uring.h>
#define CLAIM(n, c) printf(\"%d %llu\\n\", n, (unsigned long long)(c));
int main(void) {
";

/// A directory for the C files, removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("uring-sys-header-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Compiles a program of those `claims` that are not in `without`.
fn compile(scratch: &Path, claims: &[Claim], without: &BTreeSet<usize>) -> io::Result<Output> {
    let mut program = PROLOGUE.to_owned();
    for (n, claim) in claims.iter().enumerate() {
        if !without.contains(&n) {
            // #line makes the number of the claim the line of its error.
            program += &format!("#line {} \"claim\"\nCLAIM({n}, {})\n", n + 1, claim.c);
        }
    }
    program += "return 0; }\n";
    let source = scratch.join("probe.c");
    fs::write(&source, program)?;
    let probe = scratch.join("probe");
    Command::new("cc")
        .env("LC_ALL", "C")
        .arg("-w")
        .arg("-o")
        .args([probe, source])
        .output()
}

/// The claims that did not compile: errors begin with `claim:LINE:`.
fn unknown(compiler: &Output) -> BTreeSet<usize> {
    let messages = String::from_utf8_lossy(&compiler.stderr);
    let lines = messages.lines().filter(|line| line.contains("error"));
    let numbers =
        lines.filter_map(|line| line.strip_prefix("claim:")?.split(':').next()?.parse().ok());
    numbers.map(|line: usize| line - 1).collect()
}

#[test]
#[expect(
    clippy::print_stderr,
    reason = "how much was compared belongs into the log"
)]
fn every_constant_size_and_offset_is_the_headers() {
    let mut claims = constants();
    claims.extend(layout());
    claims.extend(syscalls());
    let scratch = Scratch::new().unwrap();

    let first = match compile(&scratch.0, &claims, &BTreeSet::new()) {
        Ok(output) => output,
        Err(error) => return skip(&format!("no C compiler: {error}")),
    };
    let newer = unknown(&first);
    let second = compile(&scratch.0, &claims, &newer).unwrap();
    if !second.status.success() {
        let message = String::from_utf8_lossy(&second.stderr);
        assert!(
            message.contains("linux/io_uring.h"),
            "the probe does not compile: {message}"
        );
        return skip("no <linux/io_uring.h>");
    }

    let output = Command::new(scratch.0.join("probe")).output().unwrap();
    assert!(output.status.success());
    let mut compared = 0;
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let (n, value) = line.split_once(' ').unwrap();
        let claim = &claims[n.parse::<usize>().unwrap()];
        assert_eq!(claim.value, value.parse().unwrap(), "{}", claim.name);
        compared += 1;
    }
    assert_eq!(compared + newer.len(), claims.len());
    assert!(compared > 150, "only {compared} names are in this header");
    assert_old_names_are_compared(&claims, &newer);
    eprintln!(
        "header: {compared} claims compared, {} newer than this header",
        newer.len()
    );
}

/// Names that every header with io_uring has (5.1): if they are "unknown", the probe is broken.
fn assert_old_names_are_compared(claims: &[Claim], newer: &BTreeSet<usize>) {
    let unknown = newer
        .iter()
        .map(|n| claims[*n].name.as_str())
        .collect::<Vec<_>>();
    for old in [
        "IORING_OP_POLL_ADD",
        "IORING_OFF_SQES",
        "POLLRDHUP",
        "size of io_uring_params",
    ] {
        assert!(!unknown.contains(&old), "{old} must be in the header");
    }
}

fn syscalls() -> Vec<Claim> {
    use uring_sys::abi::{SYS_io_uring_enter, SYS_io_uring_register, SYS_io_uring_setup};
    let numbers = [
        ("SYS_io_uring_setup", SYS_io_uring_setup),
        ("SYS_io_uring_enter", SYS_io_uring_enter),
        ("SYS_io_uring_register", SYS_io_uring_register),
    ];
    let claim = |(name, number): (&str, i64)| Claim {
        name: name.to_owned(),
        c: name.to_owned(),
        value: number.unsigned_abs(),
    };
    numbers.map(claim).into()
}
