//! Loops without a runtime, and without tasks: what a runtime could come close to.

use std::io::{self, PipeReader, Read};
use std::os::fd::{AsRawFd, RawFd};

use uring_sys::abi::{
    IORING_SETUP_DEFER_TASKRUN, IORING_SETUP_NO_SQARRAY, IORING_SETUP_SINGLE_ISSUER,
    IORING_SETUP_SUBMIT_ALL, POLLIN,
};
use uring_sys::epoll::{EPOLLET, EPOLLIN, Epoll, EventBuffer};
use uring_sys::{Ring, Setup, Sqe};

use super::{Pipes, ROOM};
use crate::measure::Stopwatch;
use crate::workload::Sample;

/// Of one wait.
const EVENTS: usize = 1024;

pub(super) fn by_loop(name: &str, pipes: &Pipes, times: usize) -> Result<Sample, String> {
    let measured = match name {
        "raw-epoll" => Edges::new().and_then(|kernel| measure(kernel, pipes, times)),
        "raw-poll-add" => Polls::new(false).and_then(|kernel| measure(kernel, pipes, times)),
        "raw-poll-multi" => Polls::new(true).and_then(|kernel| measure(kernel, pipes, times)),
        _ => return Err(format!("there is no loop `{name}`")),
    };
    measured.map_err(|error| error.to_string())
}

trait Kernel {
    fn watch(&mut self, fd: RawFd, index: usize) -> io::Result<()>;

    /// Waits for one event or more, and hands the index of each to `ready`.
    fn wait(&mut self, ready: impl FnMut(usize) -> io::Result<()>) -> io::Result<()>;
}

fn measure<K: Kernel>(mut kernel: K, pipes: &Pipes, times: usize) -> io::Result<Sample> {
    for (index, reader) in pipes.readers.iter().enumerate() {
        kernel.watch(reader.as_raw_fd(), index)?;
    }
    write_and_read(&mut kernel, pipes, times / 10 + 1)?;
    let watch = Stopwatch::start();
    write_and_read(&mut kernel, pipes, times)?;
    Ok(watch.nanoseconds_per(times * pipes.writers.active))
}

fn write_and_read<K: Kernel>(kernel: &mut K, pipes: &Pipes, times: usize) -> io::Result<()> {
    for _ in 0..times {
        let mut missing = pipes.writers.active;
        pipes.writers.write()?;
        while missing > 0 {
            kernel.wait(|index| {
                read_one(&pipes.readers[index])?;
                missing -= 1;
                Ok(())
            })?;
        }
    }
    Ok(())
}

/// As little of the buffer is filled, nothing is left in the pipe.
fn read_one(mut reader: &PipeReader) -> io::Result<()> {
    match reader.read(&mut [0; ROOM])? {
        1 => Ok(()),
        count => Err(io::Error::other(format!("{count} bytes instead of one"))),
    }
}

/// Edge-triggered epoll.
struct Edges {
    epoll: Epoll,
    events: EventBuffer,
}

impl Edges {
    fn new() -> io::Result<Self> {
        Ok(Self {
            epoll: Epoll::new()?,
            events: EventBuffer::with_capacity(EVENTS),
        })
    }
}

impl Kernel for Edges {
    fn watch(&mut self, fd: RawFd, index: usize) -> io::Result<()> {
        self.epoll.add(fd, EPOLLIN | EPOLLET, index as u64)
    }

    fn wait(&mut self, mut ready: impl FnMut(usize) -> io::Result<()>) -> io::Result<()> {
        self.epoll.wait(&mut self.events, None)?;
        let mut events = self.events.iter();
        events.try_for_each(|(_, index)| ready(index as usize))
    }
}

/// Poll requests on a ring with deferred task work: one-shot, each pushed again for the next event, or multishot.
struct Polls {
    ring: Ring,
    fds: Vec<RawFd>,
    multishot: bool,
}

impl Polls {
    fn new(multishot: bool) -> io::Result<Self> {
        let setup = Setup {
            entries: EVENTS as u32,
            cq_entries: Some(4 * EVENTS as u32),
            flags: IORING_SETUP_SINGLE_ISSUER
                | IORING_SETUP_DEFER_TASKRUN
                | IORING_SETUP_SUBMIT_ALL
                | IORING_SETUP_NO_SQARRAY,
            ..Setup::default()
        };
        let mut ring = Ring::new(&setup).map_err(|refused| refused.error)?;
        ring.register_ring_fd()?;
        Ok(Self {
            ring,
            fds: Vec::new(),
            multishot,
        })
    }

    fn arm(&mut self, index: usize) -> io::Result<()> {
        let fd = self.fds[index];
        let poll = || {
            let poll = if self.multishot {
                Sqe::poll_add_multi(fd, POLLIN)
            } else {
                Sqe::poll_add(fd, POLLIN)
            };
            poll.with_user_data(index as u64)
        };
        if self.ring.push(poll()).is_err() {
            self.ring.submit()?;
            self.ring.push(poll()).map_err(io::Error::other)?;
        }
        Ok(())
    }
}

impl Kernel for Polls {
    fn watch(&mut self, fd: RawFd, index: usize) -> io::Result<()> {
        debug_assert_eq!(self.fds.len(), index, "they come in order");
        self.fds.push(fd);
        self.arm(index)
    }

    /// The bytes are written before, so it does not sleep, and the kernel completes as many as it does at a time.
    fn wait(&mut self, mut ready: impl FnMut(usize) -> io::Result<()>) -> io::Result<()> {
        self.ring.submit_and_wait(1, None)?;
        while let Some(cqe) = self.ring.pop() {
            if cqe.result < 0 {
                return Err(io::Error::from_raw_os_error(-cqe.result));
            }
            let index = cqe.user_data as usize;
            ready(index)?;
            if !cqe.more() {
                self.arm(index)?;
            }
        }
        Ok(())
    }
}
