//! Loops without a runtime, and without tasks: what a runtime could come close to.

use std::io::{self, PipeReader};
use std::os::fd::AsRawFd;

use super::{Pipes, ROOM};
use crate::measure::Stopwatch;
use crate::raw::{Loop, Poller, Program, receive};
use crate::workload::Sample;

pub(super) fn by_loop(name: &str, pipes: &Pipes, times: usize) -> Result<Sample, String> {
    let found = Loop::named(name).ok_or_else(|| format!("there is no loop `{name}`"))?;
    let measured = found.run(Bytes { pipes, times });
    measured.map_err(|error| error.to_string())
}

struct Bytes<'a> {
    pipes: &'a Pipes,
    times: usize,
}

impl Program for Bytes<'_> {
    type Output = Sample;

    fn run<P: Poller>(self, mut poller: P) -> io::Result<Sample> {
        let Self { pipes, times } = self;
        for (index, reader) in pipes.readers.iter().enumerate() {
            poller.watch(reader.as_raw_fd(), index as u64)?;
        }
        write_and_read(&mut poller, pipes, times / 10 + 1)?;
        let watch = Stopwatch::start();
        write_and_read(&mut poller, pipes, times)?;
        Ok(watch.nanoseconds_per(times * pipes.writers.active))
    }
}

/// The bytes are written before the wait, so it does not sleep, and a ring completes as many polls as it does at a time.
fn write_and_read<P: Poller>(poller: &mut P, pipes: &Pipes, times: usize) -> io::Result<()> {
    for _ in 0..times {
        let mut missing = pipes.writers.active;
        pipes.writers.write()?;
        while missing > 0 {
            poller.wait()?;
            while let Some(event) = poller.next() {
                let mut reader: &PipeReader = &pipes.readers[event.key as usize];
                let fd = reader.as_raw_fd();
                let is_open = receive(&mut reader, &mut [0; ROOM], event.reads, |_, bytes| {
                    missing -= 1;
                    check(bytes)
                })?;
                if !is_open {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                poller.keep(fd, &event)?;
            }
        }
    }
    Ok(())
}

/// As little of the buffer is filled, nothing is left in the pipe.
fn check(bytes: &[u8]) -> io::Result<()> {
    match bytes.len() {
        1 => Ok(()),
        count => Err(io::Error::other(format!("{count} bytes instead of one"))),
    }
}
