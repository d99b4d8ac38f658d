//! The traits of hyper: on a stream, and on the halves.

use std::cell::Cell;
use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};

use crate::net::halves::{ReadSide, WriteSide};
use crate::net::kind::StreamSocket;
use crate::net::stream::SocketStream;

/// The most that one read brings: docs/decisions/0029-hyper-gets-a-copy.md.
const STEP: usize = 64 * 1024;

thread_local! {
    /// Where reads put their bytes: empty until the first one, and while one goes on. Only what a read has just brought
    /// is ever taken from it.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Lets `read` fill the thread's scratch, and copies what it brought.
///
/// This crate contains no `unsafe`, and hyper's cursor does not advance over bytes that something else has written
/// without.
fn poll_into(
    mut cursor: ReadBufCursor<'_>,
    read: impl FnOnce(&mut [u8]) -> Poll<io::Result<usize>>,
) -> Poll<io::Result<()>> {
    let wanted = cursor.remaining().min(STEP);
    // Taken out: `read` clones a waker, which is foreign code and may read in its turn.
    let mut scratch = SCRATCH.try_with(Cell::take).unwrap_or_default();
    if scratch.is_empty() {
        scratch.resize(STEP, 0);
    }
    let polled = read(&mut scratch[..wanted]);
    if let Poll::Ready(Ok(count)) = polled {
        cursor.put_slice(&scratch[..count]);
    }
    // A thread that is ending has no place for it any more.
    let _ = SCRATCH.try_with(|kept| kept.set(scratch));
    polled.map_ok(|_| ())
}

impl<S: StreamSocket> Read for SocketStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        poll_into(buffer, |space| SocketStream::poll_read(&self, cx, space))
    }
}

impl<S, P> Read for ReadSide<P>
where
    S: StreamSocket,
    P: Deref<Target = SocketStream<S>> + Unpin,
{
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        poll_into(buffer, |space| self.0.poll_read(cx, space))
    }
}

impl<S: StreamSocket> Write for SocketStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        SocketStream::poll_write(&self, cx, buffer)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        SocketStream::poll_write_vectored(&self, cx, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.shutdown(Shutdown::Write))
    }
}

impl<S, P> Write for WriteSide<P>
where
    S: StreamSocket,
    P: Deref<Target = SocketStream<S>> + Unpin,
{
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_write(cx, buffer)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_write_vectored(cx, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.0.shutdown(Shutdown::Write))
    }
}
