//! What the model has to say of a task that is polled, and of an error.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::backend::sim::Sim;
use crate::backend::sim::watch::Awaited;
use crate::driver::Choice;
use crate::interest::Ready;
use crate::simulation::budget;
use crate::simulation::plan::Plan;
use crate::simulation::tasks::Task;

/// Calls that may block in one poll of a task. More of them were told that they would not.
const MOST_BLOCKED: u32 = 7;

/// Polls a task wherever that may be. `true`: it has ended. An error is what the model has to say.
pub(super) fn poll_task(sim: &Sim, plan: &Plan, task: &mut Task) -> Result<bool, String> {
    if let Some(key) = task.awaited.take() {
        sim.lock().unawait(key);
    }
    let was_woken = task.flag.take() && !std::mem::take(&mut task.is_paced);
    sim.lock().blocked = 0;
    let polled = task
        .work
        .as_mut()
        .poll(&mut Context::from_waker(&task.waker));
    task.is_paced = budget::has_struck();
    let mut state = sim.lock();
    if std::mem::take(&mut state.blocked) > MOST_BLOCKED {
        return Err("told again and again that it is ready, and it was not".to_owned());
    }
    if task.is_lawless {
        return Ok(polled.is_ready());
    }
    if let Poll::Ready(Err(error)) = &polled {
        return if is_allowed(plan, error) {
            Ok(true)
        } else {
            Err(format!("a wait ended with {error}"))
        };
    }
    let seen = Ready::from_poll(state.true_since(task.file, task.since));
    let may_be_refused = plan.faults.epoll_memory + plan.faults.no_number > 0;
    if was_woken && !seen.satisfies(task.interest) && !may_be_refused {
        return Err(format!(
            "woken for {:?}, and since it was registered there was only {seen:?}",
            task.interest
        ));
    }
    if polled.is_pending() {
        let awaited = Awaited::File(task.file, task.interest);
        task.awaited = Some(state.await_it(awaited, Arc::clone(&task.flag)));
    }
    Ok(polled.is_ready())
}

/// Whether an operation may end with this error, on such a kernel.
pub(super) fn is_allowed(plan: &Plan, error: &io::Error) -> bool {
    let is_demanded = plan.options.choice == Choice::IoUring;
    if is_demanded && error.to_string().contains("io_uring was asked for") {
        // A forked child, too, must have a ring, and the kernel has none at the moment; or it refuses the poll of an
        // eventfd, as a policy may, and a ring that cannot do that is of no use.
        let faults = &plan.faults;
        let passing = faults.busy + faults.again + faults.setup_memory + faults.poll_memory;
        return passing + faults.poll_refused > 0;
    }
    match error.raw_os_error() {
        Some(libc::ECONNRESET) => true,
        Some(libc::ENOMEM) => plan.faults.epoll_memory > 0,
        Some(libc::EMFILE) => plan.faults.no_number > 0,
        Some(_) => false,
        None => error.kind() == io::ErrorKind::BrokenPipe,
    }
}

/// Whether a reactor may be refused with this error.
pub(super) fn excuse(plan: &Plan, error: &io::Error) -> Result<(), String> {
    let demands_ring = plan.options.choice == Choice::IoUring;
    if demands_ring || is_allowed(plan, error) {
        return Ok(());
    }
    Err(format!("no reactor on {:?}: {error}", plan.linux))
}
