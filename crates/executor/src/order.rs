//! The order in which ready tasks run, when it is not that in which they became ready.

use std::cell::Cell;

/// A sequence of random numbers that its seed determines. Not for secrets.
#[derive(Debug)]
pub(crate) struct Order {
    state: Cell<u64>,
    /// How many tasks at the head of the run queue have their places already. Those behind them are shuffled when these
    /// have run, so that none is passed over for ever.
    placed: Cell<usize>,
}

impl Order {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            state: Cell::new(seed),
            placed: Cell::new(0),
        }
    }

    /// How many tasks of a queue have their places, after those that have none were given some by `shuffle`, which puts
    /// a list in an order.
    pub(crate) fn placed(&self, queued: usize, shuffle: impl FnOnce(&Self)) -> usize {
        // A shutdown may have taken some away.
        let mut placed = self.placed.get().min(queued);
        if placed == 0 {
            shuffle(self);
            placed = queued;
        }
        self.placed.set(placed);
        placed
    }

    /// So many of those that have their places have run.
    pub(crate) fn ran(&self, count: usize) {
        self.placed.set(self.placed.get().saturating_sub(count));
    }

    /// Puts a list in an order of which each is as likely as any other (Fisher and Yates).
    pub(crate) fn shuffle<T>(&self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last + 1));
        }
    }

    /// Heads or tails.
    pub(crate) fn coin(&self) -> bool {
        self.next() & 1 == 0
    }

    /// A number less than `bound`.
    fn below(&self, bound: usize) -> usize {
        // The product's upper half. That some numbers come more often than others, by less than 2^-32, shows in no test.
        let product = u128::from(self.next()) * bound as u128;
        #[expect(clippy::cast_possible_truncation, reason = "less than `bound`")]
        let number = (product >> 64) as usize;
        number
    }

    /// SplitMix64.
    fn next(&self) -> u64 {
        let state = self.state.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.state.set(state);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn the_sequence_is_the_published_one() {
        let order = Order::new(1_234_567);
        let numbers = [order.next(), order.next(), order.next()];
        assert_eq!(
            numbers,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn every_order_of_three_comes_about_equally_often() {
        let order = Order::new(7);
        let mut counts = HashMap::new();
        for _ in 0..6000 {
            let mut list = [0, 1, 2];
            order.shuffle(&mut list);
            *counts.entry(list).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 6);
        assert!(
            counts.values().all(|count| (850..1150).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn those_that_have_their_places_keep_them() {
        let order = Order::new(7);
        let shuffled = Cell::new(0);
        let placed = |queued| order.placed(queued, |_| shuffled.set(shuffled.get() + 1));
        assert_eq!(placed(5), 5);
        order.ran(3);
        // Four more have come.
        assert_eq!((placed(6), shuffled.get()), (2, 1));
        order.ran(2);
        assert_eq!((placed(4), shuffled.get()), (4, 2));
        // A shutdown.
        assert_eq!((placed(1), shuffled.get()), (1, 2));
    }
}
