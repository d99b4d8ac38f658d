//! Who is woken by a waker.

use std::task::Waker;

use super::shared::{self, SharedRef};
use super::waker;
use crate::Id;

/// Who is woken by a waker of this crate: a task, or the future given to `block_on`. To be compared with
/// [`TaskInfo::owner`](crate::TaskInfo::owner).
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
/// # fn main() -> () { run(async |spawner| {
/// use std::{future::poll_fn, task::{Poll, Waker}};
/// use uring_executor::WakerOwner;
///
/// let owner = poll_fn(|cx| Poll::Ready(WakerOwner::of(cx.waker()))).await;
/// let root = &spawner.tasks().unwrap()[0];
/// assert_eq!(owner, Some(root.owner));
/// assert_eq!(WakerOwner::of(Waker::noop()), None);
/// # }) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WakerOwner(Owner);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Owner {
    Task(Id),
    /// The root of the executor whose shared part has this address. Only ever compared.
    Root(usize),
}

impl WakerOwner {
    /// `None` for a waker that was made by others: a combinator, or another executor.
    ///
    /// See the example of [`WakerOwner`].
    #[must_use]
    pub fn of(waker: &Waker) -> Option<WakerOwner> {
        if let Some(id) = waker::task_of(waker) {
            return Some(WakerOwner::task(id));
        }
        shared::is_root_waker(waker).then(|| WakerOwner(Owner::Root(waker.data().addr())))
    }

    pub(super) fn task(id: Id) -> WakerOwner {
        WakerOwner(Owner::Task(id))
    }
}

/// Whose the wakers of an executor's root are.
pub(crate) fn root_owner(shared: &SharedRef) -> WakerOwner {
    WakerOwner(Owner::Root(shared.root_waker_data().addr()))
}
