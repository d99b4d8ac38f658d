//! When something was, in four bytes.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

const PER_SECOND: u64 = 100;
const NANOSECONDS_EACH: u32 = 10_000_000;

/// A time to a hundredth of a second. Every task has two words of room for what is known of its polls, so it wraps, after
/// 497 days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stamp(u32);

impl Stamp {
    /// The stamp of a time that is counted from any fixed point.
    pub(crate) fn of(time: Duration) -> Self {
        let hundredths = time.as_secs().wrapping_mul(PER_SECOND)
            + u64::from(time.subsec_nanos() / NANOSECONDS_EACH);
        #[expect(clippy::cast_possible_truncation, reason = "the wrapping is meant")]
        Self(hundredths as u32)
    }

    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::from(self.0.wrapping_sub(earlier.0)) * 1000 / PER_SECOND)
    }
}

/// The time since this was first asked.
pub(crate) fn elapsed() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_exact_to_a_hundredth() {
        let at = |ms| Stamp::of(Duration::from_millis(ms));
        assert_eq!(at(12_340).since(at(2_000)), Duration::from_millis(10_340));
        assert_eq!(at(19).since(at(10)), Duration::ZERO);
    }

    #[test]
    fn a_difference_across_the_wrap_is_right() {
        let begin = Duration::from_secs((1 << 32) / PER_SECOND - 1);
        let end = begin + Duration::from_secs(5);
        assert_eq!(
            Stamp::of(end).since(Stamp::of(begin)),
            Duration::from_secs(5)
        );
    }
}
