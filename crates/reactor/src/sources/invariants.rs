//! What holds between two turns.

use super::{ArmState, Doubt, Sources};
use crate::interest::Direction;
use crate::token::Token;

impl Sources {
    /// Checks I2 and I3; panics where one is broken. `owes` says what the backend thinks.
    pub(crate) fn verify(&self, owes: impl Fn(Token) -> bool) {
        for (slot, source) in &self.slab {
            for direction in Direction::ALL {
                let state = source.arms[direction as usize];
                let token = source.token(u32::try_from(slot).unwrap_or(u32::MAX), direction);
                if state == ArmState::Armed {
                    assert!(owes(token), "I2: nothing will complete {token:?}");
                }
                if state == ArmState::Queued {
                    assert!(
                        self.asked.arms.contains(&token),
                        "{token:?} is queued in no list"
                    );
                }
                if source.doubt != Doubt::None && direction == Direction::Read {
                    assert!(
                        self.asked.doubts.contains(&token),
                        "{token:?} is in doubt in no list"
                    );
                }
                if source.is_awaited(direction) && !source.has_failed() {
                    assert_ne!(state, ArmState::Idle, "I3: {token:?} is awaited and idle");
                }
            }
        }
    }
}
