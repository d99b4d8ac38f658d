//! Writing to a pipe.

use std::io::{self, IoSlice, PipeWriter, Write};
use std::task::{Context, Poll};

use crate::process::pipes::Pipe;

impl Pipe<PipeWriter> {
    pub(super) fn poll_write(
        &self,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.fd.poll_write_io(cx, |mut pipe| pipe.write(buffer))
    }

    pub(super) fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.fd
            .poll_write_io(cx, |mut pipe| pipe.write_vectored(buffers))
    }
}
