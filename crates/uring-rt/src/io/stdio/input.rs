//! Reading.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustix::net::{RecvFlags, recv};

use crate::blocking::Call;
use crate::io::stdio::way::{Direction, Pooled, Way, gone, is_left_behind};

/// The most that one call on the pool reads.
const MOST: usize = 64 << 10;

/// A stream that is read; its way is found by the first read.
#[derive(Debug, Default)]
pub(super) struct Input(Option<Way<PooledReader>>);

impl Input {
    pub(super) fn poll_read(
        &mut self,
        fd: BorrowedFd<'_>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut is_new = self.0.is_none();
        loop {
            let way = match &mut self.0 {
                Some(way) => way,
                none => none.insert(Way::find(fd, Direction::Input, PooledReader::new)?),
            };
            let outcome = way.poll_read(cx, buffer);
            if is_new || !is_left_behind(&outcome) {
                return outcome;
            }
            is_new = true;
            self.0 = None;
        }
    }
}

impl Way<PooledReader> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        match self {
            Way::Closed => Poll::Ready(Ok(0)),
            // Until it would block: a FIFO that was opened anew without a writer tells of its end by a read only.
            Way::Direct(fd) => fd.poll_read_io(cx, |mut file| file.read(buffer)),
            Way::Socket(fd) => fd.poll_read_io(cx, |file| {
                let (count, _) = recv(file, &mut *buffer, RecvFlags::DONTWAIT)?;
                Ok(count)
            }),
            Way::Pooled(reader) => reader.poll_read(cx, buffer),
        }
    }
}

/// Reads on the pool. What was read and not taken, as a read was dropped, is there for the next one.
#[derive(Debug)]
pub(super) struct PooledReader {
    pooled: Pooled,
    call: Option<Call<(Vec<u8>, io::Result<usize>)>>,
    bytes: Vec<u8>,
    taken: usize,
}

impl PooledReader {
    fn new(pooled: Pooled) -> PooledReader {
        PooledReader {
            pooled,
            call: None,
            bytes: Vec::new(),
            taken: 0,
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            let rest = &self.bytes[self.taken..];
            if !rest.is_empty() || buffer.is_empty() {
                let count = rest.len().min(buffer.len());
                buffer[..count].copy_from_slice(&rest[..count]);
                self.taken += count;
                return Poll::Ready(Ok(count));
            }
            let Some(call) = &self.call else {
                ready!(self.pooled.poll_ready(cx))?;
                self.start(buffer.len().min(MOST))?;
                continue;
            };
            let (bytes, result) = ready!(call.poll(cx));
            self.call = None;
            self.bytes = bytes;
            self.taken = 0;
            self.bytes.truncate(*result.as_ref().unwrap_or(&0));
            match result {
                Ok(0) => return Poll::Ready(Ok(0)),
                Ok(_) => {}
                // Somebody else was faster, or has put the open file into non-blocking mode.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    fn start(&mut self, wanted: usize) -> io::Result<()> {
        let (file, mut bytes) = (
            Arc::clone(&self.pooled.file),
            std::mem::take(&mut self.bytes),
        );
        self.taken = 0;
        let runtime = &self.pooled.runtime;
        let call = move || {
            bytes.resize(wanted, 0);
            let result = read(&file, &mut bytes);
            (bytes, result)
        };
        let hold = runtime.reactor().hold_clock();
        self.call = Some(runtime.pool().call(false, hold, call).ok_or_else(gone)?);
        Ok(())
    }
}

/// One read, repeated when a signal interrupts it.
fn read(mut file: &File, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
