//! Spans for tasks and turns.
//!
//! The subscriber is foreign code: it is called with nothing borrowed.

use std::cell::RefCell;
use std::collections::HashMap;

use tracing::span::EnteredSpan;
use tracing::{Level, Span};
use uring_executor::{Id, Observer, PolledTask};
use uring_reactor::Handle;

const TASK: &str = "uring_rt::task";
const TURN: &str = "uring_rt::turn";

/// The spans of the tasks that have been polled and have not ended. Each is entered as long as the task is polled. Those
/// of tasks that go with the runtime are closed with it.
#[derive(Default)]
pub(super) struct TaskSpans {
    spans: RefCell<HashMap<Id, Span>>,
    entered: RefCell<Option<EnteredSpan>>,
}

impl Observer for TaskSpans {
    fn poll_begins(&self, task: &PolledTask) {
        let known = self.spans.borrow().get(&task.id).cloned();
        let span = match known {
            Some(span) => span,
            // Also where the subscriber came in the middle of the task's life.
            None if tracing::enabled!(target: TASK, Level::TRACE) => {
                let span = task_span(task);
                self.spans.borrow_mut().insert(task.id, span.clone());
                span
            }
            None => return,
        };
        let entered = span.entered();
        let left = self.entered.replace(Some(entered));
        debug_assert!(left.is_none(), "polls do not overlap");
    }

    fn poll_ends(&self, task: &PolledTask, is_complete: bool) {
        let entered = self.entered.take();
        drop(entered);
        if is_complete {
            let span = self.spans.borrow_mut().remove(&task.id);
            drop(span);
        }
    }
}

/// With the fields of tokio's span of the same name.
fn task_span(task: &PolledTask) -> Span {
    let at = task.spawned_at;
    tracing::trace_span!(
        target: TASK,
        parent: None,
        "runtime.spawn",
        kind = "task",
        task.name = task.name.as_deref().unwrap_or_default(),
        task.id = %task.id,
        loc.file = at.file(),
        loc.line = at.line(),
        loc.col = at.column(),
    )
}

/// A look at the kernel, from before the sleep until all are woken.
pub(super) struct TurnSpan {
    reactor: Handle,
    span: EnteredSpan,
    completions_before: u64,
}

impl TurnSpan {
    /// `None` where nobody wants to know.
    pub(super) fn enter(reactor: &Handle, may_sleep: bool) -> Option<TurnSpan> {
        if !tracing::enabled!(target: TURN, Level::TRACE) {
            return None;
        }
        let span = tracing::trace_span!(
            target: TURN,
            parent: None,
            "runtime.turn",
            may_sleep,
            completions = tracing::field::Empty,
        );
        Some(TurnSpan {
            reactor: reactor.clone(),
            span: span.entered(),
            completions_before: reactor.metrics().completions,
        })
    }
}

impl Drop for TurnSpan {
    fn drop(&mut self) {
        let completions = self.reactor.metrics().completions - self.completions_before;
        self.span.record("completions", completions);
    }
}
