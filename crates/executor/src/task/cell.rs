//! The task cell, and the functions that know the type of its future.

use std::any::Any;
use std::cell::UnsafeCell;
use std::future::Future;
use std::marker::PhantomData;
use std::mem::{self, ManuallyDrop};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::task::{Context, Poll};

use super::free_lists::{self, FreeLists};
use super::header::{Header, VTable};
use super::origin::{Name, Origin};
use super::shared::SharedRef;
use super::state::State;
use super::task_ref::TaskPtr;
use super::unwind::{discard, swallow};
use crate::config::{PanicHook, TaskPanic};
use crate::error::Failure;
use crate::{JoinError, Reluctant};

/// One task. `repr(C)`, so that a pointer to it is a pointer to its header.
#[repr(C)]
struct TaskCell<F: Future, N> {
    header: Header,
    stage: UnsafeCell<Stage<F>>,
    /// Immutable. Beside the stage, as it is read while that is being polled.
    name: N,
}

/// Where a task is in its life (T3).
enum Stage<F: Future> {
    Future(F),
    Output(Result<F::Output, Failure>),
    Gone,
}

impl<F: Future, N: Name> TaskCell<F, N> {
    const VTABLE: &'static VTable = &VTable {
        poll: poll::<F, N>,
        cancel: cancel::<F, N>,
        may_cancel: always,
        drop_output: drop_output::<F, N>,
        take_output: take_output::<F, N>,
        name: name::<F, N>,
        dealloc: dealloc::<F, N>,
    };
}

impl<F: Reluctant, N: Name> TaskCell<F, N> {
    const RELUCTANT_VTABLE: &'static VTable = &VTable {
        may_cancel: may_cancel::<F, N>,
        ..*Self::VTABLE
    };
}

/// The functions for cells of futures of one type, with or without a name (T8). `F` and `N` are those types, so that no
/// other table is made.
pub(super) struct Table<F, N>(&'static VTable, PhantomData<fn(F, N)>);

impl<F: Future, N: Name> Table<F, N> {
    pub(super) const PLAIN: Self = Self(TaskCell::<F, N>::VTABLE, PhantomData);
}

impl<F: Reluctant, N: Name> Table<F, N> {
    pub(super) const RELUCTANT: Self = Self(TaskCell::<F, N>::RELUCTANT_VTABLE, PhantomData);
}

/// Makes a cell, on the home thread from its free lists. The state says how many references there are.
#[inline]
pub(super) fn allocate<F: Future, N: Name>(
    lists: Option<&FreeLists>,
    future: F,
    table: Table<F, N>,
    state: State,
    shared: SharedRef,
    origin: Origin<N>,
) -> TaskPtr {
    let cell = TaskCell {
        header: Header::new(state, table.0, shared, origin.location),
        stage: UnsafeCell::new(Stage::Future(future)),
        name: origin.name,
    };
    TaskPtr::new(free_lists::allocate(lists, cell).cast())
}

/// # Safety
///
/// The cell is alive (T1) and of this type (T8).
#[inline]
unsafe fn stage<F: Future, N>(task: TaskPtr) -> *mut Stage<F> {
    let cell = task.as_ptr().cast::<TaskCell<F, N>>();
    // SAFETY: alive and of this type, says the caller; no reference is made.
    let stage = unsafe { &raw const (*cell).stage };
    UnsafeCell::raw_get(stage)
}

/// See [`VTable::poll`].
unsafe fn poll<F: Future, N>(
    task: TaskPtr,
    cx: &mut Context<'_>,
    hook: Option<&PanicHook>,
) -> Poll<()> {
    // SAFETY: required by the contract of the table.
    let stage = unsafe { stage::<F, N>(task) };
    let polled = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: on the home thread, not complete, and not inside of another poll: the stage is ours (T2).
        let Stage::Future(future) = (unsafe { &mut *stage }) else {
            unreachable!("T3: a task that is not complete has a future");
        };
        // SAFETY: it is not moved until it is dropped in place (T3).
        let future = unsafe { Pin::new_unchecked(future) };
        future.poll(cx)
    }));
    let result = match polled {
        Ok(Poll::Pending) => return Poll::Pending,
        Ok(Poll::Ready(output)) => Ok(output),
        Err(payload) => {
            // SAFETY: alive, by the contract of the table.
            unsafe { report(task, &*payload, hook) };
            Err(Failure::panic(payload))
        }
    };
    // SAFETY: as for the poll above, which has ended. A panic in the destructor does not undo the result.
    if let Err(payload) = unsafe { drop_future(task, stage, hook) } {
        discard(payload);
    }
    // SAFETY: the stage is ours (T2) and holds nothing that would have to be dropped.
    unsafe { stage.write(Stage::Output(result)) };
    Poll::Ready(())
}

/// See [`VTable::cancel`].
unsafe fn cancel<F: Future, N>(task: TaskPtr, hook: Option<&PanicHook>) {
    // SAFETY: required by the contract of the table.
    let stage = unsafe { stage::<F, N>(task) };
    // SAFETY: the stage is ours by the contract of the table (T2).
    let failure = match unsafe { drop_future(task, stage, hook) } {
        Ok(()) => Failure::Cancelled,
        Err(payload) => Failure::panic(payload),
    };
    // SAFETY: the stage is ours (T2) and holds nothing that would have to be dropped.
    unsafe { stage.write(Stage::Output(Err(failure))) };
}

/// See [`VTable::may_cancel`]: a future that was not asked for its opinion.
unsafe fn always(_task: TaskPtr) -> bool {
    true
}

/// See [`VTable::may_cancel`].
unsafe fn may_cancel<F: Reluctant, N>(task: TaskPtr) -> bool {
    // SAFETY: required by the contract of the table.
    let stage = unsafe { stage::<F, N>(task) };
    // SAFETY: on the home thread, not complete, and not inside of a poll: the stage is ours (T2).
    let Stage::Future(future) = (unsafe { &*stage }) else {
        unreachable!("T3: a task that is not complete has a future");
    };
    catch_unwind(AssertUnwindSafe(|| future.may_be_cancelled())).unwrap_or_else(|payload| {
        discard(payload);
        true
    })
}

/// Drops the future in place and leaves the stage `Gone`, also when the destructor panics.
///
/// # Safety
///
/// The cell is alive (T1) and its stage is the caller's (T2).
#[inline]
unsafe fn drop_future<F: Future>(
    task: TaskPtr,
    stage: *mut Stage<F>,
    hook: Option<&PanicHook>,
) -> Result<(), Box<dyn Any + Send>> {
    // SAFETY: the stage is ours, says the caller. An assignment drops in place, and stores even on unwinding.
    let dropped = catch_unwind(AssertUnwindSafe(|| unsafe { *stage = Stage::Gone }));
    if let Err(payload) = &dropped {
        // SAFETY: alive, says the caller.
        unsafe { report(task, &**payload, hook) };
    }
    dropped
}

/// Tells the hook of a panic.
///
/// # Safety
///
/// The cell is alive (T1).
#[cold]
unsafe fn report(task: TaskPtr, payload: &(dyn Any + Send), hook: Option<&PanicHook>) {
    let Some(hook) = hook else { return };
    // SAFETY: alive, says the caller.
    let header = unsafe { task.header() };
    // SAFETY: alive, and of its table's type (T8).
    let name = unsafe { (header.vtable.name)(task) };
    let panic = TaskPanic::new(header.id, header.location, name, payload);
    swallow(|| hook(&panic));
}

/// See [`VTable::drop_output`].
#[inline]
unsafe fn drop_output<F: Future, N>(task: TaskPtr) {
    // SAFETY: required by the contract of the table.
    let stage = unsafe { stage::<F, N>(task) };
    // SAFETY: the stage is ours by the contract of the table (T3, T4). An assignment stores even on unwinding.
    swallow(|| unsafe { *stage = Stage::Gone });
}

/// See [`VTable::take_output`].
///
/// # Panics
///
/// If the output was taken before.
unsafe fn take_output<F: Future, N>(task: TaskPtr, destination: *mut ()) {
    // SAFETY: required by the contract of the table.
    let stage = unsafe { stage::<F, N>(task) };
    // SAFETY: the stage is ours by the contract of the table (T4); an output is not pinned.
    let Stage::Output(output) = mem::replace(unsafe { &mut *stage }, Stage::Gone) else {
        panic!("JoinHandle polled after completion");
    };
    let destination = destination.cast::<Poll<Result<F::Output, JoinError>>>();
    // SAFETY: required by the contract of the table.
    let id = unsafe { task.header() }.id;
    let output = output.map_err(|failure| JoinError::new(id, failure));
    // SAFETY: required by the contract of the table; the type is the same (T8).
    unsafe { *destination = Poll::Ready(output) };
}

/// See [`VTable::name`].
unsafe fn name<F: Future, N: Name>(task: TaskPtr) -> Option<Arc<str>> {
    let cell = task.as_ptr().cast::<TaskCell<F, N>>();
    // SAFETY: alive and of this type, by the contract of the table; never written after the cell was made.
    let name = unsafe { &(*cell).name };
    name.get()
}

/// See [`VTable::dealloc`].
unsafe fn dealloc<F: Future, N>(task: TaskPtr) {
    // Only a `JoinHandle` that is the last to go leaves something in the stage (T4); its destructor may panic.
    // SAFETY: of this type (T8), and nobody else has a reference (T1), let alone a right to the stage.
    unsafe { drop_output::<F, N>(task) };
    let cell = task.as_ptr().cast::<TaskCell<F, N>>();
    // SAFETY: of this type (T8), and nobody else has a reference (T1).
    let shared = unsafe { &mut (*cell).header.shared };
    // SAFETY: not used again, and not dropped with the cell.
    let shared = unsafe { ManuallyDrop::take(shared) };
    let memory = Memory {
        cell,
        shared: ManuallyDrop::new(shared),
    };
    // SAFETY: as above. The memory goes also when a waker of others panics here.
    unsafe { ptr::drop_in_place(memory.cell) };
}

/// What is left of a cell that nobody has a reference to.
struct Memory<F: Future, N> {
    cell: *mut TaskCell<F, N>,
    shared: ManuallyDrop<SharedRef>,
}

impl<F: Future, N> Drop for Memory<F, N> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: a `TaskPtr` is never null.
        let cell = unsafe { NonNull::new_unchecked(self.cell) };
        // SAFETY: not used again.
        let shared = unsafe { ManuallyDrop::take(&mut self.shared) };
        // SAFETY: from `allocate` of this type, and nobody has a reference to it (T1).
        shared.drop_after(|lists| unsafe { free_lists::free(lists, cell) });
    }
}
