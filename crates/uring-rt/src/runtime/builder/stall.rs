//! Watching for tasks that do not give the thread back.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use uring_executor::{Stall, StallWatch};

use super::Builder;

pub(super) type StallHook = Arc<dyn Fn(&Stall) + Send + Sync>;

/// What was said about stalls.
#[derive(Clone, Default)]
pub(super) struct Stalls {
    threshold: Option<Duration>,
    hook: Option<StallHook>,
}

impl Stalls {
    /// The watch of one runtime, if it is to have one.
    pub(super) fn watch(&self) -> Option<StallWatch> {
        let hook = self.hook.clone();
        Some(StallWatch {
            threshold: self.threshold?,
            clock: Instant::now,
            on_stall: Box::new(move |stall| match &hook {
                Some(hook) => hook(stall),
                None => print(stall),
            }),
        })
    }
}

fn print(stall: &Stall) {
    // With no standard error there is nobody left to tell.
    let _ = writeln!(io::stderr(), "uring-rt: {stall}");
}

impl Builder {
    /// Reports each poll that holds the thread for this long or longer: of a task, or of the future given to
    /// [`block_on`](crate::runtime::Runtime::block_on). Nothing else on the runtime runs meanwhile, so such a task
    /// makes all others late; what it does belongs into [`spawn_blocking`](crate::task::spawn_blocking), or between
    /// two calls of [`yield_now`](crate::task::yield_now).
    ///
    /// The report says which task it was, where it was spawned, and how long it took: one line on standard error,
    /// or what [`on_stall`](Self::on_stall) does with it. It is also counted, in
    /// [`Metrics`](crate::runtime::Metrics). What counts is the time of one poll, on a clock that
    /// [`time::pause`](crate::time::pause) does not stop; a task that awaits is not reported, however long it takes.
    /// The report comes at the end of the poll, so one that never ends is not reported: a debugger shows where that is.
    ///
    /// Off by default, and then no time is taken. On, each poll reads the clock twice, some 50 ns together.
    ///
    /// ```
    /// use std::time::Duration;
    /// use uring_rt::runtime::Builder;
    ///
    /// let runtime = Builder::new().stall_threshold(Duration::from_millis(5)).build()?;
    /// let task = runtime.spawn(async { std::thread::sleep(Duration::from_millis(10)) });
    /// // On standard error: uring-rt: task 1, spawned at src/main.rs:5:20, held the thread for 10.1ms in one poll
    /// runtime.block_on(task)?;
    /// assert!(runtime.metrics().snapshot().executor.stalls > 0); // more if this thread had to wait for a processor
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn stall_threshold(&mut self, threshold: Duration) -> &mut Builder {
        self.stalls.threshold = Some(threshold);
        self
    }

    /// Called with each stall, on the runtime's thread, instead of the line on standard error. Only with
    /// [`stall_threshold`](Self::stall_threshold) there are any. A panic of the hook is reported and ends there.
    ///
    /// ```
    /// use std::time::Duration;
    /// use uring_rt::runtime::Builder;
    ///
    /// let runtime = Builder::new()
    ///     .stall_threshold(Duration::from_millis(5))
    ///     .on_stall(|stall| {
    ///         assert!(stall.id.is_none(), "it was no task");
    ///         assert!(stall.held >= Duration::from_millis(10));
    ///         println!("{}:{}", stall.spawned_at.file(), stall.spawned_at.line());
    ///     })
    ///     .build()?;
    /// runtime.block_on(async { std::thread::sleep(Duration::from_millis(10)) });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn on_stall(&mut self, hook: impl Fn(&Stall) + Send + Sync + 'static) -> &mut Builder {
        self.stalls.hook = Some(Arc::new(hook));
        self
    }
}
