//! Spawning tasks that have a name.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use crate::task::{Origin, spawn_home, spawn_reluctant, spawn_send, spawn_with};
use crate::{JoinHandle, Reluctant, Spawner};

/// Spawns tasks of one name; see [`Spawner::named`].
///
/// See the example of [`Spawner::named`].
#[must_use = "it does nothing before a task is spawned"]
pub struct NamedSpawner<'a> {
    spawner: &'a Spawner,
    name: Arc<str>,
}

impl<'a> NamedSpawner<'a> {
    pub(crate) fn new(spawner: &'a Spawner, name: Arc<str>) -> Self {
        Self { spawner, name }
    }

    #[track_caller]
    fn origin(self) -> Origin<Arc<str>> {
        Origin::named(Location::caller(), self.name)
    }

    /// As [`Spawner::spawn`].
    ///
    /// See the example of [`Spawner::named`].
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        spawn_send(self.spawner.shared(), future, self.origin())
    }

    /// As [`Spawner::spawn_reluctant`].
    ///
    /// See the example of [`Spawner::spawn_reluctant`].
    #[track_caller]
    pub fn spawn_reluctant<F>(self, future: F) -> JoinHandle<F::Output>
    where
        F: Reluctant + Send + 'static,
        F::Output: Send + 'static,
    {
        spawn_reluctant(self.spawner.shared(), future, self.origin())
    }

    /// As [`Spawner::spawn_with`].
    ///
    /// See the example of [`Spawner::named`].
    #[track_caller]
    pub fn spawn_with<C, F>(self, make: C) -> JoinHandle<F::Output>
    where
        C: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        spawn_with(self.spawner.shared(), make, self.origin())
    }

    /// As [`Spawner::spawn_local`].
    ///
    /// # Panics
    ///
    /// On any other thread than the executor's.
    ///
    /// See the example of [`Spawner::named`].
    #[track_caller]
    pub fn spawn_local<F: Future + 'static>(self, future: F) -> JoinHandle<F::Output> {
        let local = self.spawner.local();
        spawn_home(self.spawner.shared(), local, future, self.origin())
    }
}

impl fmt::Debug for NamedSpawner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NamedSpawner")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
