//! `io_uring_register(2)`: what a ring is told and asked beside its requests; and how its descriptor, by which that is
//! done, is given up.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd};
use std::ptr;

use super::Ring;
use crate::abi::{
    IORING_REGISTER_ENABLE_RINGS, IORING_REGISTER_EVENTFD, IORING_REGISTER_RING_FDS,
    IORING_UNREGISTER_RING_FDS, io_uring_rsrc_update,
};
use crate::identity;
use crate::probe::Probe;
use crate::syscall;

/// The ring's index in the table of registered rings. The table belongs to one task: on another thread the same index is
/// another ring, or none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Registration {
    pub(super) index: u32,
    thread: u64,
    process: u64,
}

impl Registration {
    pub(super) fn is_usable(&self) -> bool {
        self.thread == identity::thread_token() && self.process == identity::process_token()
    }
}

impl Ring {
    /// Enables a ring made with `IORING_SETUP_R_DISABLED` (5.10). The calling task becomes its single issuer.
    ///
    /// # Errors
    ///
    /// `EBADFD` if the ring is enabled already, `EINVAL` on older kernels.
    ///
    /// ```
    /// use uring_sys::{Ring, Setup, Sqe, abi::IORING_SETUP_R_DISABLED};
    ///
    /// let setup = Setup { flags: IORING_SETUP_R_DISABLED, ..Setup::default() };
    /// # let Ok(_) = Ring::new(&setup) else { return Ok(()) }; // no io_uring, or a kernel before 5.10
    /// let mut ring = Ring::new(&setup)?;
    /// ring.push(Sqe::nop())?;
    /// assert_eq!(ring.submit().unwrap_err().raw_os_error(), Some(libc::EBADFD));
    /// ring.enable()?;
    /// assert_eq!(ring.submit()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn enable(&mut self) -> io::Result<()> {
        let fd = self.fd.as_raw_fd();
        // SAFETY: this opcode takes no argument.
        unsafe { syscall::register(fd, IORING_REGISTER_ENABLE_RINGS, ptr::null(), 0) }?;
        Ok(())
    }

    /// Has the kernel add to `eventfd` whenever a completion is posted, or, with deferred task work, when such work is
    /// queued (5.2). The ring keeps the counter alive, not its descriptor open.
    ///
    /// # Errors
    ///
    /// `EBUSY` if there is one already, `EBADF` if it is not an eventfd, `EEXIST` on a thread that is not the single
    /// issuer, `EINVAL` on older kernels.
    ///
    /// ```
    /// use std::os::fd::AsFd;
    /// use uring_sys::{Ring, Setup, Sqe, eventfd::EventFd};
    ///
    /// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
    /// let mut ring = Ring::new(&Setup::default())?;
    /// let counter = EventFd::new()?;
    /// ring.register_eventfd(counter.as_fd())?;
    /// ring.push(Sqe::nop())?;
    /// ring.submit()?;
    /// assert!(counter.drain()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn register_eventfd(&self, eventfd: BorrowedFd<'_>) -> io::Result<()> {
        let number = eventfd.as_raw_fd();
        let arg = (&raw const number).cast();
        // SAFETY: one live number, only read during the call.
        unsafe { syscall::register(self.fd.as_raw_fd(), IORING_REGISTER_EVENTFD, arg, 1) }?;
        Ok(())
    }

    /// Enters the ring from now on by an index into the calling task's table, which saves the look-up of the descriptor
    /// (5.18; some 35 ns). On other threads the descriptor goes on being used.
    ///
    /// Dropping the ring on this thread frees the index. Dropped elsewhere, the index keeps the ring alive until this
    /// thread exits.
    ///
    /// # Errors
    ///
    /// `EBUSY` if all 16 indices of the thread are taken, `EINVAL` on older kernels, `EEXIST` on a thread that is not the
    /// single issuer. The ring works as before.
    ///
    /// ```
    /// use uring_sys::{Ring, Setup, Sqe};
    ///
    /// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
    /// let mut ring = Ring::new(&Setup::default())?;
    /// if let Err(error) = ring.register_ring_fd() {
    ///     println!("entered by its descriptor: {error}");
    /// }
    /// ring.push(Sqe::nop())?;
    /// assert_eq!(ring.submit()?, 1, "either way");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn register_ring_fd(&mut self) -> io::Result<()> {
        if self.registration.is_some_and(|by| by.is_usable()) {
            return Ok(());
        }
        let fd = self.fd.as_raw_fd();
        // Offset -1 lets the kernel choose the index; it is written back.
        let mut update = io_uring_rsrc_update {
            offset: u32::MAX,
            data: u64::from(fd.unsigned_abs()),
            resv: 0,
        };
        let arg = (&raw mut update).cast_const().cast();
        // SAFETY: one live record that the kernel may write to, only used during the call.
        unsafe { syscall::register(fd, IORING_REGISTER_RING_FDS, arg, 1) }?;
        self.registration = Some(Registration {
            index: update.offset,
            thread: identity::thread_token(),
            process: identity::process_token(),
        });
        Ok(())
    }

    /// Gives the descriptor up without closing it: somebody else has closed it, and its number may be anybody's by now.
    ///
    /// `stand_in`, which should not be a ring, takes its place, so that every later submit fails. The memory still
    /// keeps the kernel's half alive; dropping this value ends that. So does a registered index, until its thread exits.
    ///
    /// ```
    /// use std::{fs::File, os::fd::{AsRawFd, FromRawFd, OwnedFd}};
    /// use uring_sys::{Ring, Setup, Sqe};
    ///
    /// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
    /// let mut ring = Ring::new(&Setup::default())?;
    /// let number = ring.as_raw_fd();
    /// ring.disown_fd(File::open("/dev/null")?.into());
    /// ring.push(Sqe::nop())?;
    /// assert_eq!(ring.submit().unwrap_err().raw_os_error(), Some(libc::EOPNOTSUPP));
    ///
    /// // In this example nobody else has closed it.
    /// // SAFETY: the ring has given the number up, and it is still open.
    /// drop(unsafe { OwnedFd::from_raw_fd(number) });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn disown_fd(&mut self, stand_in: OwnedFd) {
        // It would still reach the ring, and can be freed only by way of a descriptor of the ring.
        self.registration = None;
        let _number = std::mem::replace(&mut self.fd, stand_in).into_raw_fd();
    }

    /// Asks which operations the kernel knows (5.6).
    ///
    /// # Errors
    ///
    /// `EINVAL` on older kernels.
    ///
    /// ```
    /// use uring_sys::{Ring, Setup, abi::IORING_OP_POLL_ADD};
    ///
    /// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
    /// let ring = Ring::new(&Setup::default())?;
    /// match ring.probe() {
    ///     Ok(probe) => assert!(probe.is_supported(IORING_OP_POLL_ADD)),
    ///     Err(error) => assert_eq!(error.raw_os_error(), Some(libc::EINVAL), "before 5.6"),
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn probe(&self) -> io::Result<Probe> {
        Probe::new(self.fd.as_fd())
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        let Some(by) = self.registration.take_if(|by| by.is_usable()) else {
            return;
        };
        let mut update = io_uring_rsrc_update {
            offset: by.index,
            ..Default::default()
        };
        let arg = (&raw mut update).cast_const().cast();
        // SAFETY: one live record, only used during the call.
        let freed =
            unsafe { syscall::register(self.fd.as_raw_fd(), IORING_UNREGISTER_RING_FDS, arg, 1) };
        // A failure leaves the index taken until the thread exits; there is nobody to tell and nothing to do.
        drop(freed);
    }
}
