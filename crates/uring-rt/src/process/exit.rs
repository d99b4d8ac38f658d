//! Learning that a child has ended, and reaping it once.

use std::io;
use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::task::{Context, Poll};

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal as Sent, pidfd_open, pidfd_send_signal};
use uring_reactor::{AsyncFd, ClockHold, Handle, Interest};
use uring_sys::identity::process_token;

use crate::process::orphans;
use crate::signal::unix::{Signal, SignalKind, signal};

/// A child of this process that was not reaped yet.
#[derive(Debug)]
struct Running {
    child: Child,
    /// `None` while no runtime is there to watch it.
    watch: Option<Watch>,
    /// The process whose child it is. A forked child has a copy of this, but is not the parent.
    parent: u64,
}

/// What tells of the end.
#[derive(Debug)]
enum Watch {
    /// Shared so that another registration of it can be made before this one ends.
    Pidfd(AsyncFd<Arc<OwnedFd>>),
    Signal(Signal),
}

/// A child, reaped in the background if this is dropped before it was. Empty once it was reaped.
#[derive(Debug)]
pub(super) struct Process(Option<Running>);

impl Watch {
    fn new(pid: u32) -> io::Result<Watch> {
        match open(pid) {
            Ok(pidfd) => Watch::by_pidfd(Arc::new(pidfd)),
            // Whatever the reason (ENOSYS before 5.3, a filter's errno, EMFILE): the signal always comes.
            Err(_) => signal(SignalKind::child()).map(Watch::Signal),
        }
    }

    fn by_pidfd(pidfd: Arc<OwnedFd>) -> io::Result<Watch> {
        AsyncFd::with_interest(pidfd, Interest::READABLE).map(Watch::Pidfd)
    }

    /// The same with a new registration, at the current runtime.
    fn renew(&self) -> io::Result<Watch> {
        match self {
            Watch::Pidfd(fd) => Watch::by_pidfd(Arc::clone(fd.get_ref())),
            Watch::Signal(_) => signal(SignalKind::child()).map(Watch::Signal),
        }
    }

    fn reactor(&self) -> Handle {
        match self {
            Watch::Pidfd(fd) => fd.reactor(),
            Watch::Signal(signal) => signal.reactor(),
        }
    }
}

/// `pidfd_open(pid, 0)`, close-on-exec.
fn open(pid: u32) -> io::Result<OwnedFd> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or(Errno::SRCH)?;
    Ok(pidfd_open(pid, PidfdFlags::empty())?)
}

fn gone() -> io::Error {
    io::Error::other("no runtime is there to wait for a child process")
}

impl Running {
    /// As std's `Child::try_wait`.
    fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    fn is_ours(&self) -> bool {
        self.parent == process_token()
    }

    /// The watch, made if there is none.
    fn watch(&mut self) -> io::Result<&mut Watch> {
        let watch = match self.watch.take() {
            Some(watch) => watch,
            None if Handle::has_current() => Watch::new(self.child.id())?,
            None => return Err(gone()),
        };
        Ok(self.watch.insert(watch))
    }

    fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<ExitStatus>> {
        let mut is_moved = false;
        loop {
            // The watch is asked before the child: an end in between is told of.
            let told = match self.watch()? {
                Watch::Pidfd(fd) => fd
                    .poll_read_ready(cx)
                    .map_ok(|mut guard| guard.retain_ready()),
                Watch::Signal(signal) => signal.poll_recv(cx).map(|told| told.ok_or_else(gone)),
            };
            if let Some(status) = self.try_wait()? {
                return Poll::Ready(Ok(status));
            }
            match told {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(())) => self.look_again()?,
                Poll::Ready(Err(error)) if is_moved || !Handle::has_current() => {
                    return Poll::Ready(Err(error));
                }
                // The child has outlived its runtime: this one takes over.
                Poll::Ready(Err(_)) => {
                    is_moved = true;
                    self.watch = self.watch.as_ref().map(Watch::renew).transpose()?;
                }
            }
        }
    }

    /// There was news, and the child cannot be reaped. A signal was another child's. A process that is traced has
    /// ended, but who traces it comes first: only a new registration looks at the level again, on edges as well.
    fn look_again(&mut self) -> io::Result<()> {
        if let Some(Watch::Pidfd(fd)) = &self.watch {
            let _entered = fd.reactor().enter();
            self.watch = Some(Watch::by_pidfd(Arc::clone(fd.get_ref()))?);
        }
        Ok(())
    }

    fn kill(&mut self) -> io::Result<()> {
        if !self.is_ours() {
            return Err(io::Error::other(
                "a forked process cannot kill the children of its parent",
            ));
        }
        let Some(Watch::Pidfd(fd)) = &self.watch else {
            // The number is the child's: it was not reaped, as we are the ones to do it.
            return self.child.kill();
        };
        match pidfd_send_signal(fd.get_ref(), Sent::KILL) {
            // A filter that lets pidfd_open through and not this one.
            Err(Errno::NOSYS | Errno::PERM) => self.child.kill(),
            result => Ok(result?),
        }
    }
}

impl Process {
    /// Watches `child` from the current runtime. If that cannot be, the child is killed: nobody has asked for a
    /// process that he cannot wait for.
    pub(super) fn watch(child: Child) -> io::Result<Process> {
        let mut running = Running {
            child,
            watch: None,
            parent: process_token(),
        };
        let outcome = running.watch().map(drop);
        if outcome.is_err() {
            // The error to report is the first one.
            let _ = running.kill();
        }
        let process = Process(Some(running));
        outcome.map(|()| process)
    }

    /// Without a watch: for the time when there is no runtime.
    pub(super) fn unwatched(mut self) -> Process {
        let mut running = self.0.take();
        if let Some(running) = &mut running {
            running.watch = None;
        }
        Process(running)
    }

    /// `None` once it was reaped.
    pub(super) fn id(&self) -> Option<u32> {
        self.0.as_ref().map(|running| running.child.id())
    }

    /// Reaps the child if it has ended. Ends what this stands for, so only once.
    pub(super) fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        let Some(running) = &mut self.0 else {
            return Ok(None);
        };
        let status = running.try_wait()?;
        if status.is_some() {
            self.0 = None;
        }
        Ok(status)
    }

    /// Waits for the end and reaps the child, once.
    pub(super) fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<ExitStatus>> {
        let Some(running) = &mut self.0 else {
            return Poll::Pending;
        };
        let outcome = running.poll_wait(cx);
        if matches!(outcome, Poll::Ready(Ok(_))) {
            self.0 = None;
        }
        outcome
    }

    /// Keeps the clock of the watching runtime from jumping while somebody waits.
    pub(super) fn hold_clock(&self) -> Option<ClockHold> {
        let watch = self.0.as_ref()?.watch.as_ref()?;
        Some(watch.reactor().hold_clock())
    }

    pub(super) fn kill(&mut self) -> io::Result<()> {
        self.0.as_mut().map_or(Ok(()), Running::kill)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let Some(mut running) = self.0.take() else {
            return;
        };
        // An error says that somebody else has reaped it.
        if running.is_ours() && matches!(running.try_wait(), Ok(None)) {
            orphans::adopt(Process(Some(running)));
        }
    }
}
