//! Operations of `io_uring_register(2)`, up to Linux 6.18.

/// Maps buffers for `READ_FIXED` and the like (5.1).
pub const IORING_REGISTER_BUFFERS: u32 = 0;
/// Lets go of all of them (5.1).
pub const IORING_UNREGISTER_BUFFERS: u32 = 1;
/// Makes a table of files, for `IOSQE_FIXED_FILE` (5.1).
pub const IORING_REGISTER_FILES: u32 = 2;
/// Lets go of the table (5.1).
pub const IORING_UNREGISTER_FILES: u32 = 3;
/// An eventfd that counts completions (5.2).
pub const IORING_REGISTER_EVENTFD: u32 = 4;
/// Lets go of the eventfd (5.2).
pub const IORING_UNREGISTER_EVENTFD: u32 = 5;
/// Exchanges files of the table (5.5).
pub const IORING_REGISTER_FILES_UPDATE: u32 = 6;
/// An eventfd that counts only what did not complete at once (5.6).
pub const IORING_REGISTER_EVENTFD_ASYNC: u32 = 7;
/// Asks which operations there are (5.6).
pub const IORING_REGISTER_PROBE: u32 = 8;
/// Keeps the credentials of the caller, for `personality` (5.6).
pub const IORING_REGISTER_PERSONALITY: u32 = 9;
/// Lets go of them (5.6).
pub const IORING_UNREGISTER_PERSONALITY: u32 = 10;
/// Says what a ring that is not enabled yet may be asked for (5.10).
pub const IORING_REGISTER_RESTRICTIONS: u32 = 11;
/// Enables a ring made with `R_DISABLED` (5.10).
pub const IORING_REGISTER_ENABLE_RINGS: u32 = 12;
/// `REGISTER_FILES` with tags (5.13).
pub const IORING_REGISTER_FILES2: u32 = 13;
/// `REGISTER_FILES_UPDATE` with tags (5.13).
pub const IORING_REGISTER_FILES_UPDATE2: u32 = 14;
/// `REGISTER_BUFFERS` with tags (5.13).
pub const IORING_REGISTER_BUFFERS2: u32 = 15;
/// Exchanges registered buffers (5.13).
pub const IORING_REGISTER_BUFFERS_UPDATE: u32 = 16;
/// The processors that helper threads may run on (5.14).
pub const IORING_REGISTER_IOWQ_AFF: u32 = 17;
/// All of them again (5.14).
pub const IORING_UNREGISTER_IOWQ_AFF: u32 = 18;
/// How many helper threads there may be (5.15).
pub const IORING_REGISTER_IOWQ_MAX_WORKERS: u32 = 19;
/// Gives rings an index in the table of the task (5.18).
pub const IORING_REGISTER_RING_FDS: u32 = 20;
/// Frees such indices (5.18).
pub const IORING_UNREGISTER_RING_FDS: u32 = 21;
/// A ring of provided buffers (5.19).
pub const IORING_REGISTER_PBUF_RING: u32 = 22;
/// Lets go of such a ring (5.19).
pub const IORING_UNREGISTER_PBUF_RING: u32 = 23;
/// Cancels requests, and waits until they have ended (6.0).
pub const IORING_REGISTER_SYNC_CANCEL: u32 = 24;
/// Where in the table the kernel may choose an index (6.0).
pub const IORING_REGISTER_FILE_ALLOC_RANGE: u32 = 25;
/// How far the kernel has read a ring of buffers (6.8).
pub const IORING_REGISTER_PBUF_STATUS: u32 = 26;
/// Has waits poll the network card (6.9).
pub const IORING_REGISTER_NAPI: u32 = 27;
/// Ends that (6.9).
pub const IORING_UNREGISTER_NAPI: u32 = 28;
/// The clock that the timeouts of waits go by (6.12).
pub const IORING_REGISTER_CLOCK: u32 = 29;
/// Takes over the registered buffers of another ring (6.12).
pub const IORING_REGISTER_CLONE_BUFFERS: u32 = 30;
/// `MSG_RING` without a ring to send from (6.13).
pub const IORING_REGISTER_SEND_MSG_RING: u32 = 31;
/// A queue of the network card, for `RECV_ZC` (6.15).
pub const IORING_REGISTER_ZCRX_IFQ: u32 = 32;
/// Makes the queues larger or smaller (6.13).
pub const IORING_REGISTER_RESIZE_RINGS: u32 = 33;
/// Memory for the arguments of waits (6.13).
pub const IORING_REGISTER_MEM_REGION: u32 = 34;
/// Asks what the kernel supports, with or without a ring (6.18).
pub const IORING_REGISTER_QUERY: u32 = 35;

/// Or-ed into the opcode: `fd` is the index of a registered ring (6.3).
pub const IORING_REGISTER_USE_REGISTERED_RING: u32 = 1 << 31;
