//! Reading into tokio's `ReadBuf`.

use std::io;
use std::task::{Poll, ready};

use tokio::io::ReadBuf;

/// The most that is initialized for one read. A reader who hands out megabytes and gets a few bytes at a time would
/// otherwise pay for the zeroes of all of them.
const STEP: usize = 64 * 1024;

/// Lets `read` fill what is free of `buffer`.
///
/// This crate contains no `unsafe`, so memory that was never written is written once before the kernel does so.
/// tokio's buffers remember what has been: a reader who uses one buffer again pays nothing.
pub(crate) fn poll_into(
    buffer: &mut ReadBuf<'_>,
    read: impl FnOnce(&mut [u8]) -> Poll<io::Result<usize>>,
) -> Poll<io::Result<()>> {
    let initialized = buffer.initialized().len() - buffer.filled().len();
    let wanted = buffer.remaining().min(initialized.max(STEP));
    let count = ready!(read(buffer.initialize_unfilled_to(wanted)))?;
    buffer.advance(count);
    Poll::Ready(Ok(()))
}
