//! Operations of an SQE (`enum io_uring_op`), up to Linux 6.18.
//!
//! Only the first block is built by [`crate::Sqe`]; the others are here to be asked for with [`crate::Probe`].

/// Nothing; completes with 0 (5.1).
pub const IORING_OP_NOP: u8 = 0;
/// `poll(2)` of one descriptor, once or again and again (5.1).
pub const IORING_OP_POLL_ADD: u8 = 6;
/// Takes a poll back, or changes it (5.1).
pub const IORING_OP_POLL_REMOVE: u8 = 7;
/// Cancels requests, by `user_data`, descriptor or kind (5.5).
pub const IORING_OP_ASYNC_CANCEL: u8 = 14;

/// `preadv2(2)` (5.1).
pub const IORING_OP_READV: u8 = 1;
/// `pwritev2(2)` (5.1).
pub const IORING_OP_WRITEV: u8 = 2;
/// `fsync(2)`, `fdatasync(2)` (5.1).
pub const IORING_OP_FSYNC: u8 = 3;
/// `pread(2)` into a registered buffer (5.1).
pub const IORING_OP_READ_FIXED: u8 = 4;
/// `pwrite(2)` from a registered buffer (5.1).
pub const IORING_OP_WRITE_FIXED: u8 = 5;
/// `sync_file_range(2)` (5.2).
pub const IORING_OP_SYNC_FILE_RANGE: u8 = 8;
/// `sendmsg(2)` (5.3).
pub const IORING_OP_SENDMSG: u8 = 9;
/// `recvmsg(2)` (5.3).
pub const IORING_OP_RECVMSG: u8 = 10;
/// Completes at a time, or after so many other completions (5.4).
pub const IORING_OP_TIMEOUT: u8 = 11;
/// Takes a timeout back (5.5), or changes it (5.11).
pub const IORING_OP_TIMEOUT_REMOVE: u8 = 12;
/// `accept4(2)` (5.5).
pub const IORING_OP_ACCEPT: u8 = 13;
/// Cancels the request that it is linked to, at a time (5.5).
pub const IORING_OP_LINK_TIMEOUT: u8 = 15;
/// `connect(2)` (5.5).
pub const IORING_OP_CONNECT: u8 = 16;
/// `fallocate(2)` (5.6).
pub const IORING_OP_FALLOCATE: u8 = 17;
/// `openat(2)` (5.6).
pub const IORING_OP_OPENAT: u8 = 18;
/// `close(2)` (5.6).
pub const IORING_OP_CLOSE: u8 = 19;
/// Exchanges registered files (5.6).
pub const IORING_OP_FILES_UPDATE: u8 = 20;
/// `statx(2)` (5.6).
pub const IORING_OP_STATX: u8 = 21;
/// `pread(2)`, or `read(2)` with offset -1 (5.6).
pub const IORING_OP_READ: u8 = 22;
/// `pwrite(2)`, or `write(2)` with offset -1 (5.6).
pub const IORING_OP_WRITE: u8 = 23;
/// `posix_fadvise(2)` (5.6).
pub const IORING_OP_FADVISE: u8 = 24;
/// `madvise(2)` (5.6).
pub const IORING_OP_MADVISE: u8 = 25;
/// `send(2)` (5.6).
pub const IORING_OP_SEND: u8 = 26;
/// `recv(2)` (5.6).
pub const IORING_OP_RECV: u8 = 27;
/// `openat2(2)` (5.6).
pub const IORING_OP_OPENAT2: u8 = 28;
/// `epoll_ctl(2)` (5.6).
pub const IORING_OP_EPOLL_CTL: u8 = 29;
/// `splice(2)` (5.7).
pub const IORING_OP_SPLICE: u8 = 30;
/// Gives the kernel buffers to choose from (5.7).
pub const IORING_OP_PROVIDE_BUFFERS: u8 = 31;
/// Takes such buffers back (5.7).
pub const IORING_OP_REMOVE_BUFFERS: u8 = 32;
/// `tee(2)` (5.8).
pub const IORING_OP_TEE: u8 = 33;
/// `shutdown(2)` (5.11).
pub const IORING_OP_SHUTDOWN: u8 = 34;
/// `renameat2(2)` (5.11).
pub const IORING_OP_RENAMEAT: u8 = 35;
/// `unlinkat(2)` (5.11).
pub const IORING_OP_UNLINKAT: u8 = 36;
/// `mkdirat(2)` (5.15).
pub const IORING_OP_MKDIRAT: u8 = 37;
/// `symlinkat(2)` (5.15).
pub const IORING_OP_SYMLINKAT: u8 = 38;
/// `linkat(2)` (5.15).
pub const IORING_OP_LINKAT: u8 = 39;
/// Posts a completion to another ring (5.18).
pub const IORING_OP_MSG_RING: u8 = 40;
/// `fsetxattr(2)` (5.19).
pub const IORING_OP_FSETXATTR: u8 = 41;
/// `setxattr(2)` (5.19).
pub const IORING_OP_SETXATTR: u8 = 42;
/// `fgetxattr(2)` (5.19).
pub const IORING_OP_FGETXATTR: u8 = 43;
/// `getxattr(2)` (5.19).
pub const IORING_OP_GETXATTR: u8 = 44;
/// `socket(2)` (5.19).
pub const IORING_OP_SOCKET: u8 = 45;
/// A command of the file's driver, as `ioctl(2)` is (5.19).
pub const IORING_OP_URING_CMD: u8 = 46;
/// `send(2)` without a copy (6.0).
pub const IORING_OP_SEND_ZC: u8 = 47;
/// `sendmsg(2)` without a copy (6.1).
pub const IORING_OP_SENDMSG_ZC: u8 = 48;
/// `read(2)` again and again, into provided buffers (6.7).
pub const IORING_OP_READ_MULTISHOT: u8 = 49;
/// `waitid(2)` (6.7).
pub const IORING_OP_WAITID: u8 = 50;
/// Waits for a futex (6.7).
pub const IORING_OP_FUTEX_WAIT: u8 = 51;
/// Wakes who waits for a futex (6.7).
pub const IORING_OP_FUTEX_WAKE: u8 = 52;
/// Waits for one of several futexes (6.7).
pub const IORING_OP_FUTEX_WAITV: u8 = 53;
/// Gives a registered file a descriptor (6.8).
pub const IORING_OP_FIXED_FD_INSTALL: u8 = 54;
/// `ftruncate(2)` (6.9).
pub const IORING_OP_FTRUNCATE: u8 = 55;
/// `bind(2)` (6.11).
pub const IORING_OP_BIND: u8 = 56;
/// `listen(2)` (6.11).
pub const IORING_OP_LISTEN: u8 = 57;
/// Receives without a copy, from a registered queue of the network card (6.15).
pub const IORING_OP_RECV_ZC: u8 = 58;
/// `epoll_wait(2)` (6.15).
pub const IORING_OP_EPOLL_WAIT: u8 = 59;
/// `preadv2(2)` into a registered buffer (6.15).
pub const IORING_OP_READV_FIXED: u8 = 60;
/// `pwritev2(2)` from a registered buffer (6.15).
pub const IORING_OP_WRITEV_FIXED: u8 = 61;
/// `pipe2(2)` (6.16).
pub const IORING_OP_PIPE: u8 = 62;
