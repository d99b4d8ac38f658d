//! Listing the tasks when a signal comes.

use std::io::{self, Write};

use crate::runtime::{Builder, Runtime};
use crate::signal::unix::{Signal, SignalKind, signal};
use crate::task;

impl Builder {
    /// Whether `SIGQUIT`, which Ctrl-\ sends, has the runtime write a list of its tasks to standard error: that of
    /// [`Handle::dump_tasks`](crate::runtime::Handle::dump_tasks). It then no longer ends the process. Off by default.
    ///
    /// The list is made by a task of the runtime, which counts in its metrics, and is itself left out. So a task that
    /// does not give the thread back keeps the list from being written:
    /// [`stall_threshold`](Self::stall_threshold) is what tells of those. Several runtimes of a process may each
    /// write theirs.
    ///
    /// ```
    /// let runtime = uring_rt::runtime::Builder::new().dump_on_sigquit(true).build()?;
    /// runtime.block_on(async { /* kill -QUIT tells what it waits for */ });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn dump_on_sigquit(&mut self, enabled: bool) -> &mut Builder {
        self.dump_on_sigquit = enabled;
        self
    }
}

/// Begins to listen, so that a signal that comes from now on is not missed.
pub(super) fn start(runtime: &Runtime) -> io::Result<()> {
    let _entered = runtime.enter();
    let listener = signal(SignalKind::quit())?;
    drop(
        task::Builder::new()
            .name("dump_on_sigquit")
            .spawn(listen(listener))?,
    );
    Ok(())
}

async fn listen(mut listener: Signal) {
    while listener.recv().await.is_some() {
        let Ok(dump) = crate::runtime::Handle::current().dump_tasks().await else {
            return;
        };
        let dump = dump.without(task::id());
        // One call, so that the lists of several runtimes do not mix. With no standard error there is nobody left to tell.
        let _ = io::stderr().write_all(format!("uring-rt: {dump}\n").as_bytes());
    }
}
