//! One pass over the run queue.

use super::Executor;
use crate::StallWatch;
use crate::context::Context;
use crate::local::Local;
use crate::observer::observe;
use crate::stall::Identity;

impl Executor {
    /// Runs what is in the queue now, as far as the event interval allows.
    pub(super) fn pass(&self, local: &Local, context: &Context) {
        // Asked once, so that no poll pays for what is seldom asked for.
        let polls = if self.is_plain {
            let most = self.most(local.run.len(), local);
            self.run_tasks(most, local, context)
        } else {
            self.run_specially(local, context)
        };
        self.count_polls(polls, local, context);
        context.end_polls();
    }

    /// How many of the tasks that are queued may run before the next look at the driver.
    #[inline]
    fn most(&self, queued: usize, local: &Local) -> u32 {
        let room = self.event_interval.saturating_sub(local.polled.get());
        room.min(u32::try_from(queued).unwrap_or(u32::MAX))
    }

    /// Runs `most` tasks at most, and tells how many there were. In line, with all that runs a task, although there are
    /// two callers: 28 of 152 instructions of each poll hang on it.
    #[inline(always)]
    fn run_tasks(&self, most: u32, local: &Local, context: &Context) -> u32 {
        // Once, and not for each poll, which the compiler finds out by itself only sometimes.
        let hook = self.hook();
        let mut polls = 0;
        while polls < most && local.run.run_next(local, context, self.task_budget, hook) {
            polls += 1;
        }
        polls
    }

    /// The second caller. A third would have some of what is in line out of line again.
    #[cold]
    #[inline(never)]
    fn run_tasks_apart(&self, most: u32, local: &Local, context: &Context) -> u32 {
        self.run_tasks(most, local, context)
    }

    /// In an order that is not that of the queue, or with somebody who watches each poll, or both.
    #[cold]
    #[inline(never)]
    fn run_specially(&self, local: &Local, context: &Context) -> u32 {
        let queued = match &self.order {
            None => local.run.len(),
            Some(order) => order.placed(local.run.len(), |order| local.run.shuffle(order)),
        };
        let most = self.most(queued, local);
        let polls = if self.stall_watch.is_none() && self.observer.is_none() {
            self.run_tasks_apart(most, local, context)
        } else {
            self.run_watched_tasks(most, local, context)
        };
        if let Some(order) = &self.order {
            order.ran(polls as usize);
        }
        polls
    }

    fn run_watched_tasks(&self, most: u32, local: &Local, context: &Context) -> u32 {
        let mut polls = 0;
        while polls < most
            && let Some(task) = local.run.oldest()
        {
            polls += 1;
            self.run_watched_task(task, local, context);
        }
        polls
    }

    /// Runs the oldest task, who is `task`.
    fn run_watched_task(&self, task: Identity, local: &Local, context: &Context) {
        let watch = self.stall_watch.as_ref();
        let begin = watch.map(StallWatch::begin);
        let poll = || _ = self.run_tasks_apart(1, local, context);
        // One that is complete is only taken out of the queue.
        if let Some(observer) = &self.observer
            && let Some(reference) = local.run.oldest_reference()
            && !reference.is_complete()
        {
            observe(&**observer, &task, poll, || reference.is_complete());
        } else {
            poll();
        }
        if let (Some(watch), Some(begin)) = (watch, begin) {
            watch.end(begin, task, &self.shared.counters.stalls);
        }
    }

    pub(super) fn count_polls(&self, polls: u32, local: &Local, context: &Context) {
        local.polled.set(local.polled.get().saturating_add(polls));
        self.shared.counters.polls.add(polls.into());
        let yields = context.budget_yields.take();
        self.shared.counters.budget_yields.add(yields);
    }
}
