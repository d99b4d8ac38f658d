//! What a ring is, and what its shared memory says right now: no system call.

use super::Ring;
use crate::cqueue::CompletionQueue;
use crate::squeue::SubmissionQueue;

impl Ring {
    /// `abi::IORING_FEAT_*` of this kernel, less those hidden by [`Setup::feature_mask`](crate::Setup::feature_mask).
    ///
    /// ```
    /// use uring_sys::{Ring, Setup};
    ///
    /// // What an old kernel's path is tested with on a new one.
    /// let setup = Setup { feature_mask: 0, ..Setup::default() };
    /// # let Ok(_) = Ring::new(&setup) else { return Ok(()) }; // no io_uring on this machine
    /// assert_eq!(Ring::new(&setup)?.features(), 0);
    /// assert_ne!(Ring::new(&Setup::default())?.features(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn features(&self) -> u32 {
        self.features
    }

    /// `abi::IORING_SETUP_*` the ring was made with, `CQSIZE` included.
    ///
    /// ```
    /// use uring_sys::{Ring, Setup, abi::IORING_SETUP_CQSIZE};
    ///
    /// let setup = Setup { cq_entries: Some(256), ..Setup::default() };
    /// # let Ok(_) = Ring::new(&setup) else { return Ok(()) }; // no io_uring on this machine
    /// assert_eq!(Ring::new(&setup)?.setup_flags(), IORING_SETUP_CQSIZE);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn setup_flags(&self) -> u32 {
        self.setup_flags
    }

    /// Slots of the submission queue.
    ///
    /// ```
    /// use uring_sys::{Ring, Setup};
    ///
    /// let setup = Setup { entries: 5, ..Setup::default() };
    /// # let Ok(_) = Ring::new(&setup) else { return Ok(()) }; // no io_uring on this machine
    /// assert_eq!(Ring::new(&setup)?.sq_entries(), 8, "the next power of two");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn sq_entries(&self) -> u32 {
        self.sq.entries()
    }

    /// Slots of the completion queue.
    ///
    /// ```
    /// use uring_sys::{Ring, Setup};
    ///
    /// let setup = Setup { entries: 8, ..Setup::default() };
    /// # let Ok(_) = Ring::new(&setup) else { return Ok(()) }; // no io_uring on this machine
    /// assert_eq!(Ring::new(&setup)?.cq_entries(), 16);
    /// let setup = Setup { cq_entries: Some(64), ..setup };
    /// assert_eq!(Ring::new(&setup)?.cq_entries(), 64);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn cq_entries(&self) -> u32 {
        self.cq.entries()
    }

    /// How many completions are in the queue. There may be more behind it: see [`Ring::cq_overflowed`] and
    /// [`Ring::taskrun_pending`].
    ///
    /// ```
    /// use uring_sys::{Ring, Setup, Sqe};
    ///
    /// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
    /// let mut ring = Ring::new(&Setup::default())?;
    /// ring.push(Sqe::nop())?;
    /// ring.push(Sqe::nop())?;
    /// ring.submit_and_wait(2, None)?;
    /// assert_eq!(ring.cq_ready(), 2);
    /// ring.pop();
    /// assert_eq!(ring.cq_ready(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn cq_ready(&self) -> u32 {
        self.cq.ready()
    }

    /// Whether the queue was too small and completions wait in the kernel's overflow list (5.8). Only
    /// [`Ring::submit_and_get_events`] or a wait moves them into the queue, as far as there is room.
    ///
    /// ```
    /// use uring_sys::{Ring, Setup, Sqe, abi::IORING_FEAT_NODROP};
    ///
    /// let setup = Setup { entries: 1, cq_entries: Some(1), ..Setup::default() };
    /// # let Ok(_) = Ring::new(&setup) else { return Ok(()) }; // no io_uring on this machine
    /// let mut ring = Ring::new(&setup)?;
    /// # if ring.features() & IORING_FEAT_NODROP == 0 { return Ok(()) } // an old kernel
    /// for number in 0..2 {
    ///     ring.push(Sqe::nop().with_user_data(number))?;
    ///     ring.submit()?;
    /// }
    /// assert!(ring.cq_overflowed(), "two completions, one slot");
    /// assert_eq!(ring.pop().map(|cqe| cqe.user_data), Some(0));
    /// ring.submit_and_get_events()?;
    /// assert_eq!(ring.pop().map(|cqe| cqe.user_data), Some(1));
    /// assert!(!ring.cq_overflowed());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn cq_overflowed(&self) -> bool {
        self.sq.cq_overflowed()
    }

    /// Whether completions wait for the kernel to be entered. Always false without `IORING_SETUP_TASKRUN_FLAG` (5.19).
    ///
    /// A `DEFER_TASKRUN` ring runs at most 20 of them per call (6.13), and after a sleep only as many as were waited for:
    /// go on with [`Ring::submit_and_get_events`] while this is true.
    ///
    /// ```
    /// use std::{io::Write, os::{fd::AsRawFd, unix::net::UnixStream}};
    /// use uring_sys::{Ring, Setup, Sqe};
    /// use uring_sys::abi::{
    ///     IORING_SETUP_DEFER_TASKRUN, IORING_SETUP_SINGLE_ISSUER, IORING_SETUP_TASKRUN_FLAG, POLLIN,
    /// };
    ///
    /// let flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG;
    /// let setup = Setup { flags, ..Setup::default() };
    /// # let Ok(_) = Ring::new(&setup) else { return Ok(()) }; // no io_uring, or a kernel before 6.1
    /// let mut ring = Ring::new(&setup)?;
    /// let (ours, mut theirs) = UnixStream::pair()?;
    /// ring.push(Sqe::poll_add(ours.as_raw_fd(), POLLIN))?;
    /// ring.submit()?;
    /// theirs.write_all(b"x")?;
    /// assert!(ring.taskrun_pending() && ring.cq_ready() == 0, "the poll has fired; its work waits");
    /// ring.submit_and_get_events()?;
    /// assert!(!ring.taskrun_pending() && ring.cq_ready() == 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn taskrun_pending(&self) -> bool {
        self.sq.taskrun_pending()
    }

    /// How many completions the kernel has lost: where `IORING_FEAT_NODROP` is missing (before 5.5), or when it had no
    /// memory. Wraps around; every change means that any request may have ended unseen.
    ///
    /// ```
    /// use uring_sys::{Ring, Setup, Sqe, abi::IORING_FEAT_NODROP};
    ///
    /// let setup = Setup { entries: 1, cq_entries: Some(1), ..Setup::default() };
    /// # let Ok(_) = Ring::new(&setup) else { return Ok(()) }; // no io_uring on this machine
    /// let mut ring = Ring::new(&setup)?;
    /// for _ in 0..2 {
    ///     ring.push(Sqe::nop())?;
    ///     ring.submit()?;
    /// }
    /// let nodrop = ring.features() & IORING_FEAT_NODROP != 0;
    /// assert_eq!(ring.overflow_count(), if nodrop { 0 } else { 1 });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn overflow_count(&self) -> u32 {
        self.cq.overflow_count()
    }

    /// How many requests the kernel skipped for a bad index; stays 0.
    ///
    /// ```
    /// use uring_sys::{Ring, Setup, Sqe};
    ///
    /// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
    /// let mut ring = Ring::new(&Setup::default())?;
    /// ring.push(Sqe::nop())?;
    /// ring.submit()?;
    /// assert_eq!(ring.dropped_count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn dropped_count(&self) -> u32 {
        self.sq.dropped_count()
    }

    /// The submission half, for a look at it.
    ///
    /// ```
    /// use uring_sys::{Ring, Setup, Sqe};
    ///
    /// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
    /// let mut ring = Ring::new(&Setup::default())?;
    /// ring.push(Sqe::nop())?;
    /// assert_eq!(ring.sq().to_submit(), ring.to_submit());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn sq(&self) -> &SubmissionQueue {
        &self.sq
    }

    /// The completion half, for a look at it.
    ///
    /// ```
    /// use uring_sys::{Ring, Setup, Sqe};
    ///
    /// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
    /// let mut ring = Ring::new(&Setup::default())?;
    /// ring.push(Sqe::nop())?;
    /// ring.submit_and_wait(1, None)?;
    /// assert_eq!(ring.cq().ready(), ring.cq_ready());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn cq(&self) -> &CompletionQueue {
        &self.cq
    }
}
