//! The Linux io_uring ABI.
