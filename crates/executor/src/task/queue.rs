//! The run queue: a list through the tasks themselves.

use std::cell::Cell;

use super::task_ref::{TaskPtr, TaskRef};
use crate::order::Order;
use crate::stall::Identity;

/// A first-in first-out queue of tasks that costs no memory of its own. Touched by the home thread only.
///
/// - **Q1.** `head` and `tail` are both set or both not. From `head` the `next` pointers lead through `len` tasks to
///   `tail`, whose own is `None`.
/// - **Q2.** Every task in it is alive by its owner's reference (T5, T6), and no other list uses its `next`.
#[derive(Default)]
pub(crate) struct RunQueue {
    head: Cell<Option<TaskPtr>>,
    tail: Cell<Option<TaskPtr>>,
    len: Cell<usize>,
}

// SAFETY: it may be dropped on another thread, which touches no task; all else happens on the home thread (T2).
unsafe impl Send for RunQueue {}

/// A task taken from a queue. It is alive by the owner's reference, which its completion or, if it has completed, its
/// holder releases (T5).
#[must_use]
pub(super) struct Dequeued(pub(super) TaskPtr);

impl RunQueue {
    pub(crate) fn is_empty(&self) -> bool {
        self.len.get() == 0
    }

    pub(crate) fn len(&self) -> usize {
        self.len.get()
    }

    /// # Safety
    ///
    /// On the home thread (T2). The task is in no queue, has its `queued` flag set (T6) and has an owner (T5).
    #[inline]
    pub(super) unsafe fn push(&self, task: TaskPtr) {
        // SAFETY: the owner's reference keeps it alive (T5).
        unsafe { set_next(task, None) };
        match self.tail.replace(Some(task)) {
            // SAFETY: a task in the queue is alive (Q2).
            Some(tail) => unsafe { set_next(tail, Some(task)) },
            None => self.head.set(Some(task)),
        }
        self.len.set(self.len.get() + 1);
    }

    /// Which task `pop` would give.
    pub(crate) fn oldest(&self) -> Option<Identity> {
        let task = self.head.get()?;
        // SAFETY: a task in the queue is alive (Q2).
        let header = unsafe { task.header() };
        Some(Identity {
            id: Some(header.id),
            // SAFETY: alive, and of its table's type (T8).
            name: unsafe { (header.vtable.name)(task) },
            spawned_at: header.location,
        })
    }

    /// Takes the oldest task. Its `queued` flag is still set.
    #[inline]
    pub(super) fn pop(&self) -> Option<Dequeued> {
        let task = self.head.get()?;
        // SAFETY: a task in the queue is alive (Q2).
        let next = unsafe { next(task) };
        self.head.set(next);
        if next.is_none() {
            self.tail.set(None);
        }
        self.len.set(self.len.get() - 1);
        Some(Dequeued(task))
    }

    /// A reference to the task that `pop` would give.
    pub(crate) fn oldest_reference(&self) -> Option<TaskRef> {
        let task = self.head.get()?;
        // SAFETY: a task in the queue is alive (Q2).
        let header = unsafe { task.header() };
        header.state.add_reference();
        // SAFETY: just counted (T1).
        Some(unsafe { TaskRef::from_counted(task) })
    }

    /// Puts the tasks in another order.
    pub(crate) fn shuffle(&self, order: &Order) {
        let mut tasks = Vec::with_capacity(self.len());
        while let Some(Dequeued(task)) = self.pop() {
            tasks.push(task);
        }
        order.shuffle(&mut tasks);
        for task in tasks {
            // SAFETY: just taken out of this queue, flag still set (T6), and kept alive as when it was in it (Q2).
            unsafe { self.push(task) };
        }
    }

    /// Moves all tasks of `other` behind those of this queue.
    pub(crate) fn append(&self, other: &Self) {
        let Some(first) = other.head.take() else {
            return;
        };
        match self.tail.replace(other.tail.take()) {
            // SAFETY: a task in the queue is alive (Q2).
            Some(tail) => unsafe { set_next(tail, Some(first)) },
            None => self.head.set(Some(first)),
        }
        self.len.set(self.len.get() + other.len.take());
    }
}

/// # Safety
///
/// On the home thread (T2), and the task is alive (T1).
#[inline]
unsafe fn next(task: TaskPtr) -> Option<TaskPtr> {
    // SAFETY: alive, says the caller (T1).
    let header = unsafe { task.header() };
    header.link().get()
}

/// # Safety
///
/// As [`next`].
#[inline]
unsafe fn set_next(task: TaskPtr, next: Option<TaskPtr>) {
    // SAFETY: alive, says the caller (T1).
    let header = unsafe { task.header() };
    header.link().set(next);
}
