use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io::{self, PipeReader, PipeWriter, Write};
use std::rc::Rc;
use std::task::{Poll, Waker};

use nix::fcntl::OFlag;
use nix::unistd::pipe2;

use crate::measure::Stopwatch;
use crate::runtime::{Readable, Readiness, run};
use crate::runtimes::{self, Auto, Compio, Epoll, Smol, Tokio};
use crate::workload::{NANOSECONDS, Round, Sample, Target, Workload, at_most};

mod raw;

pub(crate) const ONE_OF_16: Workload = workload(
    "pipes-16-1",
    "a task waits for each of 16 pipes, 1 of them gets a byte again and again, for each byte",
    |round| pipes(round, 16, 1),
);
pub(crate) const ALL_OF_16: Workload = workload(
    "pipes-16-16",
    "a task waits for each of 16 pipes, all of them get a byte at once, for each byte",
    |round| pipes(round, 16, 16),
);
pub(crate) const ONE_OF_1024: Workload = workload(
    "pipes-1024-1",
    "a task waits for each of 1024 pipes, 1 of them gets a byte again and again, for each byte",
    |round| pipes(round, 1024, 1),
);
pub(crate) const QUARTER_OF_1024: Workload = workload(
    "pipes-1024-256",
    "a task waits for each of 1024 pipes, 256 of them get a byte at once, for each byte",
    |round| pipes(round, 1024, 256),
);

/// Of all rounds together.
const BYTES: usize = 100_000;
/// More than one byte, so that a read shows that it has emptied the pipe.
const ROOM: usize = 8;

/// All runtimes, and what they could come close to.
const RUNTIMES: [&str; 11] = runtimes::and(&[
    "raw-epoll",
    "raw-poll-add",
    "raw-poll-add-unregistered",
    "raw-poll-multi",
]);

const TARGETS: [Target; 2] = [
    at_most("uring-rt", 1.05, "raw-poll-add"),
    at_most("uring-rt-epoll", 1.03, "raw-epoll"),
];

const fn workload(
    name: &'static str,
    title: &'static str,
    run: fn(&Round) -> Result<Sample, String>,
) -> Workload {
    Workload {
        name,
        group: "async-fd",
        title,
        metrics: NANOSECONDS,
        targets: &TARGETS,
        runtimes: &RUNTIMES,
        without: |name| {
            let has_none = matches!(name, "monoio" | "glommio");
            has_none.then_some("it waits for the readiness of its own sockets only")
        },
        run,
    }
}

/// `active` of so many pipes get a byte each, and when all of these are read, the next.
fn pipes(round: &Round, count: usize, active: usize) -> Result<Sample, String> {
    let pipes = Pipes::new(count, active).map_err(|error| error.to_string())?;
    let times = round.times(BYTES / active);
    match &*round.runtime {
        "uring-rt" => by_tasks::<Auto>(pipes, times),
        "uring-rt-epoll" => by_tasks::<Epoll>(pipes, times),
        "tokio" => by_tasks::<Tokio>(pipes, times),
        "smol" => by_tasks::<Smol>(pipes, times),
        "compio" => by_tasks::<Compio>(pipes, times),
        name => raw::by_loop(name, &pipes, times),
    }
}

struct Pipes {
    readers: Vec<PipeReader>,
    writers: Writers,
}

struct Writers {
    all: Vec<PipeWriter>,
    active: usize,
}

impl Pipes {
    fn new(count: usize, active: usize) -> io::Result<Self> {
        let (mut readers, mut all) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let (reader, writer) = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
            readers.push(reader.into());
            all.push(writer.into());
        }
        Ok(Self {
            readers,
            writers: Writers { all, active },
        })
    }
}

impl Writers {
    /// A byte into each of the active ones, which are spread evenly among all.
    fn write(&self) -> io::Result<()> {
        let mut active = self.all.iter().step_by(self.all.len() / self.active);
        active.try_for_each(|mut writer| writer.write_all(b"x"))
    }
}

/// What the tasks say to the one that writes.
#[derive(Default)]
struct Progress {
    /// Bytes that are not read yet.
    missing: Cell<usize>,
    failure: RefCell<Option<String>>,
    writer: RefCell<Option<Waker>>,
}

impl Progress {
    fn wake(&self) {
        if let Some(waker) = self.writer.take() {
            waker.wake();
        }
    }
}

fn by_tasks<R: Readiness>(pipes: Pipes, times: usize) -> Result<Sample, String> {
    let Pipes { readers, writers } = pipes;
    run::<R, _>(async move {
        let text = |error: io::Error| error.to_string();
        let progress = Rc::new(Progress::default());
        for reader in readers {
            let (pipe, progress) = (R::register(reader).map_err(text)?, Rc::clone(&progress));
            // It ends with the process.
            R::detach(async move {
                let failure = read_all(pipe, &progress).await;
                progress.failure.replace(Some(failure));
                progress.wake();
            });
        }
        write_times(&writers, &progress, times / 10 + 1).await?;
        let watch = Stopwatch::start();
        write_times(&writers, &progress, times).await?;
        Ok(watch.nanoseconds_per(times * writers.active))
    })
}

/// Why it has ended.
async fn read_all<P: Readable>(pipe: P, progress: &Progress) -> String {
    let mut buffer = [0; ROOM];
    loop {
        match pipe.read_when_ready(&mut buffer).await {
            Ok(1) => {}
            Ok(count) => return format!("a pipe had {count} bytes instead of one"),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return error.to_string(),
        }
        progress.missing.update(|missing| missing - 1);
        if progress.missing.get() == 0 {
            progress.wake();
        }
    }
}

async fn write_times(writers: &Writers, progress: &Progress, times: usize) -> Result<(), String> {
    for _ in 0..times {
        progress.missing.set(writers.active);
        writers.write().map_err(|error| error.to_string())?;
        poll_fn(|context| {
            if let Some(failure) = progress.failure.take() {
                return Poll::Ready(Err(failure));
            }
            if progress.missing.get() == 0 {
                return Poll::Ready(Ok(()));
            }
            progress.writer.replace(Some(context.waker().clone()));
            Poll::Pending
        })
        .await?;
    }
    Ok(())
}
