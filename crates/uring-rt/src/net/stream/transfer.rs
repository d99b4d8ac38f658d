//! The polling behind the traits, for all of them.

#[cfg(feature = "futures-io")]
use std::io::IoSliceMut;
use std::io::{self, IoSlice, Read, Write};
use std::task::{Context, Poll};

use crate::net::kind::StreamSocket;
use crate::net::stream::SocketStream;

impl<S: StreamSocket> SocketStream<S> {
    fn poll_some(
        &self,
        cx: &mut Context<'_>,
        wanted: usize,
        op: impl FnMut(&S) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        if S::IS_TCP {
            self.fd.poll_read_tcp(cx, wanted, op)
        } else {
            self.fd.poll_read_stream(cx, wanted, op)
        }
    }

    pub(crate) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_some(cx, buffer.len(), |socket| socket.io().read(buffer))
    }

    #[cfg(feature = "futures-io")]
    pub(crate) fn poll_read_vectored(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let wanted = buffers.iter().map(|buffer| buffer.len()).sum();
        self.poll_some(cx, wanted, |socket| socket.io().read_vectored(buffers))
    }

    pub(crate) fn poll_write(
        &self,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.fd
            .poll_write_stream(cx, buffer.len(), |socket| socket.io().write(buffer))
    }

    pub(crate) fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wanted = buffers.iter().map(|buffer| buffer.len()).sum();
        self.fd
            .poll_write_stream(cx, wanted, |socket| socket.io().write_vectored(buffers))
    }
}
