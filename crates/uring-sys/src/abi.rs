//! The kernel's records and constants, with the names of `<linux/io_uring.h>`. No code.
//!
//! Written by hand, because a generated binding is thousands of lines that nobody reads. What makes it trustworthy is
//! `tests/it/header.rs`: it takes every constant, size and offset of these files and compares it with the C header of
//! the machine. Values newer than that header come from the kernel's own one.
//!
//! Man pages: `io_uring_setup(2)`, `io_uring_enter(2)`, `io_uring_register(2)`, `poll(2)`.
//!
//! The constants are the words that the records are made of, and a record is as long as the kernel's:
//!
//! ```
//! use std::os::fd::AsRawFd;
//! use uring_sys::{abi::*, syscall};
//!
//! let asked = io_uring_params { flags: IORING_SETUP_CQSIZE, cq_entries: 64, ..Default::default() };
//! # let Ok(_) = syscall::setup(8, &mut asked.clone()) else { return Ok(()) }; // no io_uring on this machine
//! let mut params = asked;
//! let ring = syscall::setup(8, &mut params)?;
//! assert_eq!((params.sq_entries, params.cq_entries), (8, 64));
//! let (sq, cq): (io_sqring_offsets, io_cqring_offsets) = (params.sq_off, params.cq_off);
//! assert_ne!(sq.tail, cq.tail);
//!
//! let mut probe = io_uring_probe::default();
//! let arg = (&raw mut probe).cast_const().cast();
//! // SAFETY: the head of an answer, writable, with room for no record after it.
//! unsafe { syscall::register(ring.as_raw_fd(), IORING_REGISTER_PROBE, arg, 0) }?;
//! assert!(probe.last_op >= IORING_OP_POLL_REMOVE);
//!
//! assert_eq!(size_of::<io_uring_sqe>(), 64);
//! assert_eq!(size_of::<io_uring_cqe>(), 16);
//! assert_eq!(size_of::<io_uring_getevents_arg>(), 24);
//! assert_eq!(size_of::<__kernel_timespec>(), 16);
//! assert_eq!(size_of::<io_uring_probe_op>(), 8);
//! assert_eq!(size_of::<io_uring_rsrc_update>(), 16);
//! assert_eq!(size_of::<io_uring_sync_cancel_reg>(), 64);
//! assert_eq!(size_of::<io_uring_restriction>(), 16);
//! assert_eq!(size_of::<io_uring_clock_register>(), 16);
//! assert_eq!(size_of::<io_uring_reg_wait>(), 64);
//! assert_eq!(size_of::<io_uring_region_desc>(), 64);
//! assert_eq!(size_of::<io_uring_mem_region_reg>(), 32);
//! # Ok::<(), std::io::Error>(())
//! ```

mod flags;
mod opcodes;
mod poll;
mod records;
mod registers;

/// Numbers of the three calls; they differ by architecture only on alpha and mips.
pub use libc::{SYS_io_uring_enter, SYS_io_uring_register, SYS_io_uring_setup};

pub use flags::{
    IO_URING_OP_SUPPORTED, IORING_ASYNC_CANCEL_ALL, IORING_ASYNC_CANCEL_ANY,
    IORING_ASYNC_CANCEL_FD, IORING_ASYNC_CANCEL_FD_FIXED, IORING_ASYNC_CANCEL_OP,
    IORING_ASYNC_CANCEL_USERDATA, IORING_CQ_EVENTFD_DISABLED, IORING_CQE_BUFFER_SHIFT,
    IORING_CQE_F_32, IORING_CQE_F_BUF_MORE, IORING_CQE_F_BUFFER, IORING_CQE_F_MORE,
    IORING_CQE_F_NOTIF, IORING_CQE_F_SKIP, IORING_CQE_F_SOCK_NONEMPTY, IORING_ENTER_ABS_TIMER,
    IORING_ENTER_EXT_ARG, IORING_ENTER_EXT_ARG_REG, IORING_ENTER_GETEVENTS, IORING_ENTER_NO_IOWAIT,
    IORING_ENTER_REGISTERED_RING, IORING_ENTER_SQ_WAIT, IORING_ENTER_SQ_WAKEUP,
    IORING_FEAT_CQE_SKIP, IORING_FEAT_CUR_PERSONALITY, IORING_FEAT_EXT_ARG, IORING_FEAT_FAST_POLL,
    IORING_FEAT_LINKED_FILE, IORING_FEAT_MIN_TIMEOUT, IORING_FEAT_NATIVE_WORKERS,
    IORING_FEAT_NO_IOWAIT, IORING_FEAT_NODROP, IORING_FEAT_POLL_32BITS,
    IORING_FEAT_RECVSEND_BUNDLE, IORING_FEAT_REG_REG_RING, IORING_FEAT_RSRC_TAGS,
    IORING_FEAT_RW_ATTR, IORING_FEAT_RW_CUR_POS, IORING_FEAT_SINGLE_MMAP,
    IORING_FEAT_SQPOLL_NONFIXED, IORING_FEAT_SUBMIT_STABLE, IORING_LINK_TIMEOUT_UPDATE,
    IORING_OFF_CQ_RING, IORING_OFF_MMAP_MASK, IORING_OFF_PBUF_RING, IORING_OFF_PBUF_SHIFT,
    IORING_OFF_SQ_RING, IORING_OFF_SQES, IORING_POLL_ADD_LEVEL, IORING_POLL_ADD_MULTI,
    IORING_POLL_UPDATE_EVENTS, IORING_POLL_UPDATE_USER_DATA, IORING_SETUP_ATTACH_WQ,
    IORING_SETUP_CLAMP, IORING_SETUP_COOP_TASKRUN, IORING_SETUP_CQE_MIXED, IORING_SETUP_CQE32,
    IORING_SETUP_CQSIZE, IORING_SETUP_DEFER_TASKRUN, IORING_SETUP_HYBRID_IOPOLL,
    IORING_SETUP_IOPOLL, IORING_SETUP_NO_MMAP, IORING_SETUP_NO_SQARRAY, IORING_SETUP_R_DISABLED,
    IORING_SETUP_REGISTERED_FD_ONLY, IORING_SETUP_SINGLE_ISSUER, IORING_SETUP_SQ_AFF,
    IORING_SETUP_SQ_REWIND, IORING_SETUP_SQE_MIXED, IORING_SETUP_SQE128, IORING_SETUP_SQPOLL,
    IORING_SETUP_SUBMIT_ALL, IORING_SETUP_TASKRUN_FLAG, IORING_SQ_CQ_OVERFLOW,
    IORING_SQ_NEED_WAKEUP, IORING_SQ_TASKRUN, IORING_TIMEOUT_ABS, IORING_TIMEOUT_BOOTTIME,
    IORING_TIMEOUT_ETIME_SUCCESS, IORING_TIMEOUT_MULTISHOT, IORING_TIMEOUT_REALTIME,
    IORING_TIMEOUT_UPDATE, IOSQE_ASYNC, IOSQE_BUFFER_SELECT, IOSQE_CQE_SKIP_SUCCESS,
    IOSQE_FIXED_FILE, IOSQE_IO_DRAIN, IOSQE_IO_HARDLINK, IOSQE_IO_LINK,
};
pub use opcodes::{
    IORING_OP_ACCEPT, IORING_OP_ASYNC_CANCEL, IORING_OP_BIND, IORING_OP_CLOSE, IORING_OP_CONNECT,
    IORING_OP_EPOLL_CTL, IORING_OP_EPOLL_WAIT, IORING_OP_FADVISE, IORING_OP_FALLOCATE,
    IORING_OP_FGETXATTR, IORING_OP_FILES_UPDATE, IORING_OP_FIXED_FD_INSTALL, IORING_OP_FSETXATTR,
    IORING_OP_FSYNC, IORING_OP_FTRUNCATE, IORING_OP_FUTEX_WAIT, IORING_OP_FUTEX_WAITV,
    IORING_OP_FUTEX_WAKE, IORING_OP_GETXATTR, IORING_OP_LINK_TIMEOUT, IORING_OP_LINKAT,
    IORING_OP_LISTEN, IORING_OP_MADVISE, IORING_OP_MKDIRAT, IORING_OP_MSG_RING, IORING_OP_NOP,
    IORING_OP_OPENAT, IORING_OP_OPENAT2, IORING_OP_PIPE, IORING_OP_POLL_ADD, IORING_OP_POLL_REMOVE,
    IORING_OP_PROVIDE_BUFFERS, IORING_OP_READ, IORING_OP_READ_FIXED, IORING_OP_READ_MULTISHOT,
    IORING_OP_READV, IORING_OP_READV_FIXED, IORING_OP_RECV, IORING_OP_RECV_ZC, IORING_OP_RECVMSG,
    IORING_OP_REMOVE_BUFFERS, IORING_OP_RENAMEAT, IORING_OP_SEND, IORING_OP_SEND_ZC,
    IORING_OP_SENDMSG, IORING_OP_SENDMSG_ZC, IORING_OP_SETXATTR, IORING_OP_SHUTDOWN,
    IORING_OP_SOCKET, IORING_OP_SPLICE, IORING_OP_STATX, IORING_OP_SYMLINKAT,
    IORING_OP_SYNC_FILE_RANGE, IORING_OP_TEE, IORING_OP_TIMEOUT, IORING_OP_TIMEOUT_REMOVE,
    IORING_OP_UNLINKAT, IORING_OP_URING_CMD, IORING_OP_WAITID, IORING_OP_WRITE,
    IORING_OP_WRITE_FIXED, IORING_OP_WRITEV, IORING_OP_WRITEV_FIXED,
};
pub use poll::{
    POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLPRI, POLLRDBAND, POLLRDHUP, POLLRDNORM,
};
pub use records::{
    __kernel_timespec, io_cqring_offsets, io_sqring_offsets, io_uring_clock_register, io_uring_cqe,
    io_uring_getevents_arg, io_uring_mem_region_reg, io_uring_params, io_uring_probe,
    io_uring_probe_op, io_uring_reg_wait, io_uring_region_desc, io_uring_restriction,
    io_uring_rsrc_update, io_uring_sqe, io_uring_sync_cancel_reg,
};
pub use registers::{
    IORING_REGISTER_BUFFERS, IORING_REGISTER_BUFFERS_UPDATE, IORING_REGISTER_BUFFERS2,
    IORING_REGISTER_CLOCK, IORING_REGISTER_CLONE_BUFFERS, IORING_REGISTER_ENABLE_RINGS,
    IORING_REGISTER_EVENTFD, IORING_REGISTER_EVENTFD_ASYNC, IORING_REGISTER_FILE_ALLOC_RANGE,
    IORING_REGISTER_FILES, IORING_REGISTER_FILES_UPDATE, IORING_REGISTER_FILES_UPDATE2,
    IORING_REGISTER_FILES2, IORING_REGISTER_IOWQ_AFF, IORING_REGISTER_IOWQ_MAX_WORKERS,
    IORING_REGISTER_MEM_REGION, IORING_REGISTER_NAPI, IORING_REGISTER_PBUF_RING,
    IORING_REGISTER_PBUF_STATUS, IORING_REGISTER_PERSONALITY, IORING_REGISTER_PROBE,
    IORING_REGISTER_QUERY, IORING_REGISTER_RESIZE_RINGS, IORING_REGISTER_RESTRICTIONS,
    IORING_REGISTER_RING_FDS, IORING_REGISTER_SEND_MSG_RING, IORING_REGISTER_SYNC_CANCEL,
    IORING_REGISTER_USE_REGISTERED_RING, IORING_REGISTER_ZCRX_IFQ, IORING_UNREGISTER_BUFFERS,
    IORING_UNREGISTER_EVENTFD, IORING_UNREGISTER_FILES, IORING_UNREGISTER_IOWQ_AFF,
    IORING_UNREGISTER_NAPI, IORING_UNREGISTER_PBUF_RING, IORING_UNREGISTER_PERSONALITY,
    IORING_UNREGISTER_RING_FDS,
};
