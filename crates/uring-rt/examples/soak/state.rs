//! What must not grow.

use std::fmt;
use std::fs;

use uring_rt::runtime::Runtime;

/// The allocator keeps what it may need again, so the resident memory moves about by this much, or by the twentieth.
const SLACK_KIB: u64 = 2048;

/// What a process has when everything that came has gone.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) fds: usize,
    pub(crate) resident_kib: u64,
    tasks: u64,
    sources: usize,
    timers: usize,
}

impl State {
    pub(crate) fn of(runtime: &Runtime) -> Result<State, String> {
        let metrics = runtime.metrics().snapshot();
        let fds = fs::read_dir("/proc/self/fd").map_err(|error| error.to_string())?;
        let status = fs::read_to_string("/proc/self/status").map_err(|error| error.to_string())?;
        Ok(State {
            fds: fds.count(),
            resident_kib: resident_kib(&status).ok_or("/proc/self/status without VmRSS")?,
            tasks: metrics.executor.tasks_alive,
            sources: metrics.reactor.sources,
            timers: metrics.reactor.timers,
        })
    }

    /// The same, to the last one. Memory is judged over all rounds, by [`growth`].
    pub(crate) fn is_as(&self, other: &State) -> bool {
        let exact = |state: &State| (state.fds, state.tasks, state.sources, state.timers);
        exact(self) == exact(other)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} fds, {} tasks, {} sources, {} timers, {} KiB",
            self.fds, self.tasks, self.sources, self.timers, self.resident_kib
        )
    }
}

fn resident_kib(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The median of the first third and of the last; an error if the latter is more.
pub(crate) fn growth(resident_kib: &[u64]) -> Result<(u64, u64), String> {
    let third = resident_kib.len().div_ceil(3);
    let median = |samples: &[u64]| {
        let mut sorted = samples.to_vec();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied()
    };
    let early = resident_kib.get(..third).and_then(median);
    let late = resident_kib
        .get(resident_kib.len() - third..)
        .and_then(median);
    let (Some(early), Some(late)) = (early, late) else {
        return Err("no round came to its end".to_owned());
    };
    if late > early + SLACK_KIB.max(early / 20) {
        return Err(format!(
            "the resident memory grew from {early} to {late} KiB: {resident_kib:?}"
        ));
    }
    Ok((early, late))
}
