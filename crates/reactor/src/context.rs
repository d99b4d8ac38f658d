//! Which reactor the calling thread works for, and which ones live on it.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::rc::{Rc, Weak};
use std::sync::{Arc, MutexGuard};

use crate::backend::Backend;
use crate::handle::Handle;
use crate::reactor::Local;
use crate::shared::Shared;

thread_local! {
    /// What `Handle::current` answers on this thread.
    static CURRENT: RefCell<Option<Handle>> = const { RefCell::new(None) };
    /// The reactors that were built on this thread, so that a drop outside of their loop finds its backend.
    static LOCALS: RefCell<Vec<Weak<Local>>> = const { RefCell::new(Vec::new()) };
    /// Only its address is used.
    static THREAD: Cell<u8> = const { Cell::new(0) };
}

/// Tells live threads apart: cheaper than `std::thread::current().id()`, which counts a reference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ThreadKey(usize);

pub(crate) fn thread_key() -> ThreadKey {
    #[cfg(test)]
    if ELSEWHERE.get() {
        return ThreadKey(0);
    }
    // No destructor, so it is there until the very end of the thread.
    THREAD.with(|thread| ThreadKey(std::ptr::from_ref(thread).addr()))
}

#[cfg(test)]
thread_local! {
    static ELSEWHERE: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` as if on another thread than the loop's, so that a simulation can choose the moment.
#[cfg(test)]
pub(crate) fn elsewhere<R>(work: impl FnOnce() -> R) -> R {
    let before = ELSEWHERE.replace(true);
    let result = work();
    ELSEWHERE.set(before);
    result
}

/// While this lives, its reactor is the current one of the thread. Corresponds to `tokio::runtime::EnterGuard`.
///
/// ```
/// use uring_reactor::{EnterGuard, Handle, Options, Reactor};
///
/// let reactor = Reactor::new(Options::new())?;
/// let guard: EnterGuard = reactor.handle().enter();
/// assert!(Handle::has_current());
/// drop(guard);
/// assert!(!Handle::has_current());
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "the reactor stays current only while the guard lives"]
pub struct EnterGuard {
    previous: Option<Handle>,
    /// The guard must be dropped on its own thread, as one of a mutex must.
    _not_send: PhantomData<MutexGuard<'static, ()>>,
}

impl fmt::Debug for EnterGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnterGuard").finish_non_exhaustive()
    }
}

impl Drop for EnterGuard {
    fn drop(&mut self) {
        let left = CURRENT.try_with(|current| current.replace(self.previous.take()));
        drop(left);
    }
}

pub(crate) fn enter(handle: Handle) -> EnterGuard {
    // A thread that is ending works for none any more.
    let previous = CURRENT
        .try_with(|current| current.replace(Some(handle)))
        .ok()
        .flatten();
    EnterGuard {
        previous,
        _not_send: PhantomData,
    }
}

/// Gives the current reactor to `use_it`, which must not enter or leave another one.
pub(crate) fn with_current<R>(use_it: impl FnOnce(Option<&Handle>) -> R) -> R {
    let mut use_it = Some(use_it);
    let answer = CURRENT.try_with(|current| {
        let use_it = use_it.take()?;
        Some(use_it(
            current
                .try_borrow()
                .ok()
                .as_deref()
                .and_then(Option::as_ref),
        ))
    });
    match answer {
        Ok(Some(answer)) => answer,
        // The thread is ending; it works for nobody any more.
        _ => match use_it.take() {
            Some(use_it) => use_it(None),
            None => unreachable!("the closure is taken only where it is called"),
        },
    }
}

/// The shared half of the current reactor.
///
/// # Panics
///
/// When there is none; `what` names the call that needs it.
#[track_caller]
pub(crate) fn require(what: &str) -> Arc<Shared> {
    let shared = with_current(|current| current.map(|c| Arc::clone(&c.shared)));
    shared.unwrap_or_else(|| no_runtime(what))
}

/// The panic of everything that needs a runtime and finds none, for the crates built on this one as well.
///
/// # Panics
///
/// Always; `what` names the call.
///
/// ```should_panic
/// uring_reactor::no_runtime("my_library::connect");
/// ```
#[track_caller]
pub fn no_runtime(what: &str) -> ! {
    panic!(
        "{what} needs a running uring-rt runtime: call it inside `#[uring_rt::main]`, `Runtime::block_on`, \
         a task, or while a guard of `Handle::enter` lives"
    )
}

pub(crate) fn add_local(local: &Rc<Local>) {
    LOCALS.with(|locals| locals.borrow_mut().push(Rc::downgrade(local)));
}

pub(crate) fn remove_local(local: &Rc<Local>) {
    let _ = LOCALS.try_with(|locals| {
        locals
            .borrow_mut()
            .retain(|other| !std::ptr::eq(other.as_ptr(), Rc::as_ptr(local)));
    });
}

/// Runs `use_it` on the backend of `shared`, when that lives on this thread and is not in use. Says whether
/// it did.
pub(crate) fn with_backend(shared: &Shared, use_it: impl FnOnce(&mut Backend)) -> bool {
    let local = LOCALS.try_with(|locals| {
        let locals = locals.borrow();
        locals
            .iter()
            .filter_map(Weak::upgrade)
            .find(|local| std::ptr::eq(local.shared(), shared))
    });
    let Ok(Some(local)) = local else { return false };
    let Ok(mut backend) = local.backend.try_borrow_mut() else {
        return false;
    };
    use_it(&mut backend);
    true
}
