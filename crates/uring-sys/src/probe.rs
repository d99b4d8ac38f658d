//! Which operations the kernel knows.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use crate::abi::{IO_URING_OP_SUPPORTED, IORING_REGISTER_PROBE, io_uring_probe, io_uring_probe_op};
use crate::syscall;

/// One record per possible opcode; the kernel takes at most 256.
const OPS: u32 = 256;

/// What the kernel writes. Must be zero beforehand, else `EINVAL`.
#[repr(C)]
struct Answer {
    head: io_uring_probe,
    ops: [io_uring_probe_op; OPS as usize],
}

/// The answer of `REGISTER_PROBE` (5.6): the opcodes this kernel knows.
///
/// An opcode is not enough to know a feature: flags and multishot forms came later than their operations.
///
/// ```
/// use uring_sys::{Ring, Setup, abi::{IORING_OP_MSG_RING, IORING_OP_POLL_ADD}};
///
/// # let Ok(Ok(_)) = Ring::new(&Setup::default()).map(|ring| ring.probe()) else { return Ok(()) };
/// let probe = Ring::new(&Setup::default())?.probe()?;
/// assert!(probe.is_supported(IORING_OP_POLL_ADD));
/// let by_message = probe.is_supported(IORING_OP_MSG_RING);
/// println!("another ring is woken by {}", if by_message { "a message" } else { "an eventfd" });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Probe {
    /// One bit per opcode.
    supported: [u64; 4],
    last_op: u8,
}

impl Probe {
    pub(crate) fn new(ring: BorrowedFd<'_>) -> io::Result<Self> {
        let mut answer = Answer {
            head: io_uring_probe::default(),
            ops: [io_uring_probe_op::default(); OPS as usize],
        };
        let arg = (&raw mut answer).cast_const().cast();
        // SAFETY: `answer` is a head and the announced number of records, all writable, and only used during the call.
        unsafe { syscall::register(ring.as_raw_fd(), IORING_REGISTER_PROBE, arg, OPS) }?;
        let mut supported = [0; 4];
        for op in &answer.ops[..usize::from(answer.head.ops_len)] {
            if op.flags & IO_URING_OP_SUPPORTED != 0 {
                supported[usize::from(op.op / 64)] |= 1 << (op.op % 64);
            }
        }
        Ok(Self {
            supported,
            last_op: answer.head.last_op,
        })
    }

    /// Whether the kernel knows `opcode` (one of `abi::IORING_OP_*`).
    ///
    /// ```
    /// use uring_sys::{Ring, Setup, abi::IORING_OP_POLL_ADD};
    ///
    /// # let Ok(Ok(_)) = Ring::new(&Setup::default()).map(|ring| ring.probe()) else { return Ok(()) };
    /// let probe = Ring::new(&Setup::default())?.probe()?;
    /// assert!(probe.is_supported(IORING_OP_POLL_ADD));
    /// assert!(!probe.is_supported(u8::MAX));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_supported(&self, opcode: u8) -> bool {
        self.supported[usize::from(opcode / 64)] & (1 << (opcode % 64)) != 0
    }

    /// The largest opcode the kernel has a number for; 62 on Linux 6.18.
    ///
    /// ```
    /// use uring_sys::{Ring, Setup, abi::IORING_OP_SPLICE};
    ///
    /// # let Ok(Ok(_)) = Ring::new(&Setup::default()).map(|ring| ring.probe()) else { return Ok(()) };
    /// let probe = Ring::new(&Setup::default())?.probe()?;
    /// assert!(probe.last_op() >= IORING_OP_SPLICE, "the probe came later than splicing");
    /// assert!(!(probe.last_op() + 1..=u8::MAX).any(|opcode| probe.is_supported(opcode)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn last_op(&self) -> u8 {
        self.last_op
    }
}
