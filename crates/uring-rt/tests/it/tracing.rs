//! Spans for tasks and turns, as a subscriber sees them.

use std::collections::HashMap;
use std::fmt::{Debug, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::with_default;
use tracing::{Event, Metadata, Subscriber};
use uring_rt::runtime::Runtime;
use uring_rt::task::{self, yield_now};
use uring_rt::time::{Duration, sleep};

use crate::support::for_each_runtime;

/// Writes everything down in lines: `new NAME ID FIELDS`, `enter ID` and so on.
#[derive(Clone, Default)]
struct Log(Arc<Inner>);

#[derive(Default)]
struct Inner {
    lines: Mutex<Vec<String>>,
    next: AtomicU64,
    references: Mutex<HashMap<u64, u64>>,
}

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl Log {
    fn push(&self, line: String) {
        self.0.lines.lock().unwrap().push(line);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lines.lock().unwrap())
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("uring_rt::")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let id = self.0.next.fetch_add(1, Ordering::Relaxed) + 1;
        self.0.references.lock().unwrap().insert(id, 1);
        let metadata = span.metadata();
        assert!(span.is_root(), "a task has no parent");
        let mut line = format!("new {} {} {id}", metadata.target(), metadata.name());
        span.record(&mut Fields(&mut line));
        self.push(line);
        Id::from_u64(id)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut line = format!("record {}", span.into_u64());
        values.record(&mut Fields(&mut line));
        self.push(line);
    }

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, _event: &Event<'_>) {}

    fn enter(&self, span: &Id) {
        self.push(format!("enter {}", span.into_u64()));
    }

    fn exit(&self, span: &Id) {
        self.push(format!("exit {}", span.into_u64()));
    }

    fn clone_span(&self, id: &Id) -> Id {
        *self
            .0
            .references
            .lock()
            .unwrap()
            .get_mut(&id.into_u64())
            .unwrap() += 1;
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        let mut references = self.0.references.lock().unwrap();
        let count = references.get_mut(&id.into_u64()).unwrap();
        *count -= 1;
        let is_last = *count == 0;
        drop(references);
        if is_last {
            self.push(format!("close {}", id.into_u64()));
        }
        is_last
    }
}

/// What is said of the span whose first line has this in it, without its number.
fn of_span(lines: &[String], with: &str) -> Vec<String> {
    let first = lines
        .iter()
        .find(|line| line.starts_with("new ") && line.contains(with));
    let first = first.unwrap_or_else(|| panic!("no span with {with:?}: {lines:#?}"));
    let number = first.split(' ').nth(3).unwrap();
    let is_of_it = |line: &&String| match line.split(' ').collect::<Vec<_>>()[..] {
        ["new", _, _, other, ..] | [_, other, ..] => other == number,
        _ => false,
    };
    let own = lines.iter().filter(is_of_it);
    own.map(|line| line.replacen(&format!(" {number}"), "", 1))
        .collect()
}

#[test]
fn a_task_is_a_span_that_is_entered_for_each_poll_and_closed_at_its_end() {
    for_each_runtime(|runtime| {
        let log = Log::default();
        with_default(log.clone(), || {
            let first_line = line!();
            let builder = task::Builder::new().name("two polls");
            let task = builder.spawn_on(yield_now(), runtime.handle()).unwrap();
            let lines_of_spawn = first_line..line!();
            let id = task.id();
            runtime.block_on(task).unwrap();
            let lines = of_span(&log.take(), "two polls");
            let expected = format!(
                "new uring_rt::task runtime.spawn kind=\"task\" task.name=\"two polls\" task.id={id} \
                 loc.file={:?} loc.line=",
                file!()
            );
            let place = lines[0]
                .strip_prefix(&expected)
                .unwrap_or_else(|| panic!("{lines:?}"));
            let (line, column) = place.split_once(" loc.col=").unwrap();
            assert!(lines_of_spawn.contains(&line.parse().unwrap()), "{line}");
            assert!(column.parse::<u32>().is_ok(), "{column}");
            assert_eq!(lines[1..], ["enter", "exit", "enter", "exit", "close"]);
        });
    });
}

#[test]
fn a_turn_is_a_span_that_says_what_came_of_it() {
    for_each_runtime(|runtime| {
        let log = Log::default();
        with_default(log.clone(), || {
            runtime.block_on(async { sleep(Duration::from_millis(1)).await });
            let lines = log.take();
            let turn = of_span(&lines, "may_sleep=true");
            assert_eq!(turn[0], "new uring_rt::turn runtime.turn may_sleep=true");
            assert_eq!(turn[1], "enter");
            assert!(turn[2].starts_with("record completions="), "{turn:?}");
            assert_eq!(turn[3..], ["exit", "close"]);
        });
    });
}

#[test]
fn a_task_that_ends_with_the_runtime_is_closed_with_it_and_one_that_panics_at_once() {
    let log = Log::default();
    with_default(log.clone(), || {
        let runtime = Runtime::new().unwrap();
        let _entered = runtime.enter();
        drop(
            task::Builder::new()
                .name("left")
                .spawn(std::future::pending::<()>()),
        );
        let falls = task::Builder::new().name("falls");
        let falls = falls.spawn(async { panic!("as it should") });
        runtime.block_on(falls.unwrap()).unwrap_err();
        assert_eq!(
            of_span(&log.0.lines.lock().unwrap(), "left")[1..],
            ["enter", "exit"]
        );
        drop(_entered);
        drop(runtime);
    });
    let lines = log.take();
    assert_eq!(of_span(&lines, "left")[1..], ["enter", "exit", "close"]);
    assert_eq!(of_span(&lines, "falls")[1..], ["enter", "exit", "close"]);
}

#[test]
fn a_subscriber_that_comes_late_or_does_not_care_gets_what_is_from_then_on() {
    let runtime = Runtime::new().unwrap();
    let early = runtime.spawn(async {
        for _ in 0..4 {
            yield_now().await;
        }
    });
    runtime.block_on(yield_now());
    let log = Log::default();
    with_default(log.clone(), || runtime.block_on(early).unwrap());
    let lines = of_span(&log.take(), "runtime.spawn");
    assert!(
        lines.len() > 3 && lines.last().unwrap() == "close",
        "{lines:?}"
    );
}
