//! What the shards set.

use std::sync::Arc;

use rustix::thread::{CpuSet, sched_setaffinity};

use super::Builder;

impl Builder {
    /// Lets the threads for blocking calls run on these cores. From a thread that is pinned they would inherit its one
    /// core, and keep it from its tasks.
    pub(crate) fn blocking_threads_on(&mut self, cpus: CpuSet) {
        let hook = self.pool.on_start.take();
        self.pool.on_start = Some(Arc::new(move || {
            // Where it is refused, they are only less useful.
            let _ = sched_setaffinity(None, &cpus);
            hook.iter().for_each(|hook| hook());
        }));
    }
}
