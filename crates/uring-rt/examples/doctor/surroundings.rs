//! What the process is allowed, as far as it can see.

use std::fs;
use std::thread;

use rustix::process::{Resource, getrlimit};

/// A resource limit of this process. `None` is no limit.
#[derive(Debug)]
pub(crate) struct Limit {
    pub(crate) name: &'static str,
    /// The name by which it is raised in a shell.
    pub(crate) ulimit: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) soft: Option<u64>,
    pub(crate) hard: Option<u64>,
    /// What is taken of it now, where that can be seen.
    pub(crate) in_use: Option<u64>,
    /// What the runtime needs it for.
    pub(crate) purpose: &'static str,
}

#[derive(Debug)]
pub(crate) struct Surroundings {
    pub(crate) limits: Vec<Limit>,
    /// The sysctl `kernel.io_uring_disabled`; `None` where the kernel, older than 6.6, has none.
    pub(crate) io_uring_disabled: Option<u64>,
    /// How many seccomp filters judge this process; `None` where the kernel does not say.
    pub(crate) seccomp_filters: Option<u64>,
    /// Processors that this process may run on.
    pub(crate) processors: Option<usize>,
}

impl Surroundings {
    pub(crate) fn look() -> Surroundings {
        Surroundings {
            limits: limits(),
            io_uring_disabled: number_in("/proc/sys/kernel/io_uring_disabled"),
            seccomp_filters: seccomp_filters(),
            processors: thread::available_parallelism().ok().map(usize::from),
        }
    }

    pub(crate) fn has_seccomp_filter(&self) -> bool {
        self.seccomp_filters.is_some_and(|filters| filters > 0)
    }
}

fn limits() -> Vec<Limit> {
    let limit = |resource, name, ulimit, unit, in_use, purpose| {
        let limit = getrlimit(resource);
        Limit {
            name,
            ulimit,
            unit,
            soft: limit.current,
            hard: limit.maximum,
            in_use,
            purpose,
        }
    };
    vec![
        limit(
            Resource::Nofile,
            "open files",
            "ulimit -n",
            "descriptors",
            open_files(),
            "each socket is one, and each runtime needs 2 to 4 of its own",
        ),
        limit(
            Resource::Memlock,
            "locked memory",
            "ulimit -l",
            "bytes",
            locked_memory(),
            "before Linux 5.12 and since 6.14, rings are charged to it, for all processes of the user",
        ),
        limit(
            Resource::Nproc,
            "threads",
            "ulimit -u",
            "threads",
            None,
            "blocking calls and name lookups run on threads of their own",
        ),
    ]
}

fn number_in(path: &str) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// The listing itself needs one, which is not counted.
fn open_files() -> Option<u64> {
    let entries = fs::read_dir("/proc/self/fd").ok()?.count();
    u64::try_from(entries).ok()?.checked_sub(1)
}

fn locked_memory() -> Option<u64> {
    let kibibytes = status("VmLck")?;
    kibibytes
        .trim_end_matches("kB")
        .trim()
        .parse()
        .ok()
        .map(|kib: u64| kib * 1024)
}

/// The number of filters is told since Linux 5.9; before, only that there are some.
fn seccomp_filters() -> Option<u64> {
    const FILTERED: &str = "2";
    match status("Seccomp_filters") {
        Some(filters) => filters.parse().ok(),
        None => status("Seccomp").map(|mode| u64::from(mode == FILTERED)),
    }
}

/// A line of what the kernel says of this process.
fn status(name: &str) -> Option<String> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    value_of(&status, name)
}

fn value_of(status: &str, name: &str) -> Option<String> {
    status.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key == name).then(|| value.trim().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_by_its_whole_name() {
        let status = "Name:\tdoctor\nSeccomp_filters:\t3\nSeccomp:\t2\n";
        assert_eq!(value_of(status, "Seccomp").as_deref(), Some("2"));
        assert_eq!(value_of(status, "Seccomp_filters").as_deref(), Some("3"));
        assert_eq!(value_of(status, "Filters"), None);
    }

    #[test]
    fn a_descriptor_that_is_opened_is_counted() {
        // Other tests of this process open and close their own meanwhile: a hundred stand out.
        let before = open_files().unwrap();
        let opened: Vec<_> = (0..100)
            .map(|_| fs::File::open("/dev/null").unwrap())
            .collect();
        assert!(open_files().unwrap() >= before + 90);
        drop(opened);
    }
}
