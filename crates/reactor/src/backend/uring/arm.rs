//! How a direction is asked for: by a poll request that is done with its first event, or, for reading, by one that stays.
//!
//! The first kind looks at the level when it is armed, costs a request for each event, and holds its file only while
//! somebody waits. The second reports what changes, costs nothing for an event, and has to be taken back when the fd goes:
//! it is for an fd that has lived long enough.

use uring_sys::Sqe;

use crate::backend::uring::Uring;
use crate::backend::{Arm, Completion, Outcome, Unfit};
use crate::interest::Direction;
use crate::token::{Internal, Token};

/// Before an fd whose events came one by one has a request that stays again.
const MANY_READS: u8 = u8::MAX;

impl Uring {
    pub(crate) fn arm(&mut self, arm: Arm) {
        let entry = self.routes.of(&arm);
        if arm.direction == Direction::Priority {
            // The ring's poll leaves PRI out when it compares a wake-up with what it waits for (6.18 too): it
            // sees urgent data that is there when it is armed, and sleeps through what comes later.
            entry.epoll_only.insert(arm.direction);
        }
        if entry.epoll_only.contains(arm.direction) {
            self.enter_epoll(arm);
            return;
        }
        entry.in_ring.insert(arm.direction);
        entry.expected_in = self.waits;
        let after = self.caps.multishot_after;
        let is_read = arm.direction == Direction::Read;
        let wanted = after.map(|after| after.max(entry.reads_wanted));
        let stays = is_read && wanted.is_some_and(|wanted| entry.reads >= wanted);
        if is_read && entry.stays != stays {
            entry.stays = stays;
            // Before the first event: from then on, a reader that stops early does not hear of the rest, or does again.
            self.early.push(Completion {
                token: arm.token,
                outcome: if stays {
                    Outcome::Stays
                } else {
                    Outcome::StaysNoMore
                },
                more: true,
            });
        }
        self.env.counters.arms.add(1);
        self.push(poll_sqe(&arm, stays));
    }

    /// Puts those that always have something, as far as one wait can tell, behind those that have been waited for: what
    /// was ready when it was asked for, and what has had an event in the wait before.
    ///
    /// A peer that never stops to send would come before all others each time. The kernel looks at the new requests of
    /// an enter before it runs the work that has gathered, and a request that stays is woken while the tasks run.
    pub(super) fn put_expected_last(&mut self, from: usize, out: &mut Vec<Completion>) {
        let (this, next) = (self.waits, self.waits.wrapping_add(1));
        if let [only] = &out[from..] {
            if let Some(entry) = self.routes.get_mut(only.token) {
                entry.expected_in = next;
            }
            return;
        }
        let mut kept = from;
        for at in from..out.len() {
            let completion = out[at];
            let entry = self.routes.get_mut(completion.token);
            // `next`: it is not the first one here, which it must not overtake.
            let is_expected = entry.is_some_and(|entry| {
                let before = std::mem::replace(&mut entry.expected_in, next);
                before == this || before == next
            });
            if is_expected {
                self.expected.push(completion);
            } else {
                out[kept] = completion;
                kept += 1;
            }
        }
        out.truncate(kept);
        out.append(&mut self.expected);
    }

    /// Takes back a request that stays. That it has ended, its last completion tells; whoever waits
    /// then arms anew.
    pub(crate) fn quiet(&mut self, token: Token, why: Unfit) {
        let entry = self.routes.get_mut(token);
        // It may have ended by itself, and another kind have been armed since.
        if let Some(entry) = entry.filter(|entry| entry.stays) {
            entry.reads = 0;
            if why == Unfit::Alone {
                entry.reads_wanted = MANY_READS;
            }
            // Not a removal, which leaves alone what is about to report.
            let sqe = Sqe::async_cancel(token.pack(), 0);
            self.push(sqe.with_user_data(Internal::Ignore.pack()));
        }
    }
}

/// One that stays reports every change until it is taken back, or ends as the kernel sees fit.
fn poll_sqe(arm: &Arm, stays: bool) -> Sqe {
    let events = arm.direction.poll_events();
    let sqe = if stays {
        Sqe::poll_add_multi(arm.fd, events)
    } else {
        Sqe::poll_add(arm.fd, events)
    };
    sqe.with_user_data(arm.token.pack())
}
