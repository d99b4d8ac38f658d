//! The readiness of one fd as one atomic word, read on the fast path without a lock.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::interest::{Direction, Ready};
use crate::planted::{Planted, is_planted};

/// Bits above [`Ready::ALL`], below the tick.
const PRESUMED: [u32; 2] = [1 << 8, 1 << 9];
const FAILED: u32 = 1 << 10;
const EDGE: u32 = 1 << 11;
const UNPROVEN: u32 = 1 << 12;
const STAYS: u32 = 1 << 13;
const TICK_SHIFT: u32 = 16;

/// What was ready, and when it was seen: clearing it later must not clear an event that came in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) ready: Ready,
    pub(crate) tick: u16,
}

/// ```text
///  31          16 15 14   13       12        11      10      9  8       5      0
/// | tick         |     | stays | unproven | edge | failed | presumed | ready  |
/// ```
///
/// R1: bits are set only under the lock of `Sources`, each time with a new tick. R2: they are cleared from
/// anywhere, but only while the tick is still the one that was seen with them.
#[derive(Debug)]
pub(crate) struct Readiness(AtomicU32);

impl Readiness {
    /// Nothing is known to be ready; both halves are presumed to be.
    pub(crate) fn new() -> Readiness {
        Readiness(AtomicU32::new(PRESUMED[0] | PRESUMED[1]))
    }

    pub(crate) fn event(&self) -> Event {
        // Acquire: pairs with the Release in `set`, so what made the fd ready happened before.
        let word = self.0.load(Ordering::Acquire);
        Event {
            ready: ready(word),
            tick: tick(word),
        }
    }

    /// Whether the registration is dead: its fd was refused, or its reactor is gone.
    pub(crate) fn is_failed(&self) -> bool {
        self.0.load(Ordering::Acquire) & FAILED != 0
    }

    /// Whether events come as edges, so that what is cleared by mistake does not come back by itself.
    pub(crate) fn is_edge(&self) -> bool {
        self.0.load(Ordering::Relaxed) & EDGE != 0
    }

    /// Whether the last read left it open if there is more, and nothing has been reported since.
    pub(crate) fn is_unproven(&self) -> bool {
        self.0.load(Ordering::Acquire) & UNPROVEN != 0
    }

    pub(crate) fn set_proven(&self) {
        self.0.fetch_and(!UNPROVEN, Ordering::AcqRel);
    }

    pub(crate) fn set(&self, new: Ready) {
        // Whoever is told reads on, and what was left is found by that.
        let settled = if new.is_readable() { UNPROVEN } else { 0 };
        self.update(|word| {
            let next_tick = u32::from(tick(word).wrapping_add(1)) << TICK_SHIFT;
            word & 0xffff & !settled | u32::from(new.bits()) | next_tick
        });
    }

    pub(crate) fn fail(&self) {
        self.update(|word| word | FAILED);
    }

    pub(crate) fn set_edge(&self, is_edge: bool) {
        self.update(|word| {
            if is_edge {
                word | EDGE
            } else {
                word & !(EDGE | STAYS)
            }
        });
    }

    /// The poll request for reading stays in the ring, so that events come as edges.
    pub(crate) fn set_stays(&self) {
        self.update(|word| word | EDGE | STAYS);
    }

    /// Whether the poll request for reading stays in the ring.
    pub(crate) fn stays(&self) -> bool {
        self.0.load(Ordering::Relaxed) & STAYS != 0
    }

    /// Clears `what`, unless something was set since `seen`.
    pub(crate) fn clear(&self, seen: Event, what: Ready) {
        if is_planted(Planted::ReadyKept) {
            return;
        }
        let _ = self
            .0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |word| {
                (tick(word) == seen.tick).then_some(word & !u32::from(what.bits()))
            });
    }

    /// As [`clear`](Self::clear), although a read may have left something that no event will tell of: the loop looks,
    /// before it sleeps, if somebody waits.
    pub(crate) fn clear_unproven(&self, seen: Event) {
        if is_planted(Planted::ReadyKept) {
            return;
        }
        let what = u32::from(Ready::READABLE.bits());
        let _ = self
            .0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |word| {
                (tick(word) == seen.tick).then_some(word & !what | UNPROVEN)
            });
    }

    /// Whether nobody has seen this half block yet, so that the system call is worth a try before waiting.
    ///
    /// Most first writes succeed, and so do the reads of a connection whose request came with it; an arm for
    /// those would be wasted.
    pub(crate) fn is_presumed(&self, direction: Direction) -> bool {
        self.0.load(Ordering::Relaxed) & PRESUMED[direction as usize & 1] != 0
    }

    /// The half was seen to block: from now on it has to be waited for.
    pub(crate) fn disprove(&self, direction: Direction) {
        if self.is_presumed(direction) {
            self.0
                .fetch_and(!PRESUMED[direction as usize & 1], Ordering::AcqRel);
        }
    }

    fn update(&self, change: impl Fn(u32) -> u32) {
        let _ = self
            .0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |word| {
                Some(change(word))
            });
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the low half holds the readiness"
)]
fn ready(word: u32) -> Ready {
    Ready::from_bits(word as u16)
}

fn tick(word: u32) -> u16 {
    u16::try_from(word >> TICK_SHIFT).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clearing_an_old_observation_keeps_the_new_event() {
        let readiness = Readiness::new();
        readiness.set(Ready::READABLE);
        let seen = readiness.event();
        readiness.set(Ready::READABLE);
        readiness.clear(seen, Ready::READABLE);
        assert!(
            readiness.event().ready.is_readable(),
            "the second event came after the look"
        );
        let seen = readiness.event();
        readiness.clear(seen, Ready::READABLE);
        assert!(readiness.event().ready.is_empty());
    }

    #[test]
    fn the_tick_wraps_without_touching_the_flags() {
        let readiness = Readiness::new();
        for _ in 0..=u16::MAX {
            readiness.set(Ready::WRITABLE);
        }
        let event = readiness.event();
        assert_eq!((event.ready, event.tick), (Ready::WRITABLE, 0));
        assert!(!readiness.is_failed() && !readiness.is_edge());
    }

    #[test]
    fn a_half_is_presumed_ready_until_it_blocks() {
        let readiness = Readiness::new();
        assert!(readiness.is_presumed(Direction::Read));
        readiness.disprove(Direction::Read);
        assert!(!readiness.is_presumed(Direction::Read));
        assert!(readiness.is_presumed(Direction::Write));
    }
}
