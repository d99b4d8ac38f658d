//! Writing.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustix::net::{SendFlags, send};

use crate::blocking::Call;
use crate::io::stdio::way::{Direction, Pooled, Way, gone, is_left_behind};

/// The most that one call on the pool writes.
const MOST: usize = 256 << 10;

/// A stream that is written; its way is found by the first write.
#[derive(Debug, Default)]
pub(super) struct Output(Option<Way<PooledWriter>>);

impl Output {
    pub(super) fn poll_write(
        &mut self,
        fd: BorrowedFd<'_>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut is_new = self.0.is_none();
        loop {
            let way = match &mut self.0 {
                Some(way) => way,
                none => none.insert(Way::find(fd, Direction::Output, PooledWriter::new)?),
            };
            let outcome = way.poll_write(cx, bytes);
            if is_new || !is_left_behind(&outcome) {
                return outcome;
            }
            is_new = true;
            self.0 = None;
        }
    }

    /// Only on the pool is there something that was accepted and not written.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Some(Way::Pooled(writer)) => writer.poll_flush(cx),
            _ => Poll::Ready(Ok(())),
        }
    }
}

impl Way<PooledWriter> {
    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Way::Closed => Poll::Ready(Ok(bytes.len())),
            Way::Direct(fd) => fd.poll_write_io(cx, |mut file| file.write(bytes)),
            // Without NOSIGNAL: as write(2) does, for programs that want the SIGPIPE.
            Way::Socket(fd) => {
                fd.poll_write_io(cx, |file| Ok(send(file, bytes, SendFlags::DONTWAIT)?))
            }
            Way::Pooled(writer) => writer.poll_write(cx, bytes),
        }
    }
}

/// Writes on the pool, one call after the other. A call that was begun is made, whatever becomes of this.
#[derive(Debug)]
pub(super) struct PooledWriter {
    pooled: Pooled,
    call: Option<Call<(Vec<u8>, io::Result<()>)>>,
    /// Accepted, and not written by the last call.
    rest: Vec<u8>,
}

impl PooledWriter {
    fn new(pooled: Pooled) -> PooledWriter {
        PooledWriter {
            pooled,
            call: None,
            rest: Vec::new(),
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_flush(cx))?;
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        // Before anything is accepted: what is, has to be written, and the end of the runtime waits for it.
        ready!(self.pooled.poll_ready(cx))?;
        let count = bytes.len().min(MOST);
        self.rest.extend_from_slice(&bytes[..count]);
        self.start()?;
        Poll::Ready(Ok(count))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if let Some(call) = &self.call {
                let (rest, result) = ready!(call.poll(cx));
                self.call = None;
                self.rest = rest;
                match result {
                    Ok(()) => {}
                    // Somebody has put the open file into non-blocking mode.
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => {
                        self.rest.clear();
                        return Poll::Ready(Err(error));
                    }
                }
            }
            if self.rest.is_empty() {
                return Poll::Ready(Ok(()));
            }
            ready!(self.pooled.poll_ready(cx))?;
            self.start()?;
        }
    }

    fn start(&mut self) -> io::Result<()> {
        let (file, mut bytes) = (
            Arc::clone(&self.pooled.file),
            std::mem::take(&mut self.rest),
        );
        let runtime = &self.pooled.runtime;
        let call = move || {
            let (written, result) = write(&file, &bytes);
            bytes.drain(..written);
            (bytes, result)
        };
        let hold = runtime.reactor().hold_clock();
        self.call = Some(runtime.pool().call(true, hold, call).ok_or_else(gone)?);
        Ok(())
    }
}

/// Writes as much as can be, and tells how much that was.
fn write(mut file: &File, bytes: &[u8]) -> (usize, io::Result<()>) {
    let mut written = 0;
    while written < bytes.len() {
        match file.write(&bytes[written..]) {
            Ok(0) => return (written, Err(io::ErrorKind::WriteZero.into())),
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (written, Err(error)),
        }
    }
    (written, Ok(()))
}
