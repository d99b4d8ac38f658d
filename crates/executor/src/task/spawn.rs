//! How a task comes into being.

use std::future::Future;

use super::cell::{self, Table};
use super::join::JoinHandle;
use super::lazy::Lazy;
use super::origin::{Name, Origin};
use super::shared::SharedRef;
use super::state::State;
use super::task_ref::{TaskPtr, TaskRef};
use crate::Reluctant;
use crate::inbox::Pushed;
use crate::local::Local;

/// Spawns on the home thread, whatever the future is made of.
#[inline]
pub(crate) fn spawn_home<F: Future + 'static, N: Name>(
    shared: &SharedRef,
    local: &Local,
    future: F,
    origin: Origin<N>,
) -> JoinHandle<F::Output> {
    spawn_home_by(Table::PLAIN, shared, local, future, origin)
}

#[inline]
fn spawn_home_by<F: Future + 'static, N: Name>(
    table: Table<F, N>,
    shared: &SharedRef,
    local: &Local,
    future: F,
    origin: Origin<N>,
) -> JoinHandle<F::Output> {
    let shared = shared.clone_home(local);
    let lists = Some(&local.free_lists);
    let task = cell::allocate(lists, future, table, State::new(), shared, origin);
    // SAFETY: a new task counts two references (T1), and its output is that of `F` (T8).
    let (owner, handle) = unsafe { references(task) };
    if local.closed.get() {
        // SAFETY: made here, and shared with nobody but the handle that is about to be returned.
        unsafe { refuse(owner) };
    } else {
        owner.bind(local);
    }
    handle
}

/// Spawns a future that may travel, from any thread.
pub(crate) fn spawn_send<F, N>(
    shared: &SharedRef,
    future: F,
    origin: Origin<N>,
) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send,
    N: Name,
{
    match shared.local.get() {
        Some(local) => spawn_home(shared, local, future, origin),
        // SAFETY: the future is `Send`, and so is the output that the handle may take elsewhere.
        None => unsafe { spawn_remote(Table::PLAIN, shared, future, origin) },
    }
}

/// Spawns a future that has a say in its cancellation and may travel, from any thread.
pub(crate) fn spawn_reluctant<F, N>(
    shared: &SharedRef,
    future: F,
    origin: Origin<N>,
) -> JoinHandle<F::Output>
where
    F: Reluctant + Send + 'static,
    F::Output: Send,
    N: Name,
{
    let table = Table::RELUCTANT;
    match shared.local.get() {
        Some(local) => spawn_home_by(table, shared, local, future, origin),
        // SAFETY: the future is `Send`, and so is the output that the handle may take elsewhere.
        None => unsafe { spawn_remote(table, shared, future, origin) },
    }
}

/// Spawns a future that is made on the home thread by a closure that may travel, from any thread.
pub(crate) fn spawn_with<C, F, N>(
    shared: &SharedRef,
    closure: C,
    origin: Origin<N>,
) -> JoinHandle<F::Output>
where
    C: FnOnce() -> F + Send + 'static,
    F: Future + 'static,
    F::Output: Send,
    N: Name,
{
    let future = Lazy::Closure(closure);
    match shared.local.get() {
        Some(local) => spawn_home(shared, local, future, origin),
        // SAFETY: until its first poll it is only the closure, which is `Send`; so is the output.
        None => unsafe { spawn_remote(Table::PLAIN, shared, future, origin) },
    }
}

/// Spawns from another thread than home.
///
/// # Safety
///
/// What `future` holds before its first poll is `Send`, and so is its output (T9).
unsafe fn spawn_remote<F: Future + 'static, N: Name>(
    table: Table<F, N>,
    shared: &SharedRef,
    future: F,
    origin: Origin<N>,
) -> JoinHandle<F::Output> {
    let state = State::new_remote();
    let task = cell::allocate(None, future, table, state, shared.clone(), origin);
    // SAFETY: a new task counts two references (T1), and its output is that of `F` (T8).
    let (owner, handle) = unsafe { references(task) };
    match shared.inbox.push(owner) {
        Pushed::First => {
            shared.counters.count_remote_wake();
            shared.unparker.wake_by_ref();
        }
        Pushed::Another => shared.counters.count_remote_wake(),
        // SAFETY: made here, and shared with nobody but the handle that is about to be returned.
        Pushed::Closed(owner) => unsafe { refuse(owner) },
    }
    handle
}

/// The two references of a new task.
///
/// # Safety
///
/// The task is new, counts two references (T1), and its output is a `T` (T8).
#[inline]
unsafe fn references<T>(task: TaskPtr) -> (TaskRef, JoinHandle<T>) {
    // SAFETY: the first of the two.
    let owner = unsafe { TaskRef::from_counted(task) };
    // SAFETY: the second of the two.
    let handle = unsafe { TaskRef::from_counted(task) };
    // SAFETY: the output is a `T`, says the caller, and INTEREST is set for this one handle (T4).
    (owner, unsafe { JoinHandle::new(handle) })
}

/// Ends a task that a closed executor does not take, on the thread that spawned it.
///
/// # Safety
///
/// The task was made on this thread, was never polled, and nobody else can reach it (T2).
#[cold]
unsafe fn refuse(owner: TaskRef) {
    let header = owner.header();
    // SAFETY: alive by `owner` (T1), of its table's type (T8), and ours alone (T2).
    unsafe { (header.vtable.cancel)(owner.ptr(), None) };
    header.state.complete_refused();
}
