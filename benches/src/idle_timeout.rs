//! A sleep that is pushed back before it ends.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::runtime::IdleTimeout;

/// Where the runtime has no way to change a deadline: the sleep is dropped and a new one made, in the same place.
pub(crate) struct Remade<S, F> {
    sleep: Pin<Box<F>>,
    make: S,
}

impl<S: Fn(Duration) -> F, F> Remade<S, F> {
    pub(crate) fn new(make: S, duration: Duration) -> Self {
        Self {
            sleep: Box::pin(make(duration)),
            make,
        }
    }
}

impl<S: Fn(Duration) -> F + Unpin, F: Future<Output = ()>> Future for Remade<S, F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.sleep.as_mut().poll(context)
    }
}

impl<S: Fn(Duration) -> F + Unpin, F: Future<Output = ()>> IdleTimeout for Remade<S, F> {
    fn reset(mut self: Pin<&mut Self>, duration: Duration) {
        let sleep = (self.make)(duration);
        self.sleep.set(sleep);
    }
}
