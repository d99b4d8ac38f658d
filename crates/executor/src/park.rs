//! The seam between the executor and whatever sleeps.

use std::task::Waker;

/// How far [`Park::park`] may go.
///
/// ```
/// use std::{cell::RefCell, future::poll_fn, rc::Rc, task::{Poll, Waker}};
/// use uring_executor::{Config, Executor, Park, ParkMode, yield_now};
///
/// /// A driver with one thing to wait for, which happens in its first sleep.
/// #[derive(Default)]
/// struct Driver {
///     modes: Vec<ParkMode>,
///     waits: Rc<RefCell<Option<Waker>>>,
/// }
///
/// impl Park for Driver {
///     fn park(&mut self, mode: ParkMode) {
///         self.modes.push(mode);
///         if mode == ParkMode::Block {
///             self.waits.take().expect("somebody waits").wake();
///         }
///     }
///     fn unparker(&self) -> Waker {
///         Waker::noop().clone()
///     }
/// }
///
/// let mut driver = Driver::default();
/// let executor = Executor::new(Config::default(), driver.unparker());
/// let (waits, mut is_first) = (Rc::clone(&driver.waits), true);
/// executor.block_on(&mut driver, async move {
///     yield_now().await; // to be polled after a look at the driver
///     poll_fn(|cx| {
///         waits.replace(Some(cx.waker().clone()));
///         if std::mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) }
///     })
///     .await;
/// });
/// assert_eq!(driver.modes, [ParkMode::Poll, ParkMode::Block]);
/// ```
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
    ///
    /// See the example of [`Park`].
    fn park(&mut self, mode: ParkMode);

    /// A waker that ends a running `park(Block)`, or the next one if none is running. It is woken from any thread.
    ///
    /// See the example of [`Park`].
    fn unparker(&self) -> Waker;
}
