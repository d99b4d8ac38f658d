//! The `#[repr(C)]` records. Unions of the header are one field here, named after its role for this crate.
//!
//! The assertions at the end are read twice: the compiler proves that the Rust side has these numbers, and the test
//! `header` proves that the C side has the same ones.

use std::mem::{align_of, offset_of, size_of};

/// A request (`struct io_uring_sqe`). Every word that an operation does not use must be zero, else `EINVAL`.
///
/// See the example of [`abi`](super).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct io_uring_sqe {
    /// One of `IORING_OP_*`.
    pub opcode: u8,
    /// `IOSQE_*`.
    pub flags: u8,
    /// `ioprio_set(2)`, or flags of the operation.
    pub ioprio: u16,
    /// The descriptor, or its index with `IOSQE_FIXED_FILE`.
    pub fd: i32,
    /// Also `addr2`.
    pub off: u64,
    /// A pointer, or for POLL_REMOVE and ASYNC_CANCEL the `user_data` of the target.
    pub addr: u64,
    /// A length or a count; for polls, flags of their own.
    pub len: u32,
    /// The flag word of the operation: poll events, cancel flags, timeout flags.
    pub op_flags: u32,
    /// Comes back in the completion.
    pub user_data: u64,
    /// Also `buf_group`.
    pub buf_index: u16,
    /// Whose credentials count; 0 for those of the caller.
    pub personality: u16,
    /// Also `splice_fd_in`.
    pub file_index: u32,
    /// One more address, for the operations that need it.
    pub addr3: u64,
    /// Zero.
    pub pad2: u64,
}

/// An answer (`struct io_uring_cqe`), in its 16-byte form.
///
/// See the example of [`abi`](super).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct io_uring_cqe {
    /// That of the request.
    pub user_data: u64,
    /// What the operation returns, or a negated errno.
    pub res: i32,
    /// `IORING_CQE_F_*`.
    pub flags: u32,
}

/// In and out parameters of `io_uring_setup(2)`.
///
/// See the example of [`abi`](super).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct io_uring_params {
    /// Out: slots of the submission queue.
    pub sq_entries: u32,
    /// In with `CQSIZE`, and out: slots of the completion queue.
    pub cq_entries: u32,
    /// In: `IORING_SETUP_*`.
    pub flags: u32,
    /// In with `SQ_AFF`: the processor of the polling thread.
    pub sq_thread_cpu: u32,
    /// In with `SQPOLL`: after how many milliseconds it sleeps.
    pub sq_thread_idle: u32,
    /// Out: `IORING_FEAT_*`.
    pub features: u32,
    /// In with `ATTACH_WQ`: the ring whose helper threads are shared.
    pub wq_fd: u32,
    /// Zero.
    pub resv: [u32; 3],
    /// Out: where things are in the submission ring.
    pub sq_off: io_sqring_offsets,
    /// Out: where things are in the completion ring.
    pub cq_off: io_cqring_offsets,
}

/// Where the words of the submission ring lie in its mapping.
///
/// See the example of [`abi`](super).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct io_sqring_offsets {
    /// How far the kernel has read.
    pub head: u32,
    /// How far it may read.
    pub tail: u32,
    /// Turns a counter into an index.
    pub ring_mask: u32,
    /// How many slots there are.
    pub ring_entries: u32,
    /// `IORING_SQ_*`, which the kernel sets.
    pub flags: u32,
    /// How many entries were skipped for a bad index.
    pub dropped: u32,
    /// The indirection array; 0 with `NO_SQARRAY`.
    pub array: u32,
    /// Zero.
    pub resv1: u32,
    /// With `NO_MMAP`: the address of the entries.
    pub user_addr: u64,
}

/// Where the words of the completion ring lie in its mapping.
///
/// See the example of [`abi`](super).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct io_cqring_offsets {
    /// How far the program has read.
    pub head: u32,
    /// How far the kernel has written.
    pub tail: u32,
    /// Turns a counter into an index.
    pub ring_mask: u32,
    /// How many slots there are.
    pub ring_entries: u32,
    /// How many completions were lost.
    pub overflow: u32,
    /// The entries themselves.
    pub cqes: u32,
    /// `IORING_CQ_*`, which the program sets.
    pub flags: u32,
    /// Zero.
    pub resv1: u32,
    /// With `NO_MMAP`: the address of the ring.
    pub user_addr: u64,
}

/// The argument of an enter with `EXT_ARG`; the size passed along must be exactly 24.
///
/// See the example of [`abi`](super).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct io_uring_getevents_arg {
    /// The address of a signal mask for the wait, or 0.
    pub sigmask: u64,
    /// Its size.
    pub sigmask_sz: u32,
    /// How long to wait for all of `min_complete` before one is enough (6.12).
    pub min_wait_usec: u32,
    /// The address of a [`__kernel_timespec`], or 0.
    pub ts: u64,
}

/// A time with 64-bit halves on every architecture.
///
/// See the example of [`abi`](super).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct __kernel_timespec {
    /// Seconds.
    pub tv_sec: i64,
    /// Nanoseconds, below 1 000 000 000.
    pub tv_nsec: i64,
}

/// The head of the answer to `REGISTER_PROBE`; [`io_uring_probe_op`] records follow.
///
/// See the example of [`abi`](super).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct io_uring_probe {
    /// The largest opcode there is.
    pub last_op: u8,
    /// How many records follow.
    pub ops_len: u8,
    /// Zero.
    pub resv: u16,
    /// Zero.
    pub resv2: [u32; 3],
}

/// One operation in that answer.
///
/// See the example of [`abi`](super).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct io_uring_probe_op {
    /// The opcode.
    pub op: u8,
    /// Zero.
    pub resv: u8,
    /// [`IO_URING_OP_SUPPORTED`](super::IO_URING_OP_SUPPORTED), or nothing.
    pub flags: u16,
    /// Zero.
    pub resv2: u32,
}

/// The argument of `REGISTER_RING_FDS` and its opposite.
///
/// See the example of [`abi`](super).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct io_uring_rsrc_update {
    /// The first index; all ones lets the kernel choose that of a ring.
    pub offset: u32,
    /// Zero.
    pub resv: u32,
    /// The descriptor of a ring, or the address of a list.
    pub data: u64,
}

/// The argument of `REGISTER_SYNC_CANCEL` (6.0).
///
/// See the example of [`abi`](super).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct io_uring_sync_cancel_reg {
    /// The `user_data` of the target.
    pub addr: u64,
    /// The descriptor of the target, if `flags` say so.
    pub fd: i32,
    /// `IORING_ASYNC_CANCEL_*`.
    pub flags: u32,
    /// `{-1, -1}` waits for ever.
    pub timeout: __kernel_timespec,
    /// The operation of the target, if `flags` say so.
    pub opcode: u8,
    /// Zero.
    pub pad: [u8; 7],
    /// Zero.
    pub pad2: [u64; 3],
}

/// One rule of `REGISTER_RESTRICTIONS` (5.10).
///
/// See the example of [`abi`](super).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct io_uring_restriction {
    /// What is allowed or demanded.
    pub opcode: u16,
    /// `register_op`, `sqe_op` or `sqe_flags`, as `opcode` says.
    pub op: u8,
    /// Zero.
    pub resv: u8,
    /// Zero.
    pub resv2: [u32; 3],
}

/// The argument of `REGISTER_CLOCK` (6.12).
///
/// See the example of [`abi`](super).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct io_uring_clock_register {
    /// `CLOCK_MONOTONIC` or `CLOCK_BOOTTIME`.
    pub clockid: u32,
    /// Zero.
    pub resv: [u32; 3],
}

/// One slot of a registered wait region (6.13).
///
/// See the example of [`abi`](super).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct io_uring_reg_wait {
    /// How long to wait, if `flags` say so.
    pub ts: __kernel_timespec,
    /// As in [`io_uring_getevents_arg`].
    pub min_wait_usec: u32,
    /// Whether `ts` counts.
    pub flags: u32,
    /// The address of a signal mask for the wait, or 0.
    pub sigmask: u64,
    /// Its size.
    pub sigmask_sz: u32,
    /// Zero.
    pub pad: [u32; 3],
    /// Zero.
    pub pad2: [u64; 2],
}

/// A piece of memory to be registered (6.13).
///
/// See the example of [`abi`](super).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct io_uring_region_desc {
    /// Where the memory is, if it is the program's.
    pub user_addr: u64,
    /// Its length in bytes.
    pub size: u64,
    /// Whose memory it is.
    pub flags: u32,
    /// Zero.
    pub id: u32,
    /// Out: what to map it by, if it is the kernel's.
    pub mmap_offset: u64,
    /// Zero.
    pub resv: [u64; 4],
}

/// The argument of `REGISTER_MEM_REGION` (6.13).
///
/// See the example of [`abi`](super).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct io_uring_mem_region_reg {
    /// The address of an [`io_uring_region_desc`].
    pub region_uptr: u64,
    /// What the memory is for.
    pub flags: u64,
    /// Zero.
    pub resv: [u64; 2],
}

const _: () = {
    assert!(size_of::<io_uring_sqe>() == 64 && align_of::<io_uring_sqe>() == 8);
    assert!(offset_of!(io_uring_sqe, opcode) == 0);
    assert!(offset_of!(io_uring_sqe, flags) == 1);
    assert!(offset_of!(io_uring_sqe, ioprio) == 2);
    assert!(offset_of!(io_uring_sqe, fd) == 4);
    assert!(offset_of!(io_uring_sqe, off) == 8);
    assert!(offset_of!(io_uring_sqe, addr) == 16);
    assert!(offset_of!(io_uring_sqe, len) == 24);
    assert!(offset_of!(io_uring_sqe, op_flags) == 28);
    assert!(offset_of!(io_uring_sqe, user_data) == 32);
    assert!(offset_of!(io_uring_sqe, buf_index) == 40);
    assert!(offset_of!(io_uring_sqe, personality) == 42);
    assert!(offset_of!(io_uring_sqe, file_index) == 44);
    assert!(offset_of!(io_uring_sqe, addr3) == 48);
    assert!(offset_of!(io_uring_sqe, pad2) == 56);
    assert!(size_of::<io_uring_cqe>() == 16 && align_of::<io_uring_cqe>() == 8);
    assert!(offset_of!(io_uring_cqe, user_data) == 0);
    assert!(offset_of!(io_uring_cqe, res) == 8);
    assert!(offset_of!(io_uring_cqe, flags) == 12);
    assert!(size_of::<io_uring_params>() == 120 && align_of::<io_uring_params>() == 8);
    assert!(offset_of!(io_uring_params, sq_entries) == 0);
    assert!(offset_of!(io_uring_params, cq_entries) == 4);
    assert!(offset_of!(io_uring_params, flags) == 8);
    assert!(offset_of!(io_uring_params, sq_thread_cpu) == 12);
    assert!(offset_of!(io_uring_params, sq_thread_idle) == 16);
    assert!(offset_of!(io_uring_params, features) == 20);
    assert!(offset_of!(io_uring_params, wq_fd) == 24);
    assert!(offset_of!(io_uring_params, resv) == 28);
    assert!(offset_of!(io_uring_params, sq_off) == 40);
    assert!(offset_of!(io_uring_params, cq_off) == 80);
};

const _: () = {
    assert!(size_of::<io_sqring_offsets>() == 40 && align_of::<io_sqring_offsets>() == 8);
    assert!(offset_of!(io_sqring_offsets, head) == 0);
    assert!(offset_of!(io_sqring_offsets, tail) == 4);
    assert!(offset_of!(io_sqring_offsets, ring_mask) == 8);
    assert!(offset_of!(io_sqring_offsets, ring_entries) == 12);
    assert!(offset_of!(io_sqring_offsets, flags) == 16);
    assert!(offset_of!(io_sqring_offsets, dropped) == 20);
    assert!(offset_of!(io_sqring_offsets, array) == 24);
    assert!(offset_of!(io_sqring_offsets, resv1) == 28);
    assert!(offset_of!(io_sqring_offsets, user_addr) == 32);
    assert!(size_of::<io_cqring_offsets>() == 40 && align_of::<io_cqring_offsets>() == 8);
    assert!(offset_of!(io_cqring_offsets, head) == 0);
    assert!(offset_of!(io_cqring_offsets, tail) == 4);
    assert!(offset_of!(io_cqring_offsets, ring_mask) == 8);
    assert!(offset_of!(io_cqring_offsets, ring_entries) == 12);
    assert!(offset_of!(io_cqring_offsets, overflow) == 16);
    assert!(offset_of!(io_cqring_offsets, cqes) == 20);
    assert!(offset_of!(io_cqring_offsets, flags) == 24);
    assert!(offset_of!(io_cqring_offsets, resv1) == 28);
    assert!(offset_of!(io_cqring_offsets, user_addr) == 32);
};

const _: () = {
    assert!(size_of::<io_uring_getevents_arg>() == 24 && align_of::<io_uring_getevents_arg>() == 8);
    assert!(offset_of!(io_uring_getevents_arg, sigmask) == 0);
    assert!(offset_of!(io_uring_getevents_arg, sigmask_sz) == 8);
    assert!(offset_of!(io_uring_getevents_arg, min_wait_usec) == 12);
    assert!(offset_of!(io_uring_getevents_arg, ts) == 16);
    assert!(size_of::<__kernel_timespec>() == 16 && align_of::<__kernel_timespec>() == 8);
    assert!(offset_of!(__kernel_timespec, tv_sec) == 0);
    assert!(offset_of!(__kernel_timespec, tv_nsec) == 8);
    assert!(size_of::<io_uring_probe_op>() == 8 && align_of::<io_uring_probe_op>() == 4);
    assert!(offset_of!(io_uring_probe_op, op) == 0);
    assert!(offset_of!(io_uring_probe_op, flags) == 2);
    assert!(size_of::<io_uring_probe>() == 16 && align_of::<io_uring_probe>() == 4);
    assert!(offset_of!(io_uring_probe, last_op) == 0);
    assert!(offset_of!(io_uring_probe, ops_len) == 1);
    assert!(offset_of!(io_uring_probe, resv) == 2);
    assert!(offset_of!(io_uring_probe, resv2) == 4);
    assert!(size_of::<io_uring_rsrc_update>() == 16 && align_of::<io_uring_rsrc_update>() == 8);
    assert!(offset_of!(io_uring_rsrc_update, offset) == 0);
    assert!(offset_of!(io_uring_rsrc_update, resv) == 4);
    assert!(offset_of!(io_uring_rsrc_update, data) == 8);
};

const _: () = {
    assert!(
        size_of::<io_uring_sync_cancel_reg>() == 64 && align_of::<io_uring_sync_cancel_reg>() == 8
    );
    assert!(offset_of!(io_uring_sync_cancel_reg, addr) == 0);
    assert!(offset_of!(io_uring_sync_cancel_reg, fd) == 8);
    assert!(offset_of!(io_uring_sync_cancel_reg, flags) == 12);
    assert!(offset_of!(io_uring_sync_cancel_reg, timeout) == 16);
    assert!(offset_of!(io_uring_sync_cancel_reg, opcode) == 32);
    assert!(size_of::<io_uring_restriction>() == 16 && align_of::<io_uring_restriction>() == 4);
    assert!(offset_of!(io_uring_restriction, opcode) == 0);
    assert!(offset_of!(io_uring_restriction, op) == 2);
    assert!(offset_of!(io_uring_restriction, resv2) == 4);
    assert!(
        size_of::<io_uring_clock_register>() == 16 && align_of::<io_uring_clock_register>() == 4
    );
    assert!(offset_of!(io_uring_clock_register, clockid) == 0);
    assert!(size_of::<io_uring_reg_wait>() == 64 && align_of::<io_uring_reg_wait>() == 8);
    assert!(offset_of!(io_uring_reg_wait, ts) == 0);
    assert!(offset_of!(io_uring_reg_wait, min_wait_usec) == 16);
    assert!(offset_of!(io_uring_reg_wait, flags) == 20);
    assert!(offset_of!(io_uring_reg_wait, sigmask) == 24);
    assert!(offset_of!(io_uring_reg_wait, sigmask_sz) == 32);
    assert!(size_of::<io_uring_region_desc>() == 64 && align_of::<io_uring_region_desc>() == 8);
    assert!(offset_of!(io_uring_region_desc, user_addr) == 0);
    assert!(offset_of!(io_uring_region_desc, size) == 8);
    assert!(offset_of!(io_uring_region_desc, flags) == 16);
    assert!(offset_of!(io_uring_region_desc, id) == 20);
    assert!(offset_of!(io_uring_region_desc, mmap_offset) == 24);
    assert!(
        size_of::<io_uring_mem_region_reg>() == 32 && align_of::<io_uring_mem_region_reg>() == 8
    );
    assert!(offset_of!(io_uring_mem_region_reg, region_uptr) == 0);
    assert!(offset_of!(io_uring_mem_region_reg, flags) == 8);
};
