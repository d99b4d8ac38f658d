//! The time, for who needs it often and not exactly.
//!
//! See the example of [`coarse`].

use std::time::Duration;

/// How long the machine has run, to a timer tick of the kernel (1 to 10 ms): `CLOCK_MONOTONIC_COARSE`. A few loads in the
/// vDSO, where the exact clock reads the processor's counter.
///
/// Man page: `clock_gettime(2)`.
///
/// ```
/// let before = uring_sys::clock::coarse();
/// assert!(uring_sys::clock::coarse() >= before);
/// ```
#[must_use]
pub fn coarse() -> Duration {
    since_boot(libc::CLOCK_MONOTONIC_COARSE)
}

/// What one of the monotonic clocks shows.
#[inline]
pub(crate) fn since_boot(clock: libc::clockid_t) -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a live record to be filled.
    let answer = unsafe { libc::clock_gettime(clock, &raw mut time) };
    // Every Linux has these clocks, and the pointer is good: there is no other way to fail.
    debug_assert_eq!(answer, 0, "clock {clock} exists");
    #[expect(clippy::cast_possible_truncation, reason = "less than 10^9")]
    let nanoseconds = time.tv_nsec as u32;
    // Never negative: it begins at zero, when the machine does.
    Duration::new(time.tv_sec.cast_unsigned(), nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn it_passes_as_fast_as_the_exact_clock() {
        let begin = std::time::Instant::now();
        let before = coarse();
        thread::sleep(Duration::from_millis(50)); // sleep: that time passes is what is tested
        let passed = coarse() - before;
        // A tick may be missing at either end.
        assert!(passed >= Duration::from_millis(29), "{passed:?}");
        assert!(
            passed <= begin.elapsed() + Duration::from_millis(11),
            "{passed:?}"
        );
    }
}
