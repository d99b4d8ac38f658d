//! The streams of all runtimes that speak futures-io.

use std::io;

use futures_util::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::runtime::Stream;

pub(crate) struct FuturesIo<S>(pub(crate) S);

impl<S: AsyncRead + AsyncWrite + Unpin + 'static> Stream for FuturesIo<S> {
    async fn read(&mut self, mut buffer: Vec<u8>) -> (io::Result<usize>, Vec<u8>) {
        (self.0.read(&mut buffer).await, buffer)
    }

    async fn write_all(&mut self, buffer: Vec<u8>, length: usize) -> (io::Result<()>, Vec<u8>) {
        let written = self.0.write_all(&buffer[..length]).await;
        (written, buffer)
    }
}
