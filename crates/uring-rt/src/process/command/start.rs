//! Starting what a [`Command`] describes.

use std::future::Future;
use std::io;
use std::process::{ExitStatus, Output, Stdio};

use crate::process::{Child, Command};
use crate::runtime::require;

impl Command {
    /// Starts the process.
    ///
    /// This thread waits until the program runs or is known not to, as in tokio and std.
    ///
    /// Corresponds to `tokio::process::Command::spawn`.
    ///
    /// # Errors
    ///
    /// `NotFound` and `PermissionDenied` for the program, `WouldBlock` at the limit of processes, and what fork(2),
    /// pipe(2) and execve(2) fail with. After an error no process is left.
    ///
    /// # Panics
    ///
    /// Outside of a runtime; nothing is started then.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use std::io::ErrorKind;
    /// use uring_rt::process::Command;
    /// let mut child = Command::new("true").spawn()?;
    /// assert!(child.wait().await?.success());
    /// assert_eq!(Command::new("/no/such/program").spawn().unwrap_err().kind(), ErrorKind::NotFound);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn(&mut self) -> io::Result<Child> {
        self.spawn_with(std::process::Command::spawn)
    }

    /// Starts the process by a function of the caller, which gets the command of the standard library.
    ///
    /// Corresponds to `tokio::process::Command::spawn_with`, which is unstable there.
    ///
    /// # Errors
    ///
    /// Those of `spawn`, and as for [`spawn`](Self::spawn).
    ///
    /// # Panics
    ///
    /// As for [`spawn`](Self::spawn).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let mut command = uring_rt::process::Command::new("true");
    /// let mut child = command.spawn_with(|std| std.arg("added").spawn())?;
    /// assert!(child.wait().await?.success());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn_with(
        &mut self,
        spawn: impl FnOnce(&mut std::process::Command) -> io::Result<std::process::Child>,
    ) -> io::Result<Child> {
        require("process::Command::spawn");
        Child::new(spawn(&mut self.std)?, self.kill_on_drop)
    }

    /// Starts the process, at once, and gives a future that waits for its end. Pipes to it are closed.
    ///
    /// Cancel safe, but for the answer: a process whose future was dropped runs on, or is killed if
    /// [`kill_on_drop`](Self::kill_on_drop) says so.
    ///
    /// Corresponds to `tokio::process::Command::status`.
    ///
    /// # Errors
    ///
    /// By the future, those of [`spawn`](Self::spawn) and [`Child::wait`].
    ///
    /// # Panics
    ///
    /// As for [`spawn`](Self::spawn).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let status = uring_rt::process::Command::new("false").status().await?;
    /// assert_eq!(status.code(), Some(1));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn status(&mut self) -> impl Future<Output = io::Result<ExitStatus>> + use<> {
        let child = self.spawn();
        async {
            let mut child = child?;
            // Nobody reads them or writes to them, so the child must not wait for that.
            (child.stdin, child.stdout, child.stderr) = (None, None, None);
            child.wait().await
        }
    }

    /// Starts the process, at once, and gives a future that collects what it writes until its end.
    ///
    /// Its standard output and error are pipes from then on, whatever was set; its standard input is as it was set.
    /// Corresponds to `tokio::process::Command::output`.
    ///
    /// Not cancel safe: what was read is lost, and the process runs on with its pipes closed, or is killed if
    /// [`kill_on_drop`](Self::kill_on_drop) says so.
    ///
    /// # Errors
    ///
    /// By the future, those of [`spawn`](Self::spawn) and [`Child::wait_with_output`].
    ///
    /// # Panics
    ///
    /// As for [`spawn`](Self::spawn).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let output = uring_rt::process::Command::new("echo").arg("a b").output().await?;
    /// assert_eq!(output.stdout, b"a b\n");
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn output(&mut self) -> impl Future<Output = io::Result<Output>> + use<> {
        self.std.stdout(Stdio::piped());
        self.std.stderr(Stdio::piped());
        let child = self.spawn();
        async { child?.wait_with_output().await }
    }
}
