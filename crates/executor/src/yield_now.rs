//! Giving way.

use std::future::poll_fn;
use std::task::Poll;

use crate::context;

/// Lets everything else that is ready run, and the driver be looked at, before this resumes.
///
/// Where no executor drives the thread it is pending once and wakes itself at once.
///
/// Corresponds to `tokio::task::yield_now`. Cancel safe.
///
/// ```
/// # async fn example() {
/// uring_executor::yield_now().await;
/// # }
/// ```
pub async fn yield_now() {
    let mut since = None;
    poll_fn(move |cx| {
        let now = context::with(|context| context.is_driving().then(|| context.tick()));
        match since {
            // A second poll may come from another wake; the driver has to have been looked at in between.
            Some(then) if now.is_none() || then != now => Poll::Ready(()),
            _ => {
                since = Some(now);
                context::defer(cx.waker());
                Poll::Pending
            }
        }
    })
    .await;
}
