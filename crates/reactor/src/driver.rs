//! The report of what drives the loop, and why not something better.

use std::fmt;
use std::io;

use crate::backend::deadline::TimerMode;
use crate::backend::feature::Feature;
use crate::backend::rung::Rung;

/// Which backend is asked for.
///
/// ```
/// use uring_reactor::{Choice, Options, Reactor};
///
/// let reactor = Reactor::new(Options::new().choice(Choice::Epoll))?;
/// assert_eq!(reactor.driver().backend(), "epoll");
/// match Reactor::new(Options::new().choice(Choice::IoUring)) {
///     Ok(reactor) => assert_eq!(reactor.driver().backend(), "io_uring"),
///     Err(error) => println!("it is refused here: {error}"),
/// }
/// assert_eq!(Choice::default(), Choice::Auto);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Choice {
    /// `io_uring` where it can be had, else epoll.
    #[default]
    Auto,
    /// `io_uring`, or an error.
    IoUring,
    /// epoll.
    Epoll,
}

impl Choice {
    /// The choice of that name: `auto`, `io_uring` or `epoll`.
    ///
    /// ```
    /// use uring_reactor::Choice;
    ///
    /// assert_eq!(Choice::from_name("auto"), Some(Choice::Auto));
    /// assert_eq!(Choice::from_name("io_uring"), Some(Choice::IoUring));
    /// assert_eq!(Choice::from_name("epoll"), Some(Choice::Epoll));
    /// assert_eq!(Choice::from_name("kqueue"), None);
    /// ```
    pub fn from_name(name: &str) -> Option<Choice> {
        match name {
            "auto" => Some(Choice::Auto),
            "io_uring" => Some(Choice::IoUring),
            "epoll" => Some(Choice::Epoll),
            _ => None,
        }
    }
}

/// A step that was not taken, why, and what would help.
///
/// ```
/// use uring_reactor::{Options, Reactor, Refusal, Rung};
///
/// // Why it is not the best rung: here, because the program asked for a lesser one.
/// let reactor = Reactor::new(Options::new().top_rung(Rung::F))?;
/// let refused: Vec<Refusal> = reactor.driver().refused;
/// assert!(!refused.is_empty());
/// for refusal in refused {
///     println!("{refusal}");
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Refusal {
    /// What was tried: a rung of the ladder, or a part of it.
    pub step: String,
    /// The errno of the refusal; `None` when it was a choice.
    pub errno: Option<i32>,
    /// What can be done about it, in one sentence.
    pub remedy: &'static str,
}

impl Refusal {
    pub(crate) fn new(step: impl Into<String>, error: &io::Error) -> Refusal {
        let errno = error.raw_os_error();
        Refusal {
            step: step.into(),
            errno,
            remedy: remedy(errno),
        }
    }

    pub(crate) fn by_choice(step: impl Into<String>, remedy: &'static str) -> Refusal {
        Refusal {
            step: step.into(),
            errno: None,
            remedy,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.step)?;
        if let Some(errno) = self.errno {
            write!(f, "{}; ", io::Error::from_raw_os_error(errno))?;
        }
        f.write_str(self.remedy)
    }
}

/// What an errno of the setup usually means to the person who reads it.
fn remedy(errno: Option<i32>) -> &'static str {
    match errno {
        Some(libc::EPERM | libc::EACCES) => {
            "a seccomp profile (Docker's and containerd's default), the sysctl kernel.io_uring_disabled or a \
             security module forbids it: allow io_uring_setup, io_uring_enter and io_uring_register there"
        }
        Some(libc::ENOSYS) => {
            "this kernel has no io_uring, or the sandbox hides it: it needs Linux 5.1 with CONFIG_IO_URING"
        }
        Some(libc::ENOMEM) => {
            "memory is short: that of a ring is charged to RLIMIT_MEMLOCK (raise `ulimit -l`, or ask for fewer \
             entries), and a request needs memory that the machine may have later (try again)"
        }
        Some(libc::EINVAL) => "this kernel does not know the flags of this rung: a newer one does",
        Some(libc::EMFILE | libc::ENFILE) => "no file descriptor is free: raise `ulimit -n`",
        Some(libc::EOVERFLOW | libc::EBADR) => {
            "completions were lost, and everything was asked for again: give the ring more entries"
        }
        Some(libc::EBADF | libc::ENXIO | libc::EOPNOTSUPP) => {
            "a descriptor of the loop's own, of the ring or an epoll set, was closed by other code in this process"
        }
        Some(libc::EAGAIN | libc::EBUSY) => {
            "the kernel has no memory for a request, or completions to be taken first, at this moment: try again"
        }
        Some(libc::EEXIST) => "the ring belongs to another thread, or to the process that forked",
        _ => "not an error that a ring is known to answer with: please report it",
    }
}

/// What drives a reactor. [`Display`](fmt::Display) prints it as a small table.
///
/// ```
/// use uring_reactor::{Choice, Options, Reactor};
///
/// let driver = Reactor::new(Options::new().choice(Choice::Epoll))?.driver();
/// assert_eq!(driver.backend(), "epoll");
/// assert_eq!(driver.rung, None);
/// for refusal in &driver.refused {
///     println!("{}: errno {:?}", refusal.step, refusal.errno);
/// }
/// println!("{driver}");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Driver {
    /// The rung of the ladder in use; `None` on epoll.
    pub rung: Option<Rung>,
    /// The kernel features in use, by name: see [`Feature`] for all there are.
    pub features: Vec<&'static str>,
    /// Entries of the submission queue; 0 on epoll.
    pub sq_entries: u32,
    /// Entries of the completion queue; 0 on epoll.
    pub cq_entries: u32,
    /// How the earliest deadline reaches the kernel.
    pub timer: TimerMode,
    /// The kernel release, as uname(2) gives it.
    pub kernel: String,
    /// Every better step that was not taken.
    pub refused: Vec<Refusal>,
}

impl Driver {
    /// `"io_uring"` or `"epoll"`.
    ///
    /// ```
    /// use uring_reactor::{Choice, Options, Reactor};
    ///
    /// let reactor = Reactor::new(Options::new())?;
    /// assert!(["io_uring", "epoll"].contains(&reactor.driver().backend()));
    /// let reactor = Reactor::new(Options::new().choice(Choice::Epoll))?;
    /// assert_eq!(reactor.driver().backend(), "epoll");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn backend(&self) -> &'static str {
        if self.rung.is_some() {
            "io_uring"
        } else {
            "epoll"
        }
    }

    /// Whether this part of io_uring is in use.
    ///
    /// ```
    /// use uring_reactor::{Choice, Feature, Options, Reactor};
    ///
    /// let driver = Reactor::new(Options::new().choice(Choice::Epoll))?.driver();
    /// assert!(!driver.has(Feature::MultishotWake), "there is no ring");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn has(&self, feature: Feature) -> bool {
        self.features.contains(&feature.name())
    }
}

impl fmt::Display for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "backend   {}", self.backend())?;
        match self.rung {
            Some(rung) => writeln!(f, "rung      {} (Linux {}+)", rung.name(), rung.since())?,
            None => writeln!(f, "rung      G (any Linux)")?,
        }
        writeln!(f, "kernel    {}", self.kernel)?;
        if self.rung.is_some() {
            writeln!(
                f,
                "entries   {} to submit, {} to complete",
                self.sq_entries, self.cq_entries
            )?;
        }
        let features = if self.features.is_empty() {
            "none".into()
        } else {
            self.features.join(", ")
        };
        writeln!(f, "features  {features}")?;
        write!(f, "timers    {}", self.timer.name())?;
        for refusal in &self.refused {
            write!(f, "\nrefused   {refusal}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_not_called_an_unknown_error() {
        let unknown = remedy(Some(libc::E2BIG));
        assert!(unknown.contains("report it"), "{unknown}");
        for errno in [libc::EAGAIN, libc::EBUSY] {
            let text = remedy(Some(errno));
            assert!(text.contains("try again"), "{errno}: {text}");
        }
        let memory = remedy(Some(libc::ENOMEM));
        assert!(
            memory.contains("ulimit -l") && memory.contains("try again"),
            "{memory}"
        );
    }

    #[test]
    fn a_report_names_the_errno_and_the_remedy() {
        let driver = Driver {
            rung: None,
            features: vec![],
            sq_entries: 0,
            cq_entries: 0,
            timer: TimerMode::WaitTimeout,
            kernel: "6.18".into(),
            refused: vec![Refusal::new(
                "io_uring_setup",
                &io::Error::from_raw_os_error(libc::EPERM),
            )],
        };
        let text = driver.to_string();
        assert!(text.starts_with("backend   epoll\n"), "{text}");
        assert!(
            text.contains("io_uring_setup: Operation not permitted"),
            "{text}"
        );
        assert!(text.contains("seccomp"), "{text}");
    }
}
