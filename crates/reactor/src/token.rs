//! `user_data`: what a completion says about where it belongs.
//!
//! Every operation in flight carries one 64-bit word, packed and unpacked here and nowhere else:
//!
//! ```text
//!  63            32 31        30      29    27 26          0
//! | generation     | internal | removal | direction | slot   |
//! ```
//!
//! A slot alone could be reused while an old completion is still under way; the generation makes the
//! pair unique, so one comparison (in [`Sources`](crate::sources::Sources)) drops every stale event.

use crate::interest::Direction;

const SLOT_BITS: u32 = 27;
const SLOT_MASK: u64 = (1 << SLOT_BITS) - 1;
const DIRECTION_SHIFT: u32 = SLOT_BITS;
const DIRECTION_MASK: u64 = 0b111;
/// The direction field of a token that stands for a whole fd: what an epoll entry reports.
const WHOLE_FD: u64 = 0b111;
const REMOVAL: u64 = 1 << 30;
const INTERNAL: u64 = 1 << 31;
const GENERATION_SHIFT: u32 = 32;

/// The most sources that one reactor can number; far above any limit on open files.
pub(crate) const MAX_SLOTS: u32 = 1 << SLOT_BITS;

/// Names one registration, and which of its directions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Token {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
    /// `None` stands for all directions of the fd at once.
    pub(crate) direction: Option<Direction>,
}

impl Token {
    pub(crate) fn pack(self) -> u64 {
        debug_assert!(
            u64::from(self.slot) <= SLOT_MASK,
            "slot {} too large",
            self.slot
        );
        let direction = self.direction.map_or(WHOLE_FD, |d| d as u64);
        u64::from(self.generation) << GENERATION_SHIFT
            | direction << DIRECTION_SHIFT
            | u64::from(self.slot)
    }

    /// The word for the request that takes this token's poll back.
    pub(crate) fn pack_removal(self) -> u64 {
        self.pack() | REMOVAL
    }
}

/// Internal operations of a backend. They never reach the core, so no user can count or wait for them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Internal {
    /// The eventfd that other threads write.
    Wake = 0,
    /// The timerfd, where deadlines do not travel with the wait.
    Timer = 1,
    /// The epoll set that is polled inside the ring.
    Epoll = 2,
    /// Nobody waits for this completion.
    Ignore = 3,
}

impl Internal {
    pub(crate) const fn pack(self) -> u64 {
        INTERNAL | self as u64
    }
}

/// A `user_data` word, taken apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum UserData {
    Source(Token),
    /// The answer to a removal of this token.
    Removal(Token),
    Internal(Internal),
}

impl UserData {
    pub(crate) fn unpack(word: u64) -> UserData {
        if word & INTERNAL != 0 {
            return UserData::Internal(match word & SLOT_MASK {
                0 => Internal::Wake,
                1 => Internal::Timer,
                2 => Internal::Epoll,
                _ => Internal::Ignore,
            });
        }
        let token = Token {
            slot: low_half(word & SLOT_MASK),
            generation: low_half(word >> GENERATION_SHIFT),
            direction: Direction::from_index(word >> DIRECTION_SHIFT & DIRECTION_MASK),
        };
        if word & REMOVAL != 0 {
            UserData::Removal(token)
        } else {
            UserData::Source(token)
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "callers mask or shift to 32 bits"
)]
fn low_half(word: u64) -> u32 {
    word as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_token_survives_the_trip_through_the_kernel(
            slot in 0..MAX_SLOTS, generation: u32, direction in 0_u64..5
        ) {
            let token = Token { slot, generation, direction: Direction::from_index(direction) };
            prop_assert_eq!(UserData::unpack(token.pack()), UserData::Source(token));
            prop_assert_eq!(UserData::unpack(token.pack_removal()), UserData::Removal(token));
        }

        #[test]
        fn unpacking_any_word_is_total(word: u64) {
            let _ = UserData::unpack(word);
        }
    }

    #[test]
    fn internal_words_are_never_taken_for_a_source() {
        for internal in [
            Internal::Wake,
            Internal::Timer,
            Internal::Epoll,
            Internal::Ignore,
        ] {
            assert_eq!(
                UserData::unpack(internal.pack()),
                UserData::Internal(internal)
            );
        }
    }
}
