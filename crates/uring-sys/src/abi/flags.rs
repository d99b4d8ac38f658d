//! Flag words of the three calls, of SQEs and CQEs, and of the shared rings. "5.5" is the kernel that first knew the bit.

/// `io_uring_setup`: busy-poll for completions instead of interrupts (5.1).
pub const IORING_SETUP_IOPOLL: u32 = 1 << 0;
/// A kernel thread polls the submission queue (5.1).
pub const IORING_SETUP_SQPOLL: u32 = 1 << 1;
/// Bind that thread to `sq_thread_cpu` (5.1).
pub const IORING_SETUP_SQ_AFF: u32 = 1 << 2;
/// `cq_entries` is an input (5.5).
pub const IORING_SETUP_CQSIZE: u32 = 1 << 3;
/// Sizes beyond the maximum are reduced to it instead of refused (5.6).
pub const IORING_SETUP_CLAMP: u32 = 1 << 4;
/// Share the worker pool of `wq_fd` (5.6).
pub const IORING_SETUP_ATTACH_WQ: u32 = 1 << 5;
/// Start disabled; whoever enables the ring becomes its single issuer (5.10).
pub const IORING_SETUP_R_DISABLED: u32 = 1 << 6;
/// A refused SQE does not stop the batch (5.18).
pub const IORING_SETUP_SUBMIT_ALL: u32 = 1 << 7;
/// Completion work waits for the next kernel transition instead of an interrupt (5.19).
pub const IORING_SETUP_COOP_TASKRUN: u32 = 1 << 8;
/// Show waiting completion work as [`IORING_SQ_TASKRUN`]; needs COOP or DEFER (5.19).
pub const IORING_SETUP_TASKRUN_FLAG: u32 = 1 << 9;
/// SQEs of 128 bytes (5.19).
pub const IORING_SETUP_SQE128: u32 = 1 << 10;
/// CQEs of 32 bytes (5.19).
pub const IORING_SETUP_CQE32: u32 = 1 << 11;
/// Only one task submits; another one gets `EEXIST` (6.0).
pub const IORING_SETUP_SINGLE_ISSUER: u32 = 1 << 12;
/// Completion work runs only inside an enter with GETEVENTS; needs SINGLE_ISSUER (6.1).
pub const IORING_SETUP_DEFER_TASKRUN: u32 = 1 << 13;
/// The program provides the ring memory (6.5).
pub const IORING_SETUP_NO_MMAP: u32 = 1 << 14;
/// Return a registered index instead of a descriptor (6.5).
pub const IORING_SETUP_REGISTERED_FD_ONLY: u32 = 1 << 15;
/// No indirection array between the SQ indices and the SQEs (6.6).
pub const IORING_SETUP_NO_SQARRAY: u32 = 1 << 16;
/// Sleep a while before busy-polling (6.13).
pub const IORING_SETUP_HYBRID_IOPOLL: u32 = 1 << 17;
/// CQEs of both sizes in one ring (6.18).
pub const IORING_SETUP_CQE_MIXED: u32 = 1 << 18;
/// SQEs of both sizes in one ring (6.19).
pub const IORING_SETUP_SQE_MIXED: u32 = 1 << 19;
/// The submission queue starts over at index 0 with each enter (7.0).
pub const IORING_SETUP_SQ_REWIND: u32 = 1 << 20;

/// Both queues lie in one mapping (5.4).
pub const IORING_FEAT_SINGLE_MMAP: u32 = 1 << 0;
/// A full completion queue keeps its surplus in a list instead of dropping it (5.5).
pub const IORING_FEAT_NODROP: u32 = 1 << 1;
/// An SQE may be reused as soon as enter has returned (5.5).
pub const IORING_FEAT_SUBMIT_STABLE: u32 = 1 << 2;
/// Offset -1 means the file position (5.6).
pub const IORING_FEAT_RW_CUR_POS: u32 = 1 << 3;
/// Requests run with the submitter's credentials (5.6).
pub const IORING_FEAT_CUR_PERSONALITY: u32 = 1 << 4;
/// READ, RECV and ACCEPT wait by an internal poll (5.7).
pub const IORING_FEAT_FAST_POLL: u32 = 1 << 5;
/// POLL_ADD takes 32 event bits (5.9).
pub const IORING_FEAT_POLL_32BITS: u32 = 1 << 6;
/// SQPOLL without registered files (5.11).
pub const IORING_FEAT_SQPOLL_NONFIXED: u32 = 1 << 7;
/// Enter takes a timeout (5.11).
pub const IORING_FEAT_EXT_ARG: u32 = 1 << 8;
/// Workers are threads of the process (5.12).
pub const IORING_FEAT_NATIVE_WORKERS: u32 = 1 << 9;
/// Registered resources may be tagged; also the sign that multishot poll exists (5.13).
pub const IORING_FEAT_RSRC_TAGS: u32 = 1 << 10;
/// [`IOSQE_CQE_SKIP_SUCCESS`] exists (5.17).
pub const IORING_FEAT_CQE_SKIP: u32 = 1 << 11;
/// A descriptor is looked up when the request is issued, not when it is submitted (5.17).
pub const IORING_FEAT_LINKED_FILE: u32 = 1 << 12;
/// Register takes a registered ring index (6.3).
pub const IORING_FEAT_REG_REG_RING: u32 = 1 << 13;
/// Send and receive bundles (6.10).
pub const IORING_FEAT_RECVSEND_BUNDLE: u32 = 1 << 14;
/// `min_wait_usec` is honoured (6.12).
pub const IORING_FEAT_MIN_TIMEOUT: u32 = 1 << 15;
/// Reads and writes take attributes (6.14).
pub const IORING_FEAT_RW_ATTR: u32 = 1 << 16;
/// [`IORING_ENTER_NO_IOWAIT`] exists (6.15).
pub const IORING_FEAT_NO_IOWAIT: u32 = 1 << 17;

/// Wait for `min_complete` completions, run deferred work, flush the overflow list (5.1).
pub const IORING_ENTER_GETEVENTS: u32 = 1 << 0;
/// Wake the SQPOLL thread (5.1).
pub const IORING_ENTER_SQ_WAKEUP: u32 = 1 << 1;
/// Wait for room in an SQPOLL submission queue (5.10).
pub const IORING_ENTER_SQ_WAIT: u32 = 1 << 2;
/// The argument is an [`super::io_uring_getevents_arg`] (5.11).
pub const IORING_ENTER_EXT_ARG: u32 = 1 << 3;
/// The descriptor is the index of a registered ring (5.18).
pub const IORING_ENTER_REGISTERED_RING: u32 = 1 << 4;
/// The timeout is a point in time of the registered clock (6.12).
pub const IORING_ENTER_ABS_TIMER: u32 = 1 << 5;
/// The argument is an offset into a registered wait region (6.13).
pub const IORING_ENTER_EXT_ARG_REG: u32 = 1 << 6;
/// The sleep does not count as waiting for I/O (6.15).
pub const IORING_ENTER_NO_IOWAIT: u32 = 1 << 7;

/// The SQPOLL thread sleeps (5.1).
pub const IORING_SQ_NEED_WAKEUP: u32 = 1 << 0;
/// Completions wait in the overflow list (5.8).
pub const IORING_SQ_CQ_OVERFLOW: u32 = 1 << 1;
/// Completion work waits for an enter; only with [`IORING_SETUP_TASKRUN_FLAG`] (5.19).
pub const IORING_SQ_TASKRUN: u32 = 1 << 2;
/// The program does not want eventfd notifications now (5.8).
pub const IORING_CQ_EVENTFD_DISABLED: u32 = 1 << 0;

/// `fd` is a registered file index (5.1).
pub const IOSQE_FIXED_FILE: u8 = 1 << 0;
/// Start after everything in flight (5.2).
pub const IOSQE_IO_DRAIN: u8 = 1 << 1;
/// The next SQE starts when this one succeeded (5.3).
pub const IOSQE_IO_LINK: u8 = 1 << 2;
/// The next SQE starts when this one ended (5.5).
pub const IOSQE_IO_HARDLINK: u8 = 1 << 3;
/// Go to a worker at once (5.6).
pub const IOSQE_ASYNC: u8 = 1 << 4;
/// Take a provided buffer (5.7).
pub const IOSQE_BUFFER_SELECT: u8 = 1 << 5;
/// Post no CQE if the request succeeds (5.17).
pub const IOSQE_CQE_SKIP_SUCCESS: u8 = 1 << 6;

/// The upper 16 bits are a buffer id.
pub const IORING_CQE_F_BUFFER: u32 = 1 << 0;
/// More completions of the same request follow (5.13).
pub const IORING_CQE_F_MORE: u32 = 1 << 1;
/// The socket holds more data.
pub const IORING_CQE_F_SOCK_NONEMPTY: u32 = 1 << 2;
/// The second completion of a zero-copy send.
pub const IORING_CQE_F_NOTIF: u32 = 1 << 3;
/// The provided buffer is only partly used (6.12).
pub const IORING_CQE_F_BUF_MORE: u32 = 1 << 4;
/// A filler of a mixed-size ring, to be skipped (6.18).
pub const IORING_CQE_F_SKIP: u32 = 1 << 5;
/// This entry of a mixed-size ring has 32 bytes (6.18).
pub const IORING_CQE_F_32: u32 = 1 << 15;
/// Where the buffer id starts in the flags.
pub const IORING_CQE_BUFFER_SHIFT: u32 = 16;

/// `mmap(2)` offset of the submission ring.
pub const IORING_OFF_SQ_RING: u64 = 0;
/// `mmap(2)` offset of the completion ring, where it is mapped apart.
pub const IORING_OFF_CQ_RING: u64 = 0x8000000;
/// `mmap(2)` offset of the SQEs.
pub const IORING_OFF_SQES: u64 = 0x10000000;
/// `mmap(2)` offset of a provided buffer ring (6.4).
pub const IORING_OFF_PBUF_RING: u64 = 0x80000000;
/// Where the buffer group starts in such an offset.
pub const IORING_OFF_PBUF_SHIFT: u32 = 16;
/// The bits of an offset that choose what is mapped.
pub const IORING_OFF_MMAP_MASK: u64 = 0xf8000000;

/// POLL_ADD (in `len`): keep reporting, edge-triggered after the first report (5.13).
pub const IORING_POLL_ADD_MULTI: u32 = 1 << 0;
/// POLL_REMOVE (in `len`): change the events instead of removing (5.13).
pub const IORING_POLL_UPDATE_EVENTS: u32 = 1 << 1;
/// POLL_REMOVE (in `len`): change `user_data` instead of removing (5.13).
pub const IORING_POLL_UPDATE_USER_DATA: u32 = 1 << 2;
/// POLL_ADD (in `len`): level-triggered; in the header, but no released kernel takes it.
pub const IORING_POLL_ADD_LEVEL: u32 = 1 << 3;

/// ASYNC_CANCEL: all that match, and answer with their number (5.19).
pub const IORING_ASYNC_CANCEL_ALL: u32 = 1 << 0;
/// ASYNC_CANCEL: match the file (5.19).
pub const IORING_ASYNC_CANCEL_FD: u32 = 1 << 1;
/// ASYNC_CANCEL: match anything (5.19).
pub const IORING_ASYNC_CANCEL_ANY: u32 = 1 << 2;
/// ASYNC_CANCEL: the descriptor is a registered index (6.0).
pub const IORING_ASYNC_CANCEL_FD_FIXED: u32 = 1 << 3;
/// ASYNC_CANCEL: match `user_data` (6.6; the default before).
pub const IORING_ASYNC_CANCEL_USERDATA: u32 = 1 << 4;
/// ASYNC_CANCEL: match the opcode (6.6).
pub const IORING_ASYNC_CANCEL_OP: u32 = 1 << 5;

/// TIMEOUT: a point in time (5.5).
pub const IORING_TIMEOUT_ABS: u32 = 1 << 0;
/// TIMEOUT_REMOVE: change instead (5.11).
pub const IORING_TIMEOUT_UPDATE: u32 = 1 << 1;
/// TIMEOUT: by the clock that counts suspend (5.15).
pub const IORING_TIMEOUT_BOOTTIME: u32 = 1 << 2;
/// TIMEOUT: by the wall clock (5.15).
pub const IORING_TIMEOUT_REALTIME: u32 = 1 << 3;
/// TIMEOUT_REMOVE: change a linked timeout (5.15).
pub const IORING_LINK_TIMEOUT_UPDATE: u32 = 1 << 4;
/// TIMEOUT: expiry counts as success (5.16).
pub const IORING_TIMEOUT_ETIME_SUCCESS: u32 = 1 << 5;
/// TIMEOUT: fire again and again (6.4).
pub const IORING_TIMEOUT_MULTISHOT: u32 = 1 << 6;

/// In [`super::io_uring_probe_op::flags`]: the opcode is known.
pub const IO_URING_OP_SUPPORTED: u16 = 1 << 0;
