//! Timeouts in the kernel's records.

use std::time::Duration;

use crate::abi::__kernel_timespec;

/// As good as never, and far from where the kernel's signed 64-bit nanoseconds end (292 years): it adds the timeout to
/// the clock, and not every version guards that sum against overflow into the past.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 86_400);

/// The record for a relative timeout; a century stands for everything longer.
pub(crate) fn timeout_record(timeout: Duration) -> __kernel_timespec {
    let timeout = timeout.min(LONGEST);
    __kernel_timespec {
        // Cannot fail: a century fits.
        tv_sec: timeout.as_secs().cast_signed(),
        tv_nsec: i64::from(timeout.subsec_nanos()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nanoseconds_are_kept_and_centuries_are_not() {
        let record = timeout_record(Duration::new(5, 999_999_999));
        assert_eq!(
            record,
            __kernel_timespec {
                tv_sec: 5,
                tv_nsec: 999_999_999
            }
        );
        assert_eq!(timeout_record(Duration::MAX), timeout_record(LONGEST));
    }
}
