//! [`Command`].

mod start;

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;

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
    ///
    /// ```
    /// let command = uring_rt::process::Command::new("ls");
    /// assert_eq!(command.as_std().get_program(), "ls");
    /// ```
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
    ///
    /// ```
    /// let std = uring_rt::process::Command::new("ls").into_std();
    /// assert_eq!(std.get_program(), "ls");
    /// ```
    pub fn into_std(self) -> std::process::Command {
        self.std
    }

    /// Adds an argument: one, whatever is in it, as there is no shell.
    ///
    /// Corresponds to `tokio::process::Command::arg`.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// # use uring_rt::process::Command;
    /// let output = Command::new("echo").arg("-n").arg("a  b").output().await?;
    /// assert_eq!(output.stdout, b"a  b");
    /// # Ok(())
    /// # }
    /// ```
    pub fn arg(&mut self, arg: impl AsRef<OsStr>) -> &mut Command {
        self.std.arg(arg);
        self
    }

    /// Adds several arguments.
    ///
    /// Corresponds to `tokio::process::Command::args`.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// # use uring_rt::process::Command;
    /// let output = Command::new("echo").args(["-n", "a", "b"]).output().await?;
    /// assert_eq!(output.stdout, b"a b");
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// # use uring_rt::process::Command;
    /// let mut command = Command::new("cat");
    /// let output = command.arg0("other").arg("/proc/self/cmdline").output().await?;
    /// assert!(output.stdout.starts_with(b"other\0"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn arg0(&mut self, arg: impl AsRef<OsStr>) -> &mut Command {
        self.std.arg0(arg);
        self
    }

    /// Sets a variable of the child's environment.
    ///
    /// Corresponds to `tokio::process::Command::env`.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// # use uring_rt::process::Command;
    /// let output = Command::new("sh").args(["-c", "echo $NAME"]).env("NAME", "value").output().await?;
    /// assert_eq!(output.stdout, b"value\n");
    /// # Ok(())
    /// # }
    /// ```
    pub fn env(&mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Command {
        self.std.env(key, value);
        self
    }

    /// Sets several variables of the child's environment.
    ///
    /// Corresponds to `tokio::process::Command::envs`.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// # use uring_rt::process::Command;
    /// let variables = std::env::vars().filter(|(name, _)| name == "PATH");
    /// let output = Command::new("env").env_clear().envs(variables).output().await?;
    /// assert!(output.stdout.starts_with(b"PATH="));
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// # use uring_rt::process::Command;
    /// let mut command = Command::new("sh");
    /// let output = command.args(["-c", "echo $HOME"]).env_remove("HOME").output().await?;
    /// assert_eq!(output.stdout, b"\n");
    /// # Ok(())
    /// # }
    /// ```
    pub fn env_remove(&mut self, key: impl AsRef<OsStr>) -> &mut Command {
        self.std.env_remove(key);
        self
    }

    /// Takes all variables out of the child's environment, also those that were set before.
    ///
    /// Corresponds to `tokio::process::Command::env_clear`.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// # use uring_rt::process::Command;
    /// let output = Command::new("/usr/bin/env").env_clear().env("ONLY", "1").output().await?;
    /// assert_eq!(output.stdout, b"ONLY=1\n");
    /// # Ok(())
    /// # }
    /// ```
    pub fn env_clear(&mut self) -> &mut Command {
        self.std.env_clear();
        self
    }

    /// The child's working directory.
    ///
    /// Corresponds to `tokio::process::Command::current_dir`.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// # use uring_rt::process::Command;
    /// let output = Command::new("pwd").current_dir("/").output().await?;
    /// assert_eq!(output.stdout, b"/\n");
    /// # Ok(())
    /// # }
    /// ```
    pub fn current_dir(&mut self, directory: impl AsRef<Path>) -> &mut Command {
        self.std.current_dir(directory);
        self
    }

    /// The child's standard input: by default this process's own, also for [`output`](Self::output).
    ///
    /// Corresponds to `tokio::process::Command::stdin`.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// # use uring_rt::process::Command;
    /// let output = Command::new("cat").stdin(std::process::Stdio::null()).output().await?;
    /// assert_eq!(output.stdout, b"");
    /// # Ok(())
    /// # }
    /// ```
    pub fn stdin(&mut self, stdio: impl Into<Stdio>) -> &mut Command {
        self.std.stdin(stdio);
        self
    }

    /// The child's standard output: by default this process's own.
    ///
    /// Corresponds to `tokio::process::Command::stdout`.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// # use uring_rt::process::Command;
    /// let mut child = Command::new("echo").stdout(std::process::Stdio::piped()).spawn()?;
    /// assert!(child.stdout.is_some());
    /// child.wait().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn stdout(&mut self, stdio: impl Into<Stdio>) -> &mut Command {
        self.std.stdout(stdio);
        self
    }

    /// The child's standard error: by default this process's own.
    ///
    /// Corresponds to `tokio::process::Command::stderr`.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// # use uring_rt::process::Command;
    /// let status = Command::new("ls").arg("/no/such/file").stderr(std::process::Stdio::null()).status().await?;
    /// assert!(!status.success());
    /// # Ok(())
    /// # }
    /// ```
    pub fn stderr(&mut self, stdio: impl Into<Stdio>) -> &mut Command {
        self.std.stderr(stdio);
        self
    }

    /// Whether a [`Child`](crate::process::Child) that is dropped before it has ended is killed (`SIGKILL`). Off by default.
    ///
    /// The drop does not wait: the process is reaped by the runtime soon after. It goes for the futures of
    /// [`status`](Self::status) and [`output`](Self::output) as well. Corresponds to
    /// `tokio::process::Command::kill_on_drop`.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// # use uring_rt::process::Command;
    /// use std::time::Duration;
    /// use uring_rt::time::timeout;
    /// let mut command = Command::new("sleep");
    /// let status = command.arg("1000").kill_on_drop(true).status();
    /// assert!(timeout(Duration::from_millis(10), status).await.is_err()); // and the process ends
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// ```no_run
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// # use uring_rt::process::Command;
    /// // As root: run it as nobody.
    /// let output = Command::new("id").uid(65_534).gid(65_534).output().await?;
    /// # drop(output);
    /// # Ok(())
    /// # }
    /// ```
    pub fn uid(&mut self, id: u32) -> &mut Command {
        self.std.uid(id);
        self
    }

    /// The group that the child runs as: setgid(2). Starting it fails where that does.
    ///
    /// Corresponds to `tokio::process::Command::gid`.
    ///
    /// ```no_run
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// # use uring_rt::process::Command;
    /// // As root: run it in the group of nobody.
    /// let output = Command::new("id").arg("--group").gid(65_534).output().await?;
    /// assert_eq!(output.stdout, b"65534\n");
    /// # Ok(())
    /// # }
    /// ```
    pub fn gid(&mut self, id: u32) -> &mut Command {
        self.std.gid(id);
        self
    }

    /// The process group of the child: setpgid(2). 0 makes a new one, which Ctrl-C on the terminal does not reach.
    ///
    /// Corresponds to `tokio::process::Command::process_group`.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// # use uring_rt::process::Command;
    /// let status = Command::new("true").process_group(0).status().await?;
    /// assert!(status.success());
    /// # Ok(())
    /// # }
    /// ```
    pub fn process_group(&mut self, id: i32) -> &mut Command {
        self.std.process_group(id);
        self
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
