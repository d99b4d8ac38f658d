//! Which cores a thread may run on.

use rustix::io;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Those of this thread, or `None` where the kernel does not tell.
pub(super) fn allowed() -> Option<CpuSet> {
    sched_getaffinity(None).ok()
}

/// Their numbers.
pub(super) fn numbers(cpus: &CpuSet) -> Vec<usize> {
    (0..CpuSet::MAX_CPU)
        .filter(|&cpu| cpus.is_set(cpu))
        .collect()
}

/// Lets this thread run on one core alone.
pub(super) fn pin(cpu: usize) -> io::Result<()> {
    let mut only = CpuSet::new();
    only.set(cpu);
    allow(&only)
}

/// Lets this thread run on these.
pub(super) fn allow(cpus: &CpuSet) -> io::Result<()> {
    sched_setaffinity(None, cpus)
}
