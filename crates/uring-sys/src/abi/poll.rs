//! Event bits of `poll(2)`, as POLL_ADD takes and returns them. Equal on every architecture with the generic table;
//! epoll uses the same values.

/// Readable, or a connection to accept.
pub const POLLIN: u32 = 0x0001;
/// Urgent data.
pub const POLLPRI: u32 = 0x0002;
/// Writable.
pub const POLLOUT: u32 = 0x0004;
/// An error is pending; always reported.
pub const POLLERR: u32 = 0x0008;
/// Both directions are closed; always reported.
pub const POLLHUP: u32 = 0x0010;
/// Not an open descriptor; always reported.
pub const POLLNVAL: u32 = 0x0020;
/// Normal data to read; goes along with [`POLLIN`].
pub const POLLRDNORM: u32 = 0x0040;
/// Priority data to read.
pub const POLLRDBAND: u32 = 0x0080;
/// The peer stopped writing. POLL_ADD reports it unasked since 5.13, epoll only when asked.
pub const POLLRDHUP: u32 = 0x2000;
