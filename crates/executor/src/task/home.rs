//! Data that stays with a thread.

use crate::context;

/// A value that only the thread which made it can reach, inside something that every thread can.
///
/// - **H1.** `get` lends the value only on that thread: the token is this thread's own and no other thread, not even
///   a later one, has the same.
/// - **H2.** Whoever drops the `Home` drops the value, on whatever thread: hence `T: Send`.
pub(crate) struct Home<T> {
    token: u64,
    value: T,
}

// SAFETY: a shared `Home` gives other threads nothing (H1), and may be dropped by them (H2).
unsafe impl<T: Send> Sync for Home<T> {}

impl<T> Home<T> {
    /// Makes the current thread the home of `value`.
    pub(crate) fn new(value: T) -> Self {
        Self {
            token: context::claim_token(),
            value,
        }
    }

    /// The value, on its home thread.
    #[inline]
    pub(crate) fn get(&self) -> Option<&T> {
        (self.token == context::token()).then_some(&self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn only_the_home_thread_reaches_the_value() {
        let home = Home::new(Cell::new(1));
        home.get().unwrap().set(2);
        std::thread::scope(|scope| {
            scope.spawn(|| assert!(home.get().is_none()));
        });
        assert_eq!(home.get().unwrap().get(), 2);
    }
}
