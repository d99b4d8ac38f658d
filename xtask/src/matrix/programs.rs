//! The static programs that run in the machine.

use std::path::{Path, PathBuf};

use crate::command::Command;

/// The crates whose tests are run.
const CRATES: [&str; 4] = ["uring-sys", "uring-reactor", "uring-executor", "uring-rt"];
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Test programs that stay outside, and why.
pub(super) const LEFT_OUT: [(&str, &str); 1] = [(
    "uring-rt/ui",
    "it runs the compiler, which does not depend on the kernel",
)];

#[derive(Debug)]
pub(super) struct Programs {
    /// The first process.
    pub(super) init: PathBuf,
    pub(super) tests: Vec<Test>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Test {
    /// The package and the target: `uring-rt/it`.
    pub(super) name: String,
    pub(super) path: PathBuf,
}

pub(super) fn build(root: &Path, folder: &Path) -> Result<Programs, String> {
    let mut command = cargo("test --no-run --all-features --tests", folder);
    for package in CRATES {
        command = command.arg("--package").arg(package);
    }
    let built = executables(&command, root)?;
    let is_left_out = |test: &Test| LEFT_OUT.iter().any(|(name, _)| *name == test.name);
    let mut tests: Vec<Test> = built
        .into_iter()
        .filter(|test| !is_left_out(test))
        .collect();
    tests.sort_by(|a, b| order(&a.name).cmp(&order(&b.name)));

    let guest = executables(&cargo("build --package guest", folder), root)?;
    let init = guest
        .into_iter()
        .next()
        .ok_or("cargo built no program of the package `guest`")?;
    Ok(Programs {
        init: init.path,
        tests,
    })
}

/// The crates in the order in which they depend on each other.
fn order(name: &str) -> (Option<usize>, &str) {
    let package = name.split('/').next().unwrap_or(name);
    let at = CRATES.iter().position(|known| *known == package);
    (at, name)
}

/// Static, as the machine has no libraries.
fn cargo(args: &str, folder: &Path) -> Command {
    Command::cargo(args)
        .env("RUSTFLAGS", "-C target-feature=+crt-static")
        .arg("--profile")
        .arg("matrix")
        .arg("--target")
        .arg(TARGET)
        .arg("--target-dir")
        .arg(folder.join("build").to_string_lossy())
        .arg("--message-format")
        .arg("json-render-diagnostics")
}

fn executables(command: &Command, root: &Path) -> Result<Vec<Test>, String> {
    let messages = command.output(root).map_err(|failure| failure.reason)?;
    Ok(messages.lines().filter_map(executable).collect())
}

/// The program that a message of cargo is about. Its JSON is on one line and
/// has no blanks.
fn executable(message: &str) -> Option<Test> {
    let path = text(message, "\"executable\":\"")?;
    let id = text(message, "\"package_id\":\"")?;
    let target = text(message, "\"name\":\"")?;
    let kind = text(message, "\"kind\":[\"")?;
    // `path+file:///folder#name@version`, or `path+file:///name#version`.
    let (folder, version) = id.rsplit_once('#')?;
    let package = match version.split_once('@') {
        Some((name, _)) => name,
        None => folder.rsplit('/').next()?,
    };
    let target = if kind == "lib" { "unit" } else { target };
    Some(Test {
        name: format!("{package}/{target}"),
        path: path.into(),
    })
}

/// What follows the key, up to the closing quote.
fn text<'a>(message: &'a str, key: &str) -> Option<&'a str> {
    let (_, after) = message.split_once(key)?;
    after.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::{Test, executable, order};

    #[test]
    fn a_message_names_package_target_and_program() {
        let message = |id: &str, kind: &str, name: &str| {
            format!(
                "{{\"reason\":\"compiler-artifact\",\"package_id\":\"path+file:///w/{id}\",\
                 \"target\":{{\"kind\":[\"{kind}\"],\"name\":\"{name}\"}},\
                 \"executable\":\"/w/target/{name}-1\"}}"
            )
        };
        let test = |name: &str, path: &str| {
            Some(Test {
                name: name.to_owned(),
                path: path.into(),
            })
        };
        assert_eq!(
            executable(&message("reactor#uring-reactor@0.1.0", "test", "it")),
            test("uring-reactor/it", "/w/target/it-1")
        );
        assert_eq!(
            executable(&message("uring-sys#0.1.0", "lib", "uring_sys")),
            test("uring-sys/unit", "/w/target/uring_sys-1")
        );
        let library = "{\"package_id\":\"path+file:///w/a#1\",\"executable\":null}";
        assert_eq!(executable(library), None);
    }

    #[test]
    fn programs_come_in_the_order_of_their_crates() {
        assert!(order("uring-sys/unit") < order("uring-reactor/it"));
        assert!(order("uring-rt/it") < order("uring-rt/unit"));
    }
}
