//! How long a user waits for the first build of an application that depends on a runtime, and how many crates of others
//! that brings.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use super::catalog::{Metric, Target, Workload};
use super::results::Round;

pub(crate) const NAME: &str = "cold-build";

/// Below the workspace.
const FOLDER: &str = "target/benches/cold";
/// Of the kernel's clock in `/proc`, on every architecture.
const TICKS_PER_SECOND: f64 = 100.0;

/// As the package `benches` would list it, which cannot run it: it is built itself.
pub(crate) fn workload() -> Workload {
    let metric = |name: &str, unit: &str| Metric {
        name: name.to_owned(),
        unit: unit.to_owned(),
    };
    Workload {
        name: NAME.to_owned(),
        group: NAME.to_owned(),
        title: "build an empty application that depends on the runtime, with what it needs for tasks, network and time, \
                in release mode and with everything downloaded"
            .to_owned(),
        metrics: vec![
            metric("cpu", "s"),
            metric("wall", "s"),
            metric("crates", "by others"),
        ],
        targets: vec![Target {
            runtime: "uring-rt".to_owned(),
            at_most: 1.0,
            of: Some("tokio".to_owned()),
        }],
        runtimes: ["uring-rt", "tokio", "smol"].map(str::to_owned).into(),
        without: Vec::new(),
    }
}

/// What the application writes into its manifest.
fn dependency(root: &Path, runtime: &str) -> String {
    match runtime {
        "uring-rt" => format!("uring-rt = {{ path = {:?} }}", root.join("crates/uring-rt")),
        "tokio" => {
            r#"tokio = { version = "1", features = ["rt", "net", "time", "macros"] }"#.to_owned()
        }
        _ => format!("{runtime} = \"*\""),
    }
}

pub(crate) fn round(root: &Path, runtime: &str) -> Round {
    let folder = root.join(FOLDER).join(runtime);
    let prepared = prepare(&folder, &dependency(root, runtime));
    prepared.map_err(|error| format!("{}: {error}", folder.display()))?;
    cargo(&folder, &["fetch", "--quiet"])?;
    let tree = cargo(&folder, &["tree", "--prefix=none", "--edges=normal,build"])?;

    let (cpu, start) = (children_cpu(), Instant::now());
    cargo(&folder, &["build", "--release", "--quiet", "--offline"])?;
    let (wall, after) = (start.elapsed(), children_cpu());
    let cpu = after.zip(cpu).map(|(after, before)| after - before);
    let cpu = cpu.ok_or("/proc/self/stat is not as it should be")?;
    Ok(HashMap::from([
        ("cpu".to_owned(), cpu),
        ("wall".to_owned(), wall.as_secs_f64()),
        ("crates".to_owned(), crates_of_others(&tree)),
    ]))
}

/// Nothing built, in a workspace of its own.
fn prepare(folder: &Path, dependency: &str) -> io::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("src/main.rs"), "fn main() {}\n")?;
    let manifest = format!(
        "[package]\nname = \"cold\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n{dependency}\n"
    );
    fs::write(folder.join("Cargo.toml"), manifest)
}

fn cargo(folder: &Path, args: &[&str]) -> Result<String, String> {
    let cargo = std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
    let output = Command::new(cargo)
        .args(args)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo could not be started: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "cargo {} ended with {}",
            args.join(" "),
            output.status
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Seconds of processor that the children of this process have used which have ended, and theirs.
fn children_cpu() -> Option<f64> {
    parse_children_cpu(&fs::read_to_string("/proc/self/stat").ok()?)
}

fn parse_children_cpu(stat: &str) -> Option<f64> {
    // The name of the program, in brackets, may contain anything; the state follows, which is the third field.
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ').skip(13);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    let (user, system) = (ticks()?, ticks()?);
    Some((user + system) / TICKS_PER_SECOND)
}

/// Of the lines `name vX.Y.Z`, each once, without those that have a path: the application and what is ours.
fn crates_of_others(tree: &str) -> f64 {
    let lines = tree.lines().map(|line| line.trim_end_matches(" (*)"));
    let is_others = |line: &&str| !line.is_empty() && !line.contains(" (/");
    let crates: BTreeSet<&str> = lines.filter(is_others).collect();
    u32::try_from(crates.len()).map_or(f64::INFINITY, f64::from)
}

#[cfg(test)]
mod tests {
    use super::{children_cpu, crates_of_others, parse_children_cpu};

    #[test]
    fn a_crate_of_others_counts_once() {
        let tree = "cold v0.0.0 (/a/cold)\nuring-rt v0.1.0 (/a/uring-rt)\nlibc v0.2.1\n\
            slab v0.4.1\nlibc v0.2.1 (*)\n\nuring-rt-macros v0.1.0 (proc-macro) (/a/macros)\nsyn v2.0.0\n";
        assert_eq!(crates_of_others(tree), 3.0);
    }

    #[test]
    fn the_time_of_children_is_in_fields_sixteen_and_seventeen() {
        let stat = "1 (a) b) S 4 5 6 7 8 9 10 11 12 13 14 15 150 50 18";
        assert_eq!(parse_children_cpu(stat), Some(2.0));
        assert!(children_cpu().is_some_and(|seconds| seconds >= 0.0));
    }
}
