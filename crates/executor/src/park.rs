//! The seam between the executor and whatever sleeps.

use std::task::Waker;

/// How far [`Park::park`] may go.
///
/// See the example of [`Park`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParkMode {
    /// Look at the driver and wake whom it has news for, without sleeping.
    Poll,
    /// Sleep until the driver has news, or until the unparker is woken.
    Block,
}

/// A driver as the executor sees it.
///
/// A wake from another thread reaches the executor through the unparker, so an implementation keeps one promise:
/// **`park(Block)` returns at once if the unparker was woken since the last `park` returned.** It may return early
/// for no reason at all.
///
/// Wakes made on the executor's own thread while `park` runs do *not* call the unparker: they are found when `park`
/// returns. An implementation that runs foreign code before it sleeps has to look at
/// [`Spawner::has_work`](crate::Spawner::has_work) after it, and not sleep if there is some.
///
/// ```
/// use std::task::Waker;
/// use uring_executor::{Config, Executor, Park, ParkMode};
///
/// /// Never sleeps, whatever it is asked for: it may return early for no reason.
/// struct Spin;
/// impl Park for Spin {
///     fn park(&mut self, mode: ParkMode) {
///         if mode == ParkMode::Block {
///             std::thread::yield_now();
///         }
///     }
///     fn unparker(&self) -> Waker {
///         Waker::noop().clone()
///     }
/// }
///
/// let executor = Executor::new(Config::default(), Spin.unparker());
/// assert_eq!(executor.block_on(&mut Spin, async { 42 }), 42);
/// ```
pub trait Park {
    /// Looks at the driver, and sleeps if `mode` says so. The wakers of whatever became ready are woken before this
    /// returns.
    fn park(&mut self, mode: ParkMode);

    /// A waker that ends a running `park(Block)`, or the next one if none is running. It is woken from any thread.
    fn unparker(&self) -> Waker;
}
