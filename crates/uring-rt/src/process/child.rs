//! [`Child`].

use std::future::poll_fn;
use std::io;
use std::process::{ExitStatus, Output};
use std::task::{Context, Poll, ready};

use crate::process::exit::Process;
use crate::process::pipes::{ChildStderr, ChildStdin, ChildStdout, Pipe};

/// A child process. Corresponds to `tokio::process::Child`.
///
/// Dropping it neither ends nor waits for the process, unless
/// [`kill_on_drop`](crate::process::Command::kill_on_drop) was set; the runtime reaps it when it ends: see the
/// [module](crate::process). It may be waited for on any thread, and in another runtime than the one that started
/// it.
///
/// ```
/// use futures_util::{AsyncReadExt, AsyncWriteExt};
/// use std::process::Stdio;
/// use uring_rt::process::Command;
///
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
/// let mut stdin = child.stdin.take().expect("piped");
/// stdin.write_all(b"meow").await?;
/// drop(stdin); // the end of its input
/// let mut text = String::new();
/// child.stdout.take().expect("piped").read_to_string(&mut text).await?;
/// assert_eq!(text, "meow");
/// assert!(child.wait().await?.success());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Child {
    state: State,
    /// Where to write what the child reads, if that is a pipe.
    pub stdin: Option<ChildStdin>,
    /// Where to read what the child writes to its standard output, if that is a pipe.
    pub stdout: Option<ChildStdout>,
    /// Where to read what the child writes to its standard error, if that is a pipe.
    pub stderr: Option<ChildStderr>,
}

#[derive(Debug)]
enum State {
    Running(Guarded),
    Done(ExitStatus),
}

/// Kills on drop, if that is wanted; then `process` is reaped in the background.
#[derive(Debug)]
struct Guarded {
    process: Process,
    kill_on_drop: bool,
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if self.kill_on_drop {
            // The process may be gone, and there is nobody to tell.
            let _ = self.process.kill();
        }
    }
}

impl Child {
    /// Takes a child of the standard library over. If that fails it is killed and reaped.
    pub(super) fn new(mut child: std::process::Child, kill_on_drop: bool) -> io::Result<Child> {
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let guarded = Guarded {
            process: Process::watch(child)?,
            kill_on_drop: true,
        };
        let mut child = Child {
            state: State::Running(guarded),
            stdin: stdin.map(ChildStdin::from_std).transpose()?,
            stdout: stdout.map(ChildStdout::from_std).transpose()?,
            stderr: stderr.map(ChildStderr::from_std).transpose()?,
        };
        if let State::Running(guarded) = &mut child.state {
            guarded.kill_on_drop = kill_on_drop;
        }
        Ok(child)
    }

    /// The process id, and `None` once the child was waited for: from then on it may be another's.
    ///
    /// Corresponds to `tokio::process::Child::id`.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let mut child = uring_rt::process::Command::new("true").spawn()?;
    /// assert!(child.id().is_some());
    /// child.wait().await?;
    /// assert_eq!(child.id(), None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn id(&self) -> Option<u32> {
        match &self.state {
            State::Running(guarded) => guarded.process.id(),
            State::Done(_) => None,
        }
    }

    /// Sends `SIGKILL` and does not wait for the end. A child that was waited for is left alone; with a pidfd no
    /// other process can be hit, whoever may have reaped the child.
    ///
    /// Corresponds to `tokio::process::Child::start_kill`.
    ///
    /// # Errors
    ///
    /// Those of kill(2): `EPERM` for a process that has become another user's, and `ESRCH` when other code has
    /// reaped it.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use std::os::unix::process::ExitStatusExt;
    /// let mut child = uring_rt::process::Command::new("sleep").arg("1000").spawn()?;
    /// child.start_kill()?;
    /// assert_eq!(child.wait().await?.signal(), Some(9));
    /// child.start_kill()?; // it has ended: nothing to do
    /// # Ok(())
    /// # }
    /// ```
    pub fn start_kill(&mut self) -> io::Result<()> {
        let State::Running(guarded) = &mut self.state else {
            return Ok(());
        };
        guarded.process.kill()?;
        guarded.kill_on_drop = false;
        Ok(())
    }

    /// Sends `SIGKILL` and waits for the end. Cancel safe: the signal is sent in the first poll.
    ///
    /// Corresponds to `tokio::process::Child::kill`.
    ///
    /// # Errors
    ///
    /// As for [`start_kill`](Self::start_kill) and [`wait`](Self::wait).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use std::time::Duration;
    /// use uring_rt::time::timeout;
    ///
    /// let mut child = uring_rt::process::Command::new("sleep").arg("1000").spawn()?;
    /// if timeout(Duration::from_millis(10), child.wait()).await.is_err() {
    ///     child.kill().await?;
    /// }
    /// assert_eq!(child.id(), None);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn kill(&mut self) -> io::Result<()> {
        self.start_kill()?;
        self.wait().await?;
        Ok(())
    }

    /// Waits for the end of the child and gives its status, again and again.
    ///
    /// [`stdin`](Self::stdin) is closed first, so that a child that reads to the end of its input ends; take it out
    /// before to keep it. While this waits, a paused clock stands.
    ///
    /// Cancel safe. Corresponds to `tokio::process::Child::wait`.
    ///
    /// # Errors
    ///
    /// `ECHILD` when other code of this process has reaped the child, or `SIGCHLD` is ignored; and when the runtime
    /// has shut down and there is no other.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let mut child = uring_rt::process::Command::new("sh").args(["-c", "exit 7"]).spawn()?;
    /// assert_eq!(child.wait().await?.code(), Some(7));
    /// assert_eq!(child.wait().await?.code(), Some(7));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        drop(self.stdin.take());
        // Dropped with this future: when somebody has stopped waiting, or was woken.
        let mut hold = None;
        poll_fn(|cx| {
            let outcome = self.poll_wait(cx);
            if outcome.is_pending() && hold.is_none() {
                hold = self.hold_clock();
            }
            outcome
        })
        .await
    }

    fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<ExitStatus>> {
        let status = match &mut self.state {
            State::Done(status) => *status,
            State::Running(guarded) => ready!(guarded.process.poll_wait(cx))?,
        };
        self.state = State::Done(status);
        Poll::Ready(Ok(status))
    }

    fn hold_clock(&self) -> Option<uring_reactor::ClockHold> {
        match &self.state {
            State::Running(guarded) => guarded.process.hold_clock(),
            State::Done(_) => None,
        }
    }

    /// The status if the child has ended, else `None`, without waiting. Neither closes
    /// [`stdin`](Self::stdin) nor wakes anybody later.
    ///
    /// Corresponds to `tokio::process::Child::try_wait`.
    ///
    /// # Errors
    ///
    /// `ECHILD`, as for [`wait`](Self::wait).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let mut child = uring_rt::process::Command::new("sleep").arg("1000").spawn()?;
    /// assert!(child.try_wait()?.is_none());
    /// child.kill().await?;
    /// assert!(child.try_wait()?.is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        let State::Running(guarded) = &mut self.state else {
            return self.wait_again();
        };
        if let Some(status) = guarded.process.try_wait()? {
            self.state = State::Done(status);
        }
        self.wait_again()
    }

    fn wait_again(&self) -> io::Result<Option<ExitStatus>> {
        Ok(match &self.state {
            State::Running(_) => None,
            State::Done(status) => Some(*status),
        })
    }

    /// Waits for the end of the child and meanwhile reads what it writes, as far as that goes to pipes.
    ///
    /// [`stdin`](Self::stdin) is closed first. A descendant that has inherited a pipe and lives on keeps this
    /// waiting. Not cancel safe: what was read is lost. Corresponds to `tokio::process::Child::wait_with_output`.
    ///
    /// # Errors
    ///
    /// As for [`wait`](Self::wait), and those of read(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use std::process::Stdio;
    /// use uring_rt::process::Command;
    /// let child = Command::new("sh").args(["-c", "echo oh >&2"]).stderr(Stdio::piped()).spawn()?;
    /// let output = child.wait_with_output().await?;
    /// assert_eq!(output.stderr, b"oh\n");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn wait_with_output(mut self) -> io::Result<Output> {
        drop(self.stdin.take());
        let mut stdout = Collected::new(self.stdout.take().map(|stdout| stdout.pipe));
        let mut stderr = Collected::new(self.stderr.take().map(|stderr| stderr.pipe));
        let mut hold = None;
        poll_fn(|cx| {
            // All of them in each poll: each has to know the waker.
            let ended = self.poll_wait(cx).map_ok(drop);
            let outcomes = [stdout.poll(cx), stderr.poll(cx), ended];
            hold = match &outcomes[2] {
                Poll::Pending => hold.take().or_else(|| self.hold_clock()),
                Poll::Ready(_) => None,
            };
            let mut is_pending = false;
            for outcome in outcomes {
                match outcome {
                    Poll::Ready(result) => result?,
                    Poll::Pending => is_pending = true,
                }
            }
            if is_pending {
                Poll::Pending
            } else {
                Poll::Ready(Ok::<(), io::Error>(()))
            }
        })
        .await?;
        let status = self.wait().await?;
        Ok(Output {
            status,
            stdout: stdout.bytes,
            stderr: stderr.bytes,
        })
    }
}

/// What comes out of a pipe until its end.
struct Collected {
    /// `None` where there is no pipe, or its end was seen.
    pipe: Option<Pipe<std::io::PipeReader>>,
    bytes: Vec<u8>,
}

impl Collected {
    fn new(pipe: Option<Pipe<std::io::PipeReader>>) -> Collected {
        Collected {
            pipe,
            bytes: Vec::new(),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        /// What a pipe holds by default (pipe(7)) comes in one read, once the buffer has grown.
        const MOST: usize = 64 << 10;
        while let Some(pipe) = &self.pipe {
            let start = self.bytes.len();
            let room = start.clamp(1 << 10, MOST);
            self.bytes.resize(start + room, 0);
            let read = pipe.poll_read(cx, &mut self.bytes[start..]);
            let count = match &read {
                Poll::Ready(Ok(count)) => *count,
                _ => 0,
            };
            self.bytes.truncate(start + count);
            if ready!(read)? == 0 {
                self.pipe = None;
            }
        }
        Poll::Ready(Ok(()))
    }
}
