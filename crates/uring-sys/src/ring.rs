//! One `io_uring`: descriptor, memory, two queues.

mod register;
mod state;

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::ptr;
use std::time::Duration;

use crate::abi::{
    IORING_ENTER_EXT_ARG, IORING_ENTER_GETEVENTS, IORING_ENTER_REGISTERED_RING,
    IORING_FEAT_EXT_ARG, IORING_FEAT_SINGLE_MMAP, io_uring_getevents_arg,
};
use crate::cqueue::{CompletionQueue, Completions, Cqe};
use crate::memory::Memory;
use crate::setup::{Setup, SetupError, SetupStage};
use crate::sqe::Sqe;
use crate::squeue::{QueueFull, SubmissionQueue};
use crate::syscall;
use crate::time::timeout_record;
use register::Registration;

/// An `io_uring` and its memory.
///
/// # Submitting
///
/// [`Ring::push`] writes an entry that the kernel does not see. The `submit` methods publish all of them and call
/// `io_uring_enter(2)`; they return how many entries the kernel took, which may be fewer than there were. The rest stays
/// in the queue and is counted by [`Ring::to_submit`].
///
/// # What the result of a submit hides
///
/// - If any entry was taken, `EINTR` and `ETIME` are replaced by their number: whether a wait timed out is for the clock
///   to say, not for the result.
/// - If fewer entries were taken than there were, the kernel does not wait at all.
/// - A signal ends the wait with `EINTR` even with `SA_RESTART`.
///
/// # Errors of submitting and waiting
///
/// - `ETIME`: the timeout passed with fewer than `min_complete` completions. `EINTR`: a signal.
/// - `EAGAIN`, `EBUSY`: no memory for a request, or (5.5 to about 5.18) the overflow list is not empty: take completions
///   and try again.
/// - `EEXIST`: this task is not the issuer of a `SINGLE_ISSUER` ring; so in a forked child. `EBADFD`: the ring is disabled.
/// - `EBADR`: the kernel lost completions (5.19). `ENXIO`, `EBADF`, `EOPNOTSUPP`: somebody closed the descriptor.
/// - `EPERM`: a seccomp filter that let setup pass.
///
/// # Threads and processes
///
/// A `Ring` can be moved to another thread (`Send`), which the kernel accepts as long as the ring has no `SINGLE_ISSUER`
/// flag. It is not `Sync`: submitting and reaping are the business of one thread at a time, and with most flags the kernel
/// enforces that, so a shared reference elsewhere could do nothing but race with the indices it reads.
///
/// A forked child must not touch a ring of its parent except to drop it: the memory is not inherited
/// (`MADV_DONTFORK`) and any other method would end in SIGSEGV. [`process_token`](crate::identity::process_token) tells.
///
/// Man pages: `io_uring(7)`, `io_uring_enter(2)`.
///
/// ```
/// use std::{io::Write, os::{fd::AsRawFd, unix::net::UnixStream}};
/// use uring_sys::{Ring, Setup, Sqe, abi::POLLIN};
///
/// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
/// let mut ring = Ring::new(&Setup::default())?;
/// let (ours, mut theirs) = UnixStream::pair()?;
/// ring.push(Sqe::poll_add(ours.as_raw_fd(), POLLIN).with_user_data(7))?;
/// ring.submit()?;
/// theirs.write_all(b"x")?;
/// ring.submit_and_wait(1, None)?;
/// let cqe = ring.pop().unwrap();
/// assert_eq!((cqe.user_data, cqe.result.unsigned_abs() & POLLIN), (7, POLLIN));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Ring {
    /// Pointers into `memory`.
    sq: SubmissionQueue,
    /// Pointers into `memory`.
    cq: CompletionQueue,
    /// Dropped before `fd`, so that no mapping of a closed ring exists. Never read: the queues do that.
    memory: Memory,
    /// The kernel's features less those that [`Setup::feature_mask`] hides.
    features: u32,
    /// As given to the kernel.
    setup_flags: u32,
    registration: Option<Registration>,
    fd: OwnedFd,
}

impl Ring {
    /// Makes a ring and maps its memory.
    ///
    /// # Errors
    ///
    /// See [`SetupError`]. After an error nothing is left: no descriptor, no mapping.
    ///
    /// ```
    /// use uring_sys::{Ring, Setup, SetupStage};
    ///
    /// match Ring::new(&Setup { entries: 0, ..Setup::default() }) {
    ///     Ok(_) => unreachable!("a ring has at least one entry"),
    ///     Err(error) => assert_eq!(error.stage, SetupStage::Setup),
    /// }
    /// ```
    pub fn new(setup: &Setup) -> Result<Self, SetupError> {
        let mut params = setup.params()?;
        let refused = |error| SetupError {
            stage: SetupStage::Setup,
            error,
        };
        let fd = syscall::setup(setup.entries, &mut params).map_err(refused)?;
        let features = params.features & setup.feature_mask;
        let single = features & IORING_FEAT_SINGLE_MMAP != 0 && !setup.force_separate_mmaps;

        let unmapped = |error| SetupError {
            stage: SetupStage::Mmap,
            error,
        };
        let memory = Memory::map(fd.as_fd(), &params, single).map_err(unmapped)?;
        let sq = memory.sq(&params).map_err(unmapped)?;
        let cq = memory.cq(&params).map_err(unmapped)?;
        Ok(Self {
            // SAFETY: the pointers are valid as long as `memory`, which lives next to the queue and is used by nobody else.
            sq: unsafe { SubmissionQueue::new(sq) },
            // SAFETY: as for `sq`.
            cq: unsafe { CompletionQueue::new(cq) },
            memory,
            features,
            setup_flags: params.flags,
            registration: None,
            fd,
        })
    }

    /// Writes a request into the queue. The kernel learns of it with the next submit.
    ///
    /// # Errors
    ///
    /// [`QueueFull`]: submit first. The request was not taken, and all earlier ones are still there.
    ///
    /// ```
    /// use uring_sys::{QueueFull, Ring, Setup, Sqe};
    ///
    /// let setup = Setup { entries: 1, ..Setup::default() };
    /// # let Ok(_) = Ring::new(&setup) else { return Ok(()) }; // no io_uring on this machine
    /// let mut ring = Ring::new(&setup)?;
    /// ring.push(Sqe::nop())?;
    /// assert_eq!(ring.push(Sqe::nop()), Err(QueueFull));
    /// ring.submit()?;
    /// ring.push(Sqe::nop())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn push(&mut self, sqe: Sqe) -> Result<(), QueueFull> {
        self.sq.push(sqe)
    }

    /// How many requests are pushed and not yet taken by the kernel.
    ///
    /// ```
    /// use uring_sys::{Ring, Setup, Sqe};
    ///
    /// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
    /// let mut ring = Ring::new(&Setup::default())?;
    /// ring.push(Sqe::nop())?;
    /// ring.push(Sqe::nop())?;
    /// assert_eq!(ring.to_submit(), 2);
    /// ring.submit()?;
    /// assert_eq!(ring.to_submit(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn to_submit(&self) -> u32 {
        self.sq.to_submit()
    }

    /// Hands the pushed requests to the kernel without waiting; no call at all if there are none.
    ///
    /// Runs no deferred completion work and does not flush the overflow list: a loop that only does this sees no event.
    ///
    /// # Errors
    ///
    /// ```
    /// use uring_sys::{Ring, Setup, Sqe};
    ///
    /// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
    /// let mut ring = Ring::new(&Setup::default())?;
    /// assert_eq!(ring.submit()?, 0, "nothing was pushed");
    /// ring.push(Sqe::nop())?;
    /// assert_eq!(ring.submit()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn submit(&mut self) -> io::Result<u32> {
        if self.to_submit() == 0 {
            return Ok(0);
        }
        self.enter(0, 0, None)
    }

    /// Hands over the pushed requests, lets the kernel run deferred completion work (a bounded amount, see
    /// [`Ring::taskrun_pending`]) and flush the overflow list. Never waits; always a system call.
    ///
    /// # Errors
    ///
    /// ```
    /// use uring_sys::{Ring, Setup, Sqe};
    ///
    /// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
    /// let mut ring = Ring::new(&Setup::default())?;
    /// ring.push(Sqe::nop())?;
    /// assert_eq!(ring.submit_and_get_events()?, 1);
    /// assert!(ring.pop().is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn submit_and_get_events(&mut self) -> io::Result<u32> {
        self.enter(0, IORING_ENTER_GETEVENTS, None)
    }

    /// Hands over the pushed requests and waits until `min_complete` completions are in the queue, or `timeout` has passed.
    ///
    /// `None` waits for ever. A timeout of zero costs a timer and a reschedule: [`Ring::submit_and_get_events`] is what not
    /// waiting should be. Timeouts longer than a century are cut to that.
    ///
    /// # Errors
    ///
    /// See [`Ring`]; and [`io::ErrorKind::Unsupported`] for a timeout where `features` has no `IORING_FEAT_EXT_ARG` (before
    /// 5.11), in which case nothing was submitted.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use uring_sys::{Ring, Setup, abi::IORING_FEAT_EXT_ARG};
    ///
    /// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
    /// let mut ring = Ring::new(&Setup::default())?;
    /// # if ring.features() & IORING_FEAT_EXT_ARG == 0 { return Ok(()) } // an old kernel
    /// let (start, timeout) = (Instant::now(), Duration::from_millis(1));
    /// let error = ring.submit_and_wait(1, Some(timeout)).unwrap_err();
    /// assert_eq!(error.raw_os_error(), Some(libc::ETIME));
    /// assert!(start.elapsed() >= timeout);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn submit_and_wait(
        &mut self,
        min_complete: u32,
        timeout: Option<Duration>,
    ) -> io::Result<u32> {
        let Some(timeout) = timeout else {
            return self.enter(min_complete, IORING_ENTER_GETEVENTS, None);
        };
        if self.features & IORING_FEAT_EXT_ARG == 0 {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let time = timeout_record(timeout);
        let ts = (&raw const time).expose_provenance() as u64;
        let arg = io_uring_getevents_arg {
            ts,
            ..Default::default()
        };
        self.enter(
            min_complete,
            IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG,
            Some(&arg),
        )
    }

    /// Publishes and enters.
    fn enter(
        &mut self,
        min_complete: u32,
        flags: u32,
        arg: Option<&io_uring_getevents_arg>,
    ) -> io::Result<u32> {
        self.sq.publish();
        let (fd, registered) = self.enter_fd();
        let (arg, len) = match arg {
            Some(arg) => (
                ptr::from_ref(arg).cast(),
                size_of::<io_uring_getevents_arg>(),
            ),
            None => (ptr::null(), 0),
        };
        let to_submit = self.sq.to_submit();
        // SAFETY: `arg` is null or a live record whose time the caller keeps alive, and no `Sqe` contains a pointer.
        unsafe { syscall::enter(fd, to_submit, min_complete, flags | registered, arg, len) }
    }

    /// What to enter by, and the flag that says what it is.
    #[expect(
        clippy::cast_possible_wrap,
        reason = "an index below 16 in a register made for descriptors"
    )]
    fn enter_fd(&self) -> (RawFd, u32) {
        match self.registration {
            Some(by) if by.is_usable() => (by.index as RawFd, IORING_ENTER_REGISTERED_RING),
            _ => (self.fd.as_raw_fd(), 0),
        }
    }

    /// Takes the oldest completion.
    ///
    /// ```
    /// use uring_sys::{Ring, Setup, Sqe};
    ///
    /// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
    /// let mut ring = Ring::new(&Setup::default())?;
    /// ring.push(Sqe::nop().with_user_data(7))?;
    /// ring.submit_and_wait(1, None)?;
    /// assert_eq!(ring.pop().map(|cqe| cqe.user_data), Some(7));
    /// assert_eq!(ring.pop(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn pop(&mut self) -> Option<Cqe> {
        self.cq.pop()
    }

    /// Takes all completions that are there now; their slots go back to the kernel when the batch is dropped.
    ///
    /// ```
    /// use uring_sys::{Ring, Setup, Sqe};
    ///
    /// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
    /// let mut ring = Ring::new(&Setup::default())?;
    /// for number in 0..3 {
    ///     ring.push(Sqe::nop().with_user_data(number))?;
    /// }
    /// ring.submit_and_wait(3, None)?;
    /// assert_eq!(ring.completions().map(|cqe| cqe.user_data).sum::<u64>(), 3);
    /// assert_eq!(ring.cq_ready(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn completions(&mut self) -> Completions<'_> {
        self.cq.completions()
    }
}

impl AsFd for Ring {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for Ring {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring")
            .field("fd", &self.fd.as_raw_fd())
            .field("setup_flags", &format_args!("{:#x}", self.setup_flags))
            .field("features", &format_args!("{:#x}", self.features))
            .field("sq", &self.sq)
            .field("cq", &self.cq)
            .field("memory", &self.memory)
            .field("registration", &self.registration)
            .finish()
    }
}
