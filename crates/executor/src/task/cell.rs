//! The task cell, and the functions that know the type of its future.

use std::any::Any;
use std::cell::UnsafeCell;
use std::future::Future;
use std::marker::PhantomData;
use std::mem;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

use super::header::{Header, VTable};
use super::shared::SharedRef;
use super::state::State;
use super::task_ref::TaskPtr;
use super::unwind::{discard, swallow};
use crate::config::{PanicHook, TaskPanic};
use crate::error::Failure;
use crate::{JoinError, Reluctant};

/// One task. `repr(C)`, so that a pointer to it is a pointer to its header.
#[repr(C)]
struct TaskCell<F: Future> {
    header: Header,
    stage: UnsafeCell<Stage<F>>,
}

/// Where a task is in its life (T3).
enum Stage<F: Future> {
    Future(F),
    Output(Result<F::Output, Failure>),
    Gone,
}

impl<F: Future> TaskCell<F> {
    const VTABLE: &'static VTable = &VTable {
        poll: poll::<F>,
        cancel: cancel::<F>,
        may_cancel: always,
        drop_output: drop_output::<F>,
        take_output: take_output::<F>,
        dealloc: dealloc::<F>,
    };
}

impl<F: Reluctant> TaskCell<F> {
    const RELUCTANT_VTABLE: &'static VTable = &VTable {
        may_cancel: may_cancel::<F>,
        ..*Self::VTABLE
    };
}

/// The functions for cells of futures of one type (T8). `F` is that type, so that no other table is made.
pub(super) struct Table<F>(&'static VTable, PhantomData<fn(F)>);

impl<F: Future> Table<F> {
    pub(super) const PLAIN: Self = Self(TaskCell::<F>::VTABLE, PhantomData);
}

impl<F: Reluctant> Table<F> {
    pub(super) const RELUCTANT: Self = Self(TaskCell::<F>::RELUCTANT_VTABLE, PhantomData);
}

/// Makes a cell. The state says how many references there are.
#[inline]
pub(super) fn allocate<F: Future>(
    future: F,
    table: Table<F>,
    state: State,
    shared: SharedRef,
    location: &'static Location<'static>,
) -> TaskPtr {
    let cell = Box::new(TaskCell {
        header: Header::new(state, table.0, shared, location),
        stage: UnsafeCell::new(Stage::Future(future)),
    });
    let cell = NonNull::from(Box::leak(cell));
    TaskPtr::new(cell.cast())
}

/// # Safety
///
/// The cell is alive (T1) and of this type (T8).
#[inline]
unsafe fn stage<F: Future>(task: TaskPtr) -> *mut Stage<F> {
    let cell = task.as_ptr().cast::<TaskCell<F>>();
    // SAFETY: alive and of this type, says the caller; no reference is made.
    let stage = unsafe { &raw const (*cell).stage };
    UnsafeCell::raw_get(stage)
}

/// See [`VTable::poll`].
unsafe fn poll<F: Future>(
    task: TaskPtr,
    cx: &mut Context<'_>,
    hook: Option<&PanicHook>,
) -> Poll<()> {
    // SAFETY: required by the contract of the table.
    let stage = unsafe { stage::<F>(task) };
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
            // SAFETY: required by the contract of the table.
            let header = unsafe { task.header() };
            report(header, &*payload, hook);
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
unsafe fn cancel<F: Future>(task: TaskPtr, hook: Option<&PanicHook>) {
    // SAFETY: required by the contract of the table.
    let stage = unsafe { stage::<F>(task) };
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
unsafe fn may_cancel<F: Reluctant>(task: TaskPtr) -> bool {
    // SAFETY: required by the contract of the table.
    let stage = unsafe { stage::<F>(task) };
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
        report(unsafe { task.header() }, &**payload, hook);
    }
    dropped
}

/// Tells the hook of a panic.
#[cold]
fn report(header: &Header, payload: &(dyn Any + Send), hook: Option<&PanicHook>) {
    let Some(hook) = hook else { return };
    let panic = TaskPanic::new(header.id, header.location, payload);
    swallow(|| hook(&panic));
}

/// See [`VTable::drop_output`].
#[inline]
unsafe fn drop_output<F: Future>(task: TaskPtr) {
    // SAFETY: required by the contract of the table.
    let stage = unsafe { stage::<F>(task) };
    // SAFETY: the stage is ours by the contract of the table (T3, T4). An assignment stores even on unwinding.
    swallow(|| unsafe { *stage = Stage::Gone });
}

/// See [`VTable::take_output`].
///
/// # Panics
///
/// If the output was taken before.
unsafe fn take_output<F: Future>(task: TaskPtr, destination: *mut ()) {
    // SAFETY: required by the contract of the table.
    let stage = unsafe { stage::<F>(task) };
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

/// See [`VTable::dealloc`].
unsafe fn dealloc<F: Future>(task: TaskPtr) {
    // Only a `JoinHandle` that is the last to go leaves something in the stage (T4); its destructor may panic.
    // SAFETY: of this type (T8), and nobody else has a reference (T1), let alone a right to the stage.
    unsafe { drop_output::<F>(task) };
    let cell = task.as_ptr().cast::<TaskCell<F>>();
    // SAFETY: made by `Box` in `allocate`, of this type (T8), and nobody else has a reference (T1).
    drop(unsafe { Box::from_raw(cell) });
}
