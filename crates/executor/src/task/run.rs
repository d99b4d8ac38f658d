//! How a task runs and how it ends. All of it on the home thread.

use std::mem;
use std::task::{Context as TaskContext, Poll, Waker};

use super::queue::{Dequeued, RunQueue};
use super::task_ref::{TaskPtr, TaskRef};
use super::unwind::swallow;
use super::waker;
use crate::config::PanicHook;
use crate::context::Context;
use crate::coop::Budget;
use crate::local::Local;

impl RunQueue {
    /// Runs the oldest task of the run queue: polls it, or cancels it if it was aborted. Tells whether there was one.
    #[inline(always)]
    pub(crate) fn run_next(
        &self,
        local: &Local,
        context: &Context,
        budget: Budget,
        hook: Option<&PanicHook>,
    ) -> bool {
        match self.pop() {
            Some(task) => {
                task.run(local, context, budget, hook);
                true
            }
            None => false,
        }
    }
}

impl Dequeued {
    #[inline(always)]
    fn run(self, local: &Local, context: &Context, budget: Budget, hook: Option<&PanicHook>) {
        let task = self.0;
        // SAFETY: alive by the owner's reference (T5), which is only released at the end of this function.
        let header = unsafe { task.header() };
        let home = header.home(local);
        let state = header.state.load();
        if state.is_complete() {
            // SAFETY: the task completed while it was queued, so the owner's reference was left to us (T5).
            drop(unsafe { TaskRef::from_counted(task) });
            return;
        }
        home.queued.set(false);
        home.polls.add(local.now.get());
        context.begin_poll(waker::data(task), header.id.get(), budget);
        // SAFETY: alive, on the home thread, not complete, not in a poll (T2), of its table's type (T8).
        if state.is_aborted() && unsafe { cancel(task, hook) } {
            complete(task, local);
            return;
        }
        let waker = waker::borrowed(&task);
        let mut cx = TaskContext::from_waker(&waker);
        // SAFETY: alive, on the home thread, not complete, not in a poll (T2), of its table's type (T8).
        match unsafe { (header.vtable.poll)(task, &mut cx, hook) } {
            Poll::Ready(()) => complete(task, local),
            Poll::Pending
                if header.state.load().is_aborted()
                    // SAFETY: as above; the poll has ended.
                    && unsafe { cancel(task, hook) } =>
            {
                complete(task, local);
            }
            Poll::Pending if context.yielded() && !home.queued.replace(true) => {
                // SAFETY: `queued` was false, so it is in no queue (T6), and it is not complete, so owned (T5).
                unsafe { local.deferred.push(task) };
            }
            Poll::Pending => {}
        }
    }
}

/// Cancels a task that was aborted, if its future lets itself be cancelled. Tells whether it did.
///
/// # Safety
///
/// The task is alive (T1), this is its home thread, it is not complete, and it is not in a poll (T2).
#[cold]
unsafe fn cancel(task: TaskPtr, hook: Option<&PanicHook>) -> bool {
    // SAFETY: alive, says the caller.
    let header = unsafe { task.header() };
    // SAFETY: says the caller; of its table's type (T8).
    let may_cancel = unsafe { (header.vtable.may_cancel)(task) };
    if may_cancel {
        // SAFETY: as above.
        unsafe { (header.vtable.cancel)(task, hook) };
    }
    may_cancel
}

/// Ends a task of `Local::owned` whose stage is no longer a future.
#[inline]
fn complete(task: TaskPtr, local: &Local) {
    // SAFETY: alive by the owner's reference (T5).
    let header = unsafe { task.header() };
    let key = header.home(local).key.get();
    let owner = local.disown(key as usize);
    debug_assert!(owner.ptr() == task, "T5: the key is the task's own");
    finish(owner, local);
}

/// Sets COMPLETE, wakes who waits for it, and releases the owner's reference or leaves it to the run queue (T5).
fn finish(owner: TaskRef, local: &Local) {
    let header = owner.header();
    let home = header.home(local);
    header.shared.counters.tasks_alive.sub(1);
    // From now on no wake on this thread queues it (T6).
    let in_queue = home.queued.replace(true);
    // Both read before COMPLETE: the reference is released in the same step, and the cell may be gone after it.
    let join_waker = home.join_waker.take();
    let dealloc = header.vtable.dealloc;

    let mut state = header.state.load();
    let mut output_dropped = false;
    let (release, last) = loop {
        if !state.has_interest() && !output_dropped {
            output_dropped = true;
            // SAFETY: alive by `owner`; the handle is gone and no other comes, so the output is ours (T4).
            unsafe { (header.vtable.drop_output)(owner.ptr()) };
        }
        let release = !in_queue && !state.has_remote_waker();
        match header.state.complete(state, release) {
            Ok(last) => break (release, last),
            Err(now) => state = now,
        }
    };
    if release {
        let task = owner.into_counted();
        if last {
            // SAFETY: `complete` has released the last reference (T1); the table is the cell's (T8).
            unsafe { dealloc(task) };
        }
    } else {
        let remote_waker = header.remote_waker.take();
        wake(remote_waker.map(|waker| *waker));
        if in_queue {
            mem::forget(owner);
        }
    }
    wake(join_waker);
}

/// Wakes who waits. A panic there is not this task's failure, and the loop must go on.
#[inline]
fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        swallow(|| waker.wake());
    }
}

/// Cancels every task, except one that is being polled right now: that one is cancelled when its poll ends.
/// `Local::closed` is set, so no task is added meanwhile.
pub(crate) fn shutdown(local: &Local, context: &Context, hook: Option<&PanicHook>) {
    for (_, owner) in local.disown_all() {
        let task = owner.ptr();
        let header = owner.header();
        if context.is_polling(waker::data(task)) {
            header.state.set_abort();
            rebind(owner, local);
            continue;
        }
        let outer = context.task.replace(header.id.get());
        // SAFETY: alive by `owner`, on the home thread, not complete, not in a poll (T2), of its table's type (T8).
        unsafe { (header.vtable.cancel)(task, hook) };
        finish(owner, local);
        context.task.set(outer);
    }
    drain(&local.run, local);
    drain(&local.deferred, local);
}

/// Keeps the running task owned, under a new key.
fn rebind(owner: TaskRef, local: &Local) {
    let task = owner.ptr();
    let key = local.own(owner);
    // SAFETY: alive by the owner's reference (T5).
    let header = unsafe { task.header() };
    let key = u32::try_from(key).expect("no larger than it was");
    header.home(local).key.set(key);
}

/// Releases the completed tasks of a queue. Others stay: the running one, and what an outer `shutdown` is going to cancel.
fn drain(queue: &RunQueue, local: &Local) {
    for _ in 0..queue.len() {
        let Some(Dequeued(task)) = queue.pop() else {
            return;
        };
        // SAFETY: alive by the owner's reference (T5).
        let header = unsafe { task.header() };
        if header.state.load().is_complete() {
            // SAFETY: the task completed while it was queued, so the owner's reference was left to us (T5).
            drop(unsafe { TaskRef::from_counted(task) });
        } else {
            debug_assert!(
                header.home(local).queued.get(),
                "T6: in a queue, so flagged"
            );
            // SAFETY: just taken out of this queue, flag still set (T6), not complete, so owned (T5).
            unsafe { queue.push(task) };
        }
    }
}
