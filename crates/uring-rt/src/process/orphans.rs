//! Children that nobody waits for are reaped all the same.

use std::future::poll_fn;

use parking_lot::Mutex;

use crate::process::exit::Process;
use crate::runtime::Handle;

static ORPHANAGE: Mutex<Orphanage> = Mutex::new(Orphanage {
    homes: Vec::new(),
    waiting: Vec::new(),
});

struct Orphanage {
    /// The runtimes of this process that have not begun to end.
    homes: Vec<Handle>,
    /// Children that no runtime watches.
    waiting: Vec<Process>,
}

/// A runtime begins: it takes in who waits for one.
pub(crate) fn add_home(home: &Handle) {
    let mut orphanage = ORPHANAGE.lock();
    orphanage.homes.push(home.clone());
    let waiting = std::mem::take(&mut orphanage.waiting);
    drop(orphanage);
    waiting
        .into_iter()
        .for_each(|process| settle(home, process));
}

/// A runtime is about to drop its tasks.
pub(crate) fn remove_home(home: &Handle) {
    let mut orphanage = ORPHANAGE.lock();
    let index = orphanage
        .homes
        .iter()
        .position(|other| other.id() == home.id());
    let removed = index.map(|index| orphanage.homes.swap_remove(index));
    drop(orphanage);
    drop(removed);
}

/// Sees to it that `process` is reaped when it ends.
pub(super) fn adopt(process: Process) {
    let current = Handle::try_current().ok().map(|handle| handle.id());
    let orphanage = ORPHANAGE.lock();
    let homes = &orphanage.homes;
    let here = homes.iter().find(|home| Some(home.id()) == current);
    let home = here.or(homes.last()).cloned();
    drop(orphanage);
    match home {
        Some(home) => settle(&home, process),
        None => keep(process),
    }
}

/// Starts the task that waits. If `home` ends before the child does, dropping the task leads back to `adopt`, and to
/// another home: this one is in the list no longer.
fn settle(home: &Handle, mut process: Process) {
    drop(home.spawn(async move {
        let outcome = poll_fn(|cx| process.poll_wait(cx)).await;
        if outcome.is_err() {
            // Somebody else has reaped it, or nothing is left to watch it with.
            keep(process);
        }
    }));
}

/// For the next runtime. Those that have ended by now, or belong to somebody else, are done with.
fn keep(process: Process) {
    let process = process.unwatched();
    let mut orphanage = ORPHANAGE.lock();
    orphanage.waiting.push(process);
    // Dropping one that has ended would lead back here, so each is asked, and empty when it has.
    orphanage
        .waiting
        .retain_mut(|process| matches!(process.try_wait(), Ok(None)) && process.id().is_some());
}
