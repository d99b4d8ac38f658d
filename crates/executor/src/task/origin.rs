//! Where a task comes from, and what it is called.

use std::panic::Location;
use std::sync::Arc;

/// What a task is told when it is spawned. `N` is `()` or a name: a task without one has no room for it.
#[derive(Clone)]
pub(crate) struct Origin<N = ()> {
    pub(super) location: &'static Location<'static>,
    pub(super) name: N,
}

impl Origin {
    pub(crate) fn at(location: &'static Location<'static>) -> Self {
        Self { location, name: () }
    }
}

impl Origin<Arc<str>> {
    pub(crate) fn named(location: &'static Location<'static>, name: Arc<str>) -> Self {
        Self { location, name }
    }
}

/// What may stand in a task cell for its name. It is read by all threads.
pub(crate) trait Name: Send + Sync + 'static {
    fn get(&self) -> Option<Arc<str>>;
}

impl Name for () {
    fn get(&self) -> Option<Arc<str>> {
        None
    }
}

impl Name for Arc<str> {
    fn get(&self) -> Option<Arc<str>> {
        Some(Arc::clone(self))
    }
}
