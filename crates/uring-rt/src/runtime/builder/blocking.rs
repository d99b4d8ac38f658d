//! What the shards set.

use std::sync::Arc;

use super::Builder;

impl Builder {
    /// Called on each thread for blocking calls, before the user's own hook.
    pub(crate) fn blocking_threads_begin_with(&mut self, first: impl Fn() + Send + Sync + 'static) {
        let hook = self.pool.on_start.take();
        self.pool.on_start = Some(Arc::new(move || {
            first();
            hook.iter().for_each(|hook| hook());
        }));
    }
}
