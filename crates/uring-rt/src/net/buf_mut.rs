//! Reading into the buffers of the crate `bytes`.

use std::io;

use bytes::BufMut;

/// The most that one read of a stream gets, as it is copied.
pub(crate) const LIMIT: usize = 64 * 1024;

/// Lets `read` fill the free space of `buffer` that is in one piece, but no more than `limit` bytes.
///
/// `BufMut` gives its space as memory that was never written, which only `unsafe` code can hand to the kernel; this
/// crate has none, so what was read is copied. Those who count cycles use a `[u8]` or tokio's `ReadBuf`.
pub(crate) fn read_into<B: BufMut, A>(
    buffer: &mut B,
    limit: usize,
    read: impl FnOnce(&mut [u8]) -> io::Result<(usize, A)>,
) -> io::Result<(usize, A)> {
    let mut space = vec![0; buffer.chunk_mut().len().min(limit)];
    let (count, about) = read(&mut space)?;
    buffer.put_slice(&space[..count]);
    Ok((count, about))
}
