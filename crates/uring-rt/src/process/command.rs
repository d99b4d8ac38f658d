//! [`Command`].

use std::ffi::OsStr;
use std::future::Future;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};

use crate::process::child::Child;
use crate::runtime::require;

/// Describes a process and starts it. Corresponds to `tokio::process::Command`, and is std's
/// [`Command`](std::process::Command) but for the children, which are awaited.
///
/// What tokio has and this has not is `pre_exec`, which is unsafe to call and this crate forbids that; std's does the
/// same: `unsafe { command.as_std_mut().pre_exec(f) }` with [`CommandExt`].
///
/// ```
/// use uring_rt::process::Command;
///
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// let status = Command::new("test").args(["-d", "."]).current_dir("/").status().await?;
/// assert!(status.success());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Command {
    std: std::process::Command,
    kill_on_drop: bool,
}

impl Command {
    /// A command for `program`: a path, or a name that is looked up in `PATH` when it is started. No arguments, the
    /// environment and working directory of this process, and its standard streams.
    ///
    /// Corresponds to `tokio::process::Command::new`.
    pub fn new(program: impl AsRef<OsStr>) -> Command {
        Command::from(std::process::Command::new(program))
    }

    /// The command of the standard library: to look at what was set.
    ///
    /// Corresponds to `tokio::process::Command::as_std`.
    ///
    /// ```
    /// use uring_rt::process::Command;
    /// let mut command = Command::new("ls");
    /// command.arg("-l");
    /// assert_eq!(command.as_std().get_program(), "ls");
    /// assert_eq!(command.as_std().get_args().count(), 1);
    /// ```
    pub fn as_std(&self) -> &std::process::Command {
        &self.std
    }

    /// The command of the standard library: to set what this type has no method for.
    ///
    /// Corresponds to `tokio::process::Command::as_std_mut`.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use std::os::unix::process::CommandExt;
    /// use uring_rt::process::Command;
    /// let mut command = Command::new("true");
    /// // SAFETY: umask(2) is async-signal-safe.
    /// unsafe {
    ///     command.as_std_mut().pre_exec(|| {
    ///         libc::umask(0o077);
    ///         Ok(())
    ///     });
    /// }
    /// assert!(command.status().await?.success());
    /// # Ok(())
    /// # }
    /// ```
    pub fn as_std_mut(&mut self) -> &mut std::process::Command {
        &mut self.std
    }

    /// The command of the standard library. [`kill_on_drop`](Self::kill_on_drop) is lost.
    ///
    /// Corresponds to `tokio::process::Command::into_std`.
    pub fn into_std(self) -> std::process::Command {
        self.std
    }

    /// Adds an argument: one, whatever is in it, as there is no shell.
    ///
    /// Corresponds to `tokio::process::Command::arg`.
    pub fn arg(&mut self, arg: impl AsRef<OsStr>) -> &mut Command {
        self.std.arg(arg);
        self
    }

    /// Adds several arguments.
    ///
    /// Corresponds to `tokio::process::Command::args`.
    pub fn args<I, S>(&mut self, args: I) -> &mut Command
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        self.std.args(args);
        self
    }

    /// What the program finds as its own name, instead of the one that it is started by.
    ///
    /// Corresponds to `tokio::process::Command::arg0`.
    pub fn arg0(&mut self, arg: impl AsRef<OsStr>) -> &mut Command {
        self.std.arg0(arg);
        self
    }

    /// Sets a variable of the child's environment.
    ///
    /// Corresponds to `tokio::process::Command::env`.
    pub fn env(&mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Command {
        self.std.env(key, value);
        self
    }

    /// Sets several variables of the child's environment.
    ///
    /// Corresponds to `tokio::process::Command::envs`.
    pub fn envs<I, K, V>(&mut self, variables: I) -> &mut Command
    where
        I: IntoIterator<Item = (K, V)>,
        K: AsRef<OsStr>,
        V: AsRef<OsStr>,
    {
        self.std.envs(variables);
        self
    }

    /// Takes a variable out of the child's environment.
    ///
    /// Corresponds to `tokio::process::Command::env_remove`.
    pub fn env_remove(&mut self, key: impl AsRef<OsStr>) -> &mut Command {
        self.std.env_remove(key);
        self
    }

    /// Takes all variables out of the child's environment, also those that were set before.
    ///
    /// Corresponds to `tokio::process::Command::env_clear`.
    pub fn env_clear(&mut self) -> &mut Command {
        self.std.env_clear();
        self
    }

    /// The child's working directory.
    ///
    /// Corresponds to `tokio::process::Command::current_dir`.
    pub fn current_dir(&mut self, directory: impl AsRef<Path>) -> &mut Command {
        self.std.current_dir(directory);
        self
    }

    /// The child's standard input: by default this process's own, also for [`output`](Self::output).
    ///
    /// Corresponds to `tokio::process::Command::stdin`.
    pub fn stdin(&mut self, stdio: impl Into<Stdio>) -> &mut Command {
        self.std.stdin(stdio);
        self
    }

    /// The child's standard output: by default this process's own.
    ///
    /// Corresponds to `tokio::process::Command::stdout`.
    pub fn stdout(&mut self, stdio: impl Into<Stdio>) -> &mut Command {
        self.std.stdout(stdio);
        self
    }

    /// The child's standard error: by default this process's own.
    ///
    /// Corresponds to `tokio::process::Command::stderr`.
    pub fn stderr(&mut self, stdio: impl Into<Stdio>) -> &mut Command {
        self.std.stderr(stdio);
        self
    }

    /// Whether a [`Child`] that is dropped before it has ended is killed (`SIGKILL`). Off by default.
    ///
    /// The drop does not wait: the process is reaped by the runtime soon after. It goes for the futures of
    /// [`status`](Self::status) and [`output`](Self::output) as well. Corresponds to
    /// `tokio::process::Command::kill_on_drop`.
    pub fn kill_on_drop(&mut self, kill_on_drop: bool) -> &mut Command {
        self.kill_on_drop = kill_on_drop;
        self
    }

    /// What [`kill_on_drop`](Self::kill_on_drop) was set to.
    ///
    /// Corresponds to `tokio::process::Command::get_kill_on_drop`.
    ///
    /// ```
    /// let mut command = uring_rt::process::Command::new("ls");
    /// assert!(!command.get_kill_on_drop());
    /// assert!(command.kill_on_drop(true).get_kill_on_drop());
    /// ```
    pub fn get_kill_on_drop(&self) -> bool {
        self.kill_on_drop
    }

    /// The user that the child runs as: setuid(2). Starting it fails where that does.
    ///
    /// Corresponds to `tokio::process::Command::uid`.
    pub fn uid(&mut self, id: u32) -> &mut Command {
        self.std.uid(id);
        self
    }

    /// The group that the child runs as: setgid(2). Starting it fails where that does.
    ///
    /// Corresponds to `tokio::process::Command::gid`.
    pub fn gid(&mut self, id: u32) -> &mut Command {
        self.std.gid(id);
        self
    }

    /// The process group of the child: setpgid(2). 0 makes a new one, which Ctrl-C on the terminal does not reach.
    ///
    /// Corresponds to `tokio::process::Command::process_group`.
    pub fn process_group(&mut self, id: i32) -> &mut Command {
        self.std.process_group(id);
        self
    }

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

impl From<std::process::Command> for Command {
    fn from(std: std::process::Command) -> Command {
        Command {
            std,
            kill_on_drop: false,
        }
    }
}
