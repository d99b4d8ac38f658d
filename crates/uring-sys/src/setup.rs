//! What a ring is asked to be, and how that may fail.

use std::fmt;
use std::io;

use crate::abi::{
    IORING_SETUP_CLAMP, IORING_SETUP_COOP_TASKRUN, IORING_SETUP_CQSIZE, IORING_SETUP_DEFER_TASKRUN,
    IORING_SETUP_NO_SQARRAY, IORING_SETUP_R_DISABLED, IORING_SETUP_SINGLE_ISSUER,
    IORING_SETUP_SUBMIT_ALL, IORING_SETUP_TASKRUN_FLAG, io_uring_params,
};

/// The setup flags this crate can drive.
///
/// The others change the layout of the shared memory (SQE128, CQE32, NO_MMAP, ...) or who submits (SQPOLL), or are not
/// invented yet: a ring with them could not be used safely.
const KNOWN_FLAGS: u32 = IORING_SETUP_CQSIZE
    | IORING_SETUP_CLAMP
    | IORING_SETUP_R_DISABLED
    | IORING_SETUP_SUBMIT_ALL
    | IORING_SETUP_COOP_TASKRUN
    | IORING_SETUP_TASKRUN_FLAG
    | IORING_SETUP_SINGLE_ISSUER
    | IORING_SETUP_DEFER_TASKRUN
    | IORING_SETUP_NO_SQARRAY;

/// The wishes for a [`Ring`](crate::Ring). The default is 64 entries and no flags: the least any kernel can do.
///
/// ```
/// use uring_sys::{Ring, Setup, abi::IORING_SETUP_SUBMIT_ALL};
///
/// let setup = Setup { entries: 256, flags: IORING_SETUP_SUBMIT_ALL, ..Setup::default() };
/// # let Ok(_) = Ring::new(&setup) else { return Ok(()) }; // no io_uring, or a kernel before 5.18
/// let ring = Ring::new(&setup)?;
/// assert_eq!((ring.sq_entries(), ring.setup_flags()), (256, IORING_SETUP_SUBMIT_ALL));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Setup {
    /// Slots of the submission queue; the kernel rounds up to a power of two. Costs locked memory (6.14): up to 64 entries
    /// are 2 pages, 1024 are 26.
    pub entries: u32,
    /// Slots of the completion queue, at least `entries`; sets `IORING_SETUP_CQSIZE` (5.5). Twice `entries` if `None`.
    pub cq_entries: Option<u32>,
    /// `abi::IORING_SETUP_*`. Those which would change the memory layout, or start a kernel thread, are refused with
    /// `EINVAL` as if the kernel did not know them.
    pub flags: u32,
    /// Which of the kernel's features [`Ring::features`](crate::Ring::features) admits to; all ones hides none. A hidden
    /// feature is not used, so that an old kernel's path can be tested on a new one.
    pub feature_mask: u32,
    /// Map the two queues apart although the kernel offers one mapping for both.
    pub force_separate_mmaps: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            entries: 64,
            cq_entries: None,
            flags: 0,
            feature_mask: u32::MAX,
            force_separate_mmaps: false,
        }
    }
}

impl Setup {
    /// The record for the kernel.
    pub(crate) fn params(&self) -> Result<io_uring_params, SetupError> {
        if self.flags & !KNOWN_FLAGS != 0 {
            let error = io::Error::from_raw_os_error(libc::EINVAL);
            return Err(SetupError {
                stage: SetupStage::Setup,
                error,
            });
        }
        let size = if self.cq_entries.is_some() {
            IORING_SETUP_CQSIZE
        } else {
            0
        };
        Ok(io_uring_params {
            flags: self.flags | size,
            cq_entries: self.cq_entries.unwrap_or(0),
            ..io_uring_params::default()
        })
    }
}

/// How far the making of a ring came.
///
/// ```
/// use uring_sys::{Ring, Setup, SetupStage};
///
/// match Ring::new(&Setup::default()).map_err(|error| error.stage) {
///     Ok(_) => println!("there is a ring"),
///     Err(SetupStage::Setup) => println!("the kernel makes none"),
///     Err(SetupStage::Mmap) => println!("its memory was not to be had"),
/// }
/// # let zero = Setup { entries: 0, ..Setup::default() };
/// # assert_eq!(Ring::new(&zero).unwrap_err().stage, SetupStage::Setup);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetupStage {
    /// `io_uring_setup(2)` was refused: flags, size, limits, or no `io_uring` here at all.
    Setup,
    /// The ring was made, but its memory could not be mapped. Nothing is left of it.
    Mmap,
}

/// Why there is no ring. The errno in `error` decides what to try next:
///
/// - `EINVAL`: a flag or size this kernel does not take; try with less.
/// - `ENOMEM`: `RLIMIT_MEMLOCK` (charged until 5.11 and since 6.14). A ring closed shortly before may still count, for
///   some ten milliseconds.
/// - `EPERM`, `EACCES`, `ENOSYS`: switched off by sysctl, a seccomp filter or a security module, or not built in.
/// - `EMFILE`, `ENFILE`: no descriptor left.
///
/// ```
/// use uring_sys::{Ring, Setup, SetupError, abi::IORING_SETUP_SQPOLL};
///
/// // A flag that this crate does not drive.
/// let setup = Setup { flags: IORING_SETUP_SQPOLL, ..Setup::default() };
/// let refused: SetupError = Ring::new(&setup).unwrap_err();
/// assert_eq!(refused.error.raw_os_error(), Some(libc::EINVAL));
/// assert!(refused.to_string().starts_with("io_uring_setup was refused: "));
/// ```
#[derive(Debug)]
pub struct SetupError {
    /// Where it failed.
    pub stage: SetupStage,
    /// The kernel's answer.
    pub error: io::Error,
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.stage {
            SetupStage::Setup => "io_uring_setup was refused",
            SetupStage::Mmap => "the ring's memory could not be mapped",
        };
        write!(f, "{what}: {}", self.error)
    }
}

impl std::error::Error for SetupError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl From<SetupError> for io::Error {
    /// Keeps the kind and the text.
    fn from(error: SetupError) -> Self {
        io::Error::new(error.error.kind(), error)
    }
}
