//! The `#[repr(C)]` records. Unions of the header are one field here, named after its role for this crate.
//!
//! The assertions at the end are read twice: the compiler proves that the Rust side has these numbers, and the test
//! `header` proves that the C side has the same ones.

#![expect(
    missing_docs,
    reason = "field names are the header's; io_uring_setup(2) and io_uring_enter(2) describe them"
)]

use std::mem::{align_of, offset_of, size_of};

/// A request (`struct io_uring_sqe`). Every word that an operation does not use must be zero, else `EINVAL`.
///
/// See the example of [`abi`](super).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct io_uring_sqe {
    pub opcode: u8,
    pub flags: u8,
    pub ioprio: u16,
    pub fd: i32,
    /// Also `addr2`.
    pub off: u64,
    /// A pointer, or for POLL_REMOVE and ASYNC_CANCEL the `user_data` of the target.
    pub addr: u64,
    pub len: u32,
    /// The flag word of the operation: poll events, cancel flags, timeout flags.
    pub op_flags: u32,
    pub user_data: u64,
    /// Also `buf_group`.
    pub buf_index: u16,
    pub personality: u16,
    /// Also `splice_fd_in`.
    pub file_index: u32,
    pub addr3: u64,
    pub pad2: u64,
}

/// An answer (`struct io_uring_cqe`), in its 16-byte form.
///
/// See the example of [`abi`](super).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct io_uring_cqe {
    pub user_data: u64,
    pub res: i32,
    pub flags: u32,
}

/// In and out parameters of `io_uring_setup(2)`.
///
/// See the example of [`abi`](super).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct io_uring_params {
    pub sq_entries: u32,
    pub cq_entries: u32,
    pub flags: u32,
    pub sq_thread_cpu: u32,
    pub sq_thread_idle: u32,
    pub features: u32,
    pub wq_fd: u32,
    pub resv: [u32; 3],
    pub sq_off: io_sqring_offsets,
    pub cq_off: io_cqring_offsets,
}

/// Where the words of the submission ring lie in its mapping.
///
/// See the example of [`abi`](super).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct io_sqring_offsets {
    pub head: u32,
    pub tail: u32,
    pub ring_mask: u32,
    pub ring_entries: u32,
    pub flags: u32,
    pub dropped: u32,
    /// The indirection array; 0 with `NO_SQARRAY`.
    pub array: u32,
    pub resv1: u32,
    pub user_addr: u64,
}

/// Where the words of the completion ring lie in its mapping.
///
/// See the example of [`abi`](super).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct io_cqring_offsets {
    pub head: u32,
    pub tail: u32,
    pub ring_mask: u32,
    pub ring_entries: u32,
    pub overflow: u32,
    pub cqes: u32,
    pub flags: u32,
    pub resv1: u32,
    pub user_addr: u64,
}

/// The argument of an enter with `EXT_ARG`; the size passed along must be exactly 24.
///
/// See the example of [`abi`](super).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct io_uring_getevents_arg {
    pub sigmask: u64,
    pub sigmask_sz: u32,
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
    pub tv_sec: i64,
    pub tv_nsec: i64,
}

/// The head of the answer to `REGISTER_PROBE`; [`io_uring_probe_op`] records follow.
///
/// See the example of [`abi`](super).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct io_uring_probe {
    pub last_op: u8,
    pub ops_len: u8,
    pub resv: u16,
    pub resv2: [u32; 3],
}

/// One operation in that answer.
///
/// See the example of [`abi`](super).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct io_uring_probe_op {
    pub op: u8,
    pub resv: u8,
    pub flags: u16,
    pub resv2: u32,
}

/// The argument of `REGISTER_RING_FDS` and its opposite.
///
/// See the example of [`abi`](super).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct io_uring_rsrc_update {
    pub offset: u32,
    pub resv: u32,
    pub data: u64,
}

/// The argument of `REGISTER_SYNC_CANCEL` (6.0).
///
/// See the example of [`abi`](super).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct io_uring_sync_cancel_reg {
    pub addr: u64,
    pub fd: i32,
    pub flags: u32,
    /// `{-1, -1}` waits for ever.
    pub timeout: __kernel_timespec,
    pub opcode: u8,
    pub pad: [u8; 7],
    pub pad2: [u64; 3],
}

/// One rule of `REGISTER_RESTRICTIONS` (5.10).
///
/// See the example of [`abi`](super).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct io_uring_restriction {
    pub opcode: u16,
    /// `register_op`, `sqe_op` or `sqe_flags`, as `opcode` says.
    pub op: u8,
    pub resv: u8,
    pub resv2: [u32; 3],
}

/// The argument of `REGISTER_CLOCK` (6.12).
///
/// See the example of [`abi`](super).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct io_uring_clock_register {
    pub clockid: u32,
    pub resv: [u32; 3],
}

/// One slot of a registered wait region (6.13).
///
/// See the example of [`abi`](super).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct io_uring_reg_wait {
    pub ts: __kernel_timespec,
    pub min_wait_usec: u32,
    pub flags: u32,
    pub sigmask: u64,
    pub sigmask_sz: u32,
    pub pad: [u32; 3],
    pub pad2: [u64; 2],
}

/// A piece of memory to be registered (6.13).
///
/// See the example of [`abi`](super).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct io_uring_region_desc {
    pub user_addr: u64,
    pub size: u64,
    pub flags: u32,
    pub id: u32,
    pub mmap_offset: u64,
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
    pub flags: u64,
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
