//! What is there so that programs for tokio compile, and changes nothing:
//! docs/decisions/0024-the-builder-is-tokios.md.

use std::io;

use super::Builder;
use crate::runtime::{LocalOptions, LocalRuntime};

impl Builder {
    /// The same as [`new`](Self::new): a runtime runs on the thread that builds it.
    ///
    /// Corresponds to `tokio::runtime::Builder::new_current_thread`.
    ///
    /// ```
    /// use uring_rt::runtime::Builder;
    ///
    /// let runtime = Builder::new_current_thread().enable_all().build()?;
    /// assert_eq!(runtime.block_on(async { 1 }), 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new_current_thread() -> Builder {
        Builder::new()
    }

    /// Changes nothing: I/O and time are there from the start. For programs that were written for tokio.
    ///
    /// ```
    /// use uring_rt::runtime::Builder;
    ///
    /// let runtime = Builder::new().enable_all().build()?;
    /// runtime.block_on(async {});
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn enable_all(&mut self) -> &mut Builder {
        self
    }

    /// Changes nothing: see [`enable_all`](Self::enable_all).
    ///
    /// ```
    /// use uring_rt::runtime::Builder;
    ///
    /// let runtime = Builder::new().enable_io().build()?;
    /// runtime.block_on(async {});
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn enable_io(&mut self) -> &mut Builder {
        self
    }

    /// Changes nothing: see [`enable_all`](Self::enable_all).
    ///
    /// ```
    /// use uring_rt::runtime::Builder;
    ///
    /// let runtime = Builder::new().enable_time().build()?;
    /// runtime.block_on(async {});
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn enable_time(&mut self) -> &mut Builder {
        self
    }

    /// Changes nothing: the queue of other threads is taken over in each pass, and not only now and then.
    ///
    /// Corresponds to `tokio::runtime::Builder::global_queue_interval`.
    ///
    /// # Panics
    ///
    /// When it is zero.
    ///
    /// ```
    /// use uring_rt::runtime::Builder;
    ///
    /// let runtime = Builder::new().global_queue_interval(7).build()?;
    /// runtime.block_on(async {});
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn global_queue_interval(&mut self, ticks: u32) -> &mut Builder {
        assert!(ticks > 0, "global_queue_interval must be greater than 0");
        self
    }

    /// Changes nothing: what one look at the kernel can bring is limited by the ring (see
    /// [`entries`](Self::entries)), and the next look takes the rest.
    ///
    /// Corresponds to `tokio::runtime::Builder::max_io_events_per_tick`.
    ///
    /// # Panics
    ///
    /// When it is zero.
    ///
    /// ```
    /// use uring_rt::runtime::Builder;
    ///
    /// let runtime = Builder::new().max_io_events_per_tick(128).build()?;
    /// runtime.block_on(async {});
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn max_io_events_per_tick(&mut self, events: usize) -> &mut Builder {
        assert!(events > 0, "max_io_events_per_tick must be greater than 0");
        self
    }

    /// The same as [`build`](Self::build): each runtime here is what tokio calls a local one.
    ///
    /// Corresponds to `tokio::runtime::Builder::build_local`.
    ///
    /// # Errors
    ///
    /// As for [`build`](Self::build).
    ///
    /// ```
    /// use uring_rt::runtime::{Builder, LocalOptions, LocalRuntime};
    ///
    /// let runtime: LocalRuntime = Builder::new().build_local(LocalOptions::default())?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn build_local(&mut self, _options: LocalOptions) -> io::Result<LocalRuntime> {
        self.build()
    }
}
