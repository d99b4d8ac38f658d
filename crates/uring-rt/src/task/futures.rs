//! The futures of this module that have names. Corresponds to `tokio::task::futures`.
//!
//! See the example of [`TaskLocalFuture`].

use std::fmt;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::task::LocalKey;

pin_project! {
    /// The future of [`LocalKey::scope`]. Corresponds to `tokio::task::futures::TaskLocalFuture`.
    ///
    /// ```
    /// use uring_rt::task::futures::TaskLocalFuture;
    ///
    /// uring_rt::task_local! { static REQUEST: u32; }
    ///
    /// fn tagged<F: Future>(request: u32, future: F) -> TaskLocalFuture<u32, F> {
    ///     REQUEST.scope(request, future)
    /// }
    ///
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// assert_eq!(tagged(7, async { REQUEST.get() }).await, 7);
    /// # }
    /// ```
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct TaskLocalFuture<T, F>
    where
        T: 'static,
    {
        key: &'static LocalKey<T>,
        // Present while the future is not being polled.
        value: Option<T>,
        // Present until it has completed.
        #[pin]
        future: Option<F>,
        // As in tokio, so that taking this one for another makes no difference.
        #[pin]
        _pinned: PhantomPinned,
    }

    impl<T, F> PinnedDrop for TaskLocalFuture<T, F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.future.is_some() {
                // The destructors of the future may look at the value. Where the slot cannot be had they find none,
                // when the field itself is dropped.
                let _ = this.key.run_with(this.value, || this.future.set(None));
            }
        }
    }
}

impl<T: 'static, F> TaskLocalFuture<T, F> {
    pub(super) fn new(key: &'static LocalKey<T>, value: T, future: F) -> TaskLocalFuture<T, F> {
        TaskLocalFuture {
            key,
            value: Some(value),
            future: Some(future),
            _pinned: PhantomPinned,
        }
    }

    /// Takes the value out, usually after the future has completed. `None` when it was taken before.
    ///
    /// A future that is polled without it finds no value.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// uring_rt::task_local! { static COUNT: std::cell::Cell<u32>; }
    /// let mut counting = std::pin::pin!(COUNT.scope(0.into(), async {
    ///     COUNT.with(|count| count.set(7));
    /// }));
    /// counting.as_mut().await;
    /// assert_eq!(counting.take_value().unwrap().get(), 7);
    /// # }
    /// ```
    pub fn take_value(self: Pin<&mut Self>) -> Option<T> {
        self.project().value.take()
    }
}

impl<T: 'static, F: Future> Future for TaskLocalFuture<T, F> {
    type Output = F::Output;

    /// # Panics
    ///
    /// After it was ready, and as [`LocalKey::scope`] says.
    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let polled = this.key.run_with(this.value, || {
            let polled = this.future.as_mut().as_pin_mut()?.poll(cx);
            if polled.is_ready() {
                // Here, where its destructors find the value.
                this.future.set(None);
            }
            Some(polled)
        });
        match polled {
            Ok(Some(polled)) => polled,
            Ok(None) => panic!("`TaskLocalFuture` polled after completion"),
            Err(unavailable) => unavailable.panic(),
        }
    }
}

impl<T: fmt::Debug + 'static, F> fmt::Debug for TaskLocalFuture<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskLocalFuture")
            .field("value", &self.value)
            .finish_non_exhaustive()
    }
}
