//! Clocks, and the core that a process runs on.

use std::fs;
use std::time::{Duration, Instant};

use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;

use crate::workload::Sample;

/// Binds this thread, and those that it starts, to one core.
pub(crate) fn bind_to_core(core: usize) -> Result<(), String> {
    let mut set = CpuSet::new();
    set.set(core)
        .and_then(|()| sched_setaffinity(Pid::from_raw(0), &set))
        .map_err(|error| format!("binding to core {core}: {error}"))
}

/// What the threads of this process have used of their processors, in user and in kernel mode.
pub(crate) fn cpu_time() -> Duration {
    cpu_time_by(ClockId::CLOCK_PROCESS_CPUTIME_ID)
}

/// The same by the clock of a process.
pub(crate) fn cpu_time_by(clock: ClockId) -> Duration {
    let now = clock_gettime(clock);
    Duration::from(now.expect("the process lives"))
}

/// What the processes have used that this one has started and waited for, from their start to their end.
pub(crate) fn cpu_time_of_children() -> Result<Duration, String> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN);
    let usage = usage.map_err(|error| format!("getrusage: {error}"))?;
    let microseconds = usage.user_time() + usage.system_time();
    Ok(Duration::from_micros(
        microseconds.num_microseconds().cast_unsigned(),
    ))
}

/// Memory of this process that is no file's, in bytes: heap, stacks, rings.
pub(crate) fn anonymous_memory() -> Result<u64, String> {
    anonymous_memory_of("self")
}

/// The same of another process.
pub(crate) fn anonymous_memory_of(process: &str) -> Result<u64, String> {
    let kibibytes = field(process, "status", "RssAnon:")?;
    Ok(kibibytes * 1024)
}

/// Calls of `write` by this process so far: most runtimes wake a thread by one.
pub(crate) fn writes() -> Result<u64, String> {
    field("self", "io", "syscw:")
}

/// The number behind a word, in a file of `/proc`.
fn field(process: &str, file: &str, word: &str) -> Result<u64, String> {
    let path = format!("/proc/{process}/{file}");
    let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let rest = text.lines().find_map(|line| line.strip_prefix(word));
    let number = rest.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| format!("{path} has no number behind {word}"))
}

/// Wall and processor time from its start on.
pub(crate) struct Stopwatch {
    wall: Instant,
    cpu: Duration,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self {
            cpu: cpu_time(),
            wall: Instant::now(),
        }
    }

    /// Both times in nanoseconds for one of so many operations.
    pub(crate) fn nanoseconds_per(&self, operations: usize) -> Sample {
        let (wall, cpu) = (self.wall.elapsed(), cpu_time() - self.cpu);
        let per = |time: Duration| time.as_nanos() as f64 / operations as f64;
        Sample::new([("cpu", per(cpu)), ("wall", per(wall))])
    }

    /// As [`Self::nanoseconds_per`], in microseconds.
    pub(crate) fn microseconds_per(&self, operations: usize) -> Sample {
        self.nanoseconds_per(operations).scaled(1e-3)
    }
}
