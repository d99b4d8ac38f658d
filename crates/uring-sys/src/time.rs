//! Durations in the kernel's records.

use std::time::Duration;

use crate::abi::__kernel_timespec;

impl From<Duration> for __kernel_timespec {
    /// Saturates where the seconds do not fit.
    fn from(duration: Duration) -> Self {
        Self {
            tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(duration.subsec_nanos()),
        }
    }
}
