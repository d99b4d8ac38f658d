//! The waker of a task: a counted reference in the form that std wants.

use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::header::Header;
use super::shared;
use super::task_ref::{TaskPtr, TaskRef};
use crate::Id;

/// The data pointer is a `TaskPtr`, and each waker with this table counts one reference (T1).
static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

/// A waker for the time of a poll that borrows the reference of whoever polls, and so counts nothing.
#[inline]
pub(super) fn borrowed(task: &TaskPtr) -> ManuallyDrop<Waker> {
    // SAFETY: `ManuallyDrop` lets the waker never release the reference it did not count (T1).
    ManuallyDrop::new(unsafe { Waker::new(data(*task), &VTABLE) })
}

/// What [`Waker::data`] is for a task's waker.
#[inline]
pub(super) fn data(task: TaskPtr) -> *const () {
    task.as_ptr().cast_const().cast()
}

/// Whether a waker was made by this crate, for a task or for a root.
#[inline]
pub(crate) fn is_own_waker(waker: &Waker) -> bool {
    std::ptr::eq(waker.vtable(), &VTABLE) || shared::is_root_waker(waker)
}

/// The task that a waker wakes, if the waker was made here for one.
pub(super) fn task_of(waker: &Waker) -> Option<Id> {
    if !std::ptr::eq(waker.vtable(), &VTABLE) {
        return None;
    }
    // SAFETY: the data of a living waker with our table.
    let task = unsafe { reference(waker.data()) };
    Some(task.header().id)
}

/// The reference of a waker, for the time of a call that does not consume it.
///
/// # Safety
///
/// `data` is that of a waker with our table, which outlives the result.
#[inline]
unsafe fn reference(data: *const ()) -> ManuallyDrop<TaskRef> {
    // SAFETY: as said, the waker counts one.
    ManuallyDrop::new(unsafe { owned(data) })
}

/// # Safety
///
/// `data` is that of a waker with our table, whose reference goes to the result.
#[inline]
unsafe fn owned(data: *const ()) -> TaskRef {
    let header = data.cast_mut().cast::<Header>();
    // SAFETY: made from a `TaskPtr`, which is never null.
    let pointer = TaskPtr::new(unsafe { NonNull::new_unchecked(header) });
    // SAFETY: a waker counts one reference (T1).
    unsafe { TaskRef::from_counted(pointer) }
}

unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: std calls this with the data of a living waker of this table.
    let task = unsafe { reference(data) };
    let clone = TaskRef::clone(&task);
    RawWaker::new(self::data(clone.into_counted()), &VTABLE)
}

unsafe fn wake(data: *const ()) {
    // SAFETY: std calls this with the data of a waker of this table, which it consumes.
    let task = unsafe { owned(data) };
    task.wake();
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: std calls this with the data of a living waker of this table.
    let task = unsafe { reference(data) };
    task.wake();
}

unsafe fn drop_waker(data: *const ()) {
    // SAFETY: std calls this with the data of a waker of this table, which it consumes.
    drop(unsafe { owned(data) });
}
