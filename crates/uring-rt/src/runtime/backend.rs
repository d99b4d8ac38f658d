//! Which backend a runtime is to have.

use uring_reactor::Choice;

/// Which backend to run on. The environment variable `URING_RT_BACKEND` overrides it.
///
/// ```
/// use uring_rt::runtime::{Backend, Builder};
///
/// let runtime = Builder::new().backend(Backend::Epoll).build()?;
/// # if std::env::var_os("URING_RT_BACKEND").is_none() {
/// assert_eq!(runtime.driver().backend(), "epoll");
/// # }
/// match Builder::new().backend(Backend::IoUring).build() {
///     Ok(runtime) => println!("{}", runtime.driver()),
///     Err(error) => println!("it is refused here: {error}"),
/// }
/// assert_eq!(Backend::default(), Backend::Auto);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Backend {
    /// `io_uring` where it can be had, else epoll.
    #[default]
    Auto,
    /// `io_uring`, or an error.
    IoUring,
    /// epoll.
    Epoll,
}

impl Backend {
    /// The backend of that name: `auto`, `io_uring` or `epoll`.
    ///
    /// ```
    /// use uring_rt::runtime::Backend;
    ///
    /// assert_eq!(Backend::from_name("epoll"), Some(Backend::Epoll));
    /// assert_eq!(Backend::from_name("kqueue"), None);
    /// ```
    pub fn from_name(name: &str) -> Option<Backend> {
        Choice::from_name(name).map(|choice| match choice {
            Choice::IoUring => Backend::IoUring,
            Choice::Epoll => Backend::Epoll,
            _ => Backend::Auto,
        })
    }

    pub(super) fn choice(self) -> Choice {
        match self {
            Backend::Auto => Choice::Auto,
            Backend::IoUring => Choice::IoUring,
            Backend::Epoll => Choice::Epoll,
        }
    }
}
