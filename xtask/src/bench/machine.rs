//! Where and with what it was measured.

use std::fs;
use std::path::Path;
use std::thread::available_parallelism;

use crate::command::commit;

/// Without this, nobody could measure it again.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) kernel: String,
    pub(crate) commit: String,
    /// Peers, with their versions.
    pub(crate) versions: Vec<String>,
}

impl Machine {
    pub(crate) fn look(root: &Path, peers: &[String]) -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let cores = available_parallelism().map_or(1, usize::from);
        let model = processor(&read("/proc/cpuinfo"));
        let lock = root.join("benches/Cargo.lock");
        let lock = fs::read_to_string(lock).unwrap_or_default();
        Self {
            processor: format!("{model}, {cores} cores"),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            commit: commit(),
            versions: versions(&lock, peers),
        }
    }
}

/// The last and the first that this process may run on: one is measured, the other makes the load, and has the rest of
/// the machine's work. On a machine of one core they are the same.
pub(crate) fn cores() -> (usize, usize) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    allowed_cores(&status).unwrap_or((0, 0))
}

fn allowed_cores(status: &str) -> Option<(usize, usize)> {
    let prefix = "Cpus_allowed_list:";
    let list = status.lines().find_map(|line| line.strip_prefix(prefix))?;
    let mut numbers = list.trim().split([',', '-']);
    let first = numbers.next()?;
    let last = numbers.next_back().unwrap_or(first);
    Some((last.parse().ok()?, first.parse().ok()?))
}

fn processor(cpuinfo: &str) -> String {
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let model = model.and_then(|rest| rest.split_once(':'));
    model
        .map_or("unknown", |(_, model)| model.trim())
        .to_owned()
}

/// Those of the packages of these names.
fn versions(lock: &str, names: &[String]) -> Vec<String> {
    let value = |line: &str, key: &str| {
        let rest = line.strip_prefix(key)?.strip_prefix(" = \"")?;
        Some(rest.strip_suffix('"')?.to_owned())
    };
    let mut versions = Vec::new();
    let mut lines = lock.lines();
    while let Some(line) = lines.next() {
        let Some(name) = value(line, "name").filter(|name| names.contains(name)) else {
            continue;
        };
        if let Some(version) = lines.next().and_then(|line| value(line, "version")) {
            versions.push(format!("{name} {version}"));
        }
    }
    versions
}

#[cfg(test)]
mod tests {
    use super::{allowed_cores, processor, versions};

    #[test]
    fn the_cores_are_the_last_and_the_first() {
        let status = |list| format!("Name:\txtask\nCpus_allowed_list:\t{list}\nMems_allowed:\t1\n");
        assert_eq!(allowed_cores(&status("0-1")), Some((1, 0)));
        assert_eq!(allowed_cores(&status("2")), Some((2, 2)));
        assert_eq!(allowed_cores(&status("1,4-7")), Some((7, 1)));
        assert_eq!(allowed_cores(""), None);
    }

    #[test]
    fn the_model_is_what_stands_behind_its_colon() {
        assert_eq!(processor("processor\t: 0\nmodel name\t: A: B\n"), "A: B");
        assert_eq!(processor(""), "unknown");
    }

    #[test]
    fn versions_are_those_of_the_peers() {
        let lock = "[[package]]\nname = \"tokio\"\nversion = \"1.54.1\"\n\n\
            [[package]]\nname = \"tokio-macros\"\nversion = \"2.0.0\"\n";
        let names = ["tokio".to_owned(), "smol".to_owned()];
        assert_eq!(versions(lock, &names), ["tokio 1.54.1"]);
    }
}
