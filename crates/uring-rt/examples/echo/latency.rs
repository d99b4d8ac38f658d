//! A histogram of times: sixteen steps per doubling, so a percentile is right to some 6 %.

use std::time::Duration;

const STEPS: usize = 16;

#[derive(Clone, Debug)]
pub(crate) struct Latency {
    counts: Vec<u64>,
}

impl Latency {
    pub(crate) fn new() -> Latency {
        Latency {
            counts: vec![0; 64 * STEPS],
        }
    }

    pub(crate) fn record(&mut self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).max(1);
        let doubling = nanos.ilog2() as usize;
        // The four bits below the highest one say which sixteenth of the doubling it is.
        let step = (nanos << (63 - doubling) >> 59) as usize & (STEPS - 1);
        self.counts[doubling * STEPS + step] += 1;
    }

    pub(crate) fn add(&mut self, other: &Latency) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
    }

    /// The time that this many of a hundred did not exceed.
    pub(crate) fn percentile(&self, percent: u64) -> Duration {
        let total: u64 = self.counts.iter().sum();
        let rank = total.saturating_mul(percent).div_ceil(100);
        let mut seen = 0;
        let bucket = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        bucket.map_or(Duration::ZERO, |bucket| {
            let base = 1_u64 << (bucket / STEPS);
            let fraction = (base >> 4).saturating_mul(bucket as u64 % STEPS as u64);
            Duration::from_nanos(base + fraction)
        })
    }
}
