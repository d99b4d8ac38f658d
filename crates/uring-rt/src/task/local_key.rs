//! Values of one task: [`task_local!`](crate::task_local) and its key.

use std::cell::RefCell;
use std::error::Error;
use std::fmt;
use std::mem;
use std::thread;

use crate::task::futures::TaskLocalFuture;

/// Declares values that a task, or a part of one, has for itself. Corresponds to `tokio::task_local!`.
///
/// ```
/// uring_rt::task_local! {
///     /// Who is asking.
///     pub static USER: String;
///     static DEPTH: u32;
/// }
///
/// # #[uring_rt::main]
/// # async fn main() {
/// USER.scope("ada".to_string(), async {
///     uring_rt::task::yield_now().await;
///     USER.with(|user| assert_eq!(user, "ada"));
/// })
/// .await;
/// assert!(USER.try_with(|_| ()).is_err(), "only in the scope");
/// DEPTH.sync_scope(1, || assert_eq!(DEPTH.get(), 1));
/// # }
/// ```
#[macro_export]
macro_rules! task_local {
    () => {};
    ($(#[$attribute:meta])* $visibility:vis static $name:ident: $type:ty; $($rest:tt)*) => {
        $crate::task_local!($(#[$attribute])* $visibility static $name: $type);
        $crate::task_local!($($rest)*);
    };
    ($(#[$attribute:meta])* $visibility:vis static $name:ident: $type:ty) => {
        $(#[$attribute])*
        $visibility static $name: $crate::task::LocalKey<$type> = {
            ::std::thread_local! {
                static SLOT: ::std::cell::RefCell<::std::option::Option<$type>> =
                    const { ::std::cell::RefCell::new(::std::option::Option::None) };
            }
            $crate::task::LocalKey::__new(SLOT)
        };
    };
}

/// A value that is there while a future or a closure of its [`scope`](Self::scope) runs. Made by
/// [`task_local!`](crate::task_local).
///
/// It is not passed on to tasks that are spawned in the scope. Corresponds to `tokio::task::LocalKey`.
///
/// ```
/// uring_rt::task_local! {
///     static REQUEST: u32;
/// }
///
/// # #[uring_rt::main]
/// # async fn main() {
/// let seen = REQUEST.scope(7, async { REQUEST.with(|request| *request) }).await;
/// assert_eq!(seen, 7);
/// # }
/// ```
pub struct LocalKey<T: 'static> {
    /// Holds the value only while the scope runs on this thread. Never borrowed while foreign code runs that could
    /// end the scope.
    slot: thread::LocalKey<RefCell<Option<T>>>,
}

impl<T: 'static> LocalKey<T> {
    #[doc(hidden)]
    pub const fn __new(slot: thread::LocalKey<RefCell<Option<T>>>) -> LocalKey<T> {
        LocalKey { slot }
    }

    /// Runs `future` with `value` in place. Corresponds to `tokio::task::LocalKey::scope`.
    ///
    /// The value is there in each poll, and while the future is dropped. Cancel safe if `future` is.
    ///
    /// # Panics
    ///
    /// When polled while the value of an enclosing scope is borrowed, and on a thread that is ending.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// uring_rt::task_local! { static NUMBER: u32; }
    /// let inner = NUMBER.scope(1, async {
    ///     let innermost = NUMBER.scope(2, async { NUMBER.get() }).await;
    ///     (NUMBER.get(), innermost)
    /// });
    /// assert_eq!(inner.await, (1, 2));
    /// # }
    /// ```
    pub fn scope<F: Future>(&'static self, value: T, future: F) -> TaskLocalFuture<T, F> {
        TaskLocalFuture::new(self, value, future)
    }

    /// Calls `run` with `value` in place. Corresponds to `tokio::task::LocalKey::sync_scope`.
    ///
    /// # Panics
    ///
    /// As [`scope`](Self::scope), and when `run` does.
    ///
    /// ```
    /// uring_rt::task_local! { static NUMBER: u32; }
    /// assert_eq!(NUMBER.sync_scope(3, || NUMBER.get() + 1), 4);
    /// ```
    #[track_caller]
    pub fn sync_scope<R>(&'static self, value: T, run: impl FnOnce() -> R) -> R {
        let mut value = Some(value);
        // Not `unwrap_or_else`: a closure has no caller to name.
        match self.run_with(&mut value, run) {
            Ok(result) => result,
            Err(unavailable) => unavailable.panic(),
        }
    }

    /// Gives the value to `look`. Corresponds to `tokio::task::LocalKey::with`.
    ///
    /// # Panics
    ///
    /// Outside of a scope of this key.
    ///
    /// ```
    /// uring_rt::task_local! { static NAME: String; }
    /// NAME.sync_scope("ada".into(), || NAME.with(|name| assert_eq!(name, "ada")));
    /// ```
    #[track_caller]
    pub fn with<R>(&'static self, look: impl FnOnce(&T) -> R) -> R {
        match self.try_with(look) {
            Ok(result) => result,
            Err(AccessError(())) => {
                panic!("cannot access a task-local storage value without setting it first")
            }
        }
    }

    /// Gives the value to `look`, if there is one. Corresponds to `tokio::task::LocalKey::try_with`.
    ///
    /// # Errors
    ///
    /// Outside of a scope of this key.
    ///
    /// ```
    /// uring_rt::task_local! { static NUMBER: u32; }
    /// assert!(NUMBER.try_with(|_| ()).is_err());
    /// ```
    pub fn try_with<R>(&'static self, look: impl FnOnce(&T) -> R) -> Result<R, AccessError> {
        let found = self.slot.try_with(|slot| slot.borrow().as_ref().map(look));
        // A thread that is ending is in no scope.
        found.ok().flatten().ok_or(AccessError(()))
    }

    /// Runs `run` while `value` is in the slot. What was there before is back afterwards, also after a panic, and
    /// `value` has what `run` left.
    pub(super) fn run_with<R>(
        &'static self,
        value: &mut Option<T>,
        run: impl FnOnce() -> R,
    ) -> Result<R, Unavailable> {
        self.exchange(value)?;
        let _back = ExchangeOnDrop { key: self, value };
        Ok(run())
    }

    fn exchange(&'static self, value: &mut Option<T>) -> Result<(), Unavailable> {
        let exchanged = self.slot.try_with(|slot| {
            let mut slot = slot.try_borrow_mut().map_err(|_| Unavailable::Borrowed)?;
            mem::swap(&mut *slot, value);
            Ok(())
        });
        exchanged.unwrap_or(Err(Unavailable::ThreadEnds))
    }
}

impl<T: Clone + 'static> LocalKey<T> {
    /// A copy of the value. Corresponds to `tokio::task::LocalKey::get`.
    ///
    /// # Panics
    ///
    /// Outside of a scope of this key.
    ///
    /// ```
    /// uring_rt::task_local! { static NUMBER: u32; }
    /// assert_eq!(NUMBER.sync_scope(3, || NUMBER.get()), 3);
    /// ```
    #[track_caller]
    pub fn get(&'static self) -> T {
        self.with(T::clone)
    }

    /// A copy of the value, if there is one. Corresponds to `tokio::task::LocalKey::try_get`.
    ///
    /// # Errors
    ///
    /// Outside of a scope of this key.
    ///
    /// ```
    /// uring_rt::task_local! { static NUMBER: u32; }
    /// assert_eq!(NUMBER.sync_scope(3, || NUMBER.try_get()), Ok(3));
    /// assert!(NUMBER.try_get().is_err());
    /// ```
    pub fn try_get(&'static self) -> Result<T, AccessError> {
        self.try_with(T::clone)
    }
}

impl<T: 'static> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").finish_non_exhaustive()
    }
}

/// Ends the time of a value in the slot.
struct ExchangeOnDrop<'a, T: 'static> {
    key: &'static LocalKey<T>,
    value: &'a mut Option<T>,
}

impl<T: 'static> Drop for ExchangeOnDrop<'_, T> {
    fn drop(&mut self) {
        // It cannot fail: every borrow ends with the closure that got it, and the thread's slot was there when the
        // scope began, on top of whose stack frame this runs.
        let _ = self.key.exchange(self.value);
    }
}

/// Why a scope cannot begin.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unavailable {
    Borrowed,
    ThreadEnds,
}

impl Unavailable {
    #[track_caller]
    pub(super) fn panic(self) -> ! {
        match self {
            Unavailable::Borrowed => {
                panic!("cannot enter a task-local scope while the task-local storage is borrowed")
            }
            Unavailable::ThreadEnds => panic!(
                "cannot enter a task-local scope during or after destruction of the underlying thread-local"
            ),
        }
    }
}

/// There is no value outside of a scope. Corresponds to `tokio::task::AccessError`'s place in
/// [`LocalKey::try_with`].
///
/// ```
/// uring_rt::task_local! {
///     static REQUEST: u32;
/// }
///
/// let outside = REQUEST.try_with(|request| *request);
/// assert!(outside.is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AccessError(());

impl fmt::Debug for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessError").finish()
    }
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("task-local value not set")
    }
}

impl Error for AccessError {}
