//! What each completion of the ring means: the errnos and masks of a poll request, one by one.

use uring_sys::Cqe;
use uring_sys::abi::{POLLERR, POLLHUP, POLLNVAL};

use crate::backend::uring::Uring;
use crate::backend::{Arm, Completion, Outcome};
use crate::interest::Direction;
use crate::token::{Internal, Token, UserData};

/// Times one poll request is tried again for lack of memory before the fd goes to epoll.
const MAX_RETRIES: u8 = 16;

impl Uring {
    /// Takes every completion that is there. How many there were.
    pub(super) fn reap(&mut self, out: &mut Vec<Completion>) -> u32 {
        // Bounded: a completion that arms again and completes at once is left for the next look.
        let ready = self.ring.cq_ready();
        for _ in 0..ready {
            let Some(cqe) = self.ring.pop() else { break };
            match UserData::unpack(cqe.user_data) {
                UserData::Source(token) => self.complete_source(token, cqe, out),
                UserData::Removal(token) => self.complete_removal(token, cqe.result),
                UserData::Internal(internal) => self.complete_internal(internal, cqe),
            }
        }
        self.suspect_overflow(ready);
        ready
    }

    pub(super) fn complete_source(&mut self, token: Token, cqe: Cqe, out: &mut Vec<Completion>) {
        let Some(direction) = token.direction else {
            return;
        };
        let Some(entry) = self.routes.get_mut(token) else {
            // A request that a removal did not find in time; the core counts it.
            out.push(Completion {
                token,
                outcome: Outcome::Ready(0),
                more: true,
            });
            return;
        };
        if !cqe.more() {
            entry.in_ring.remove(direction);
        }
        if self.closing {
            return;
        }
        let arm = Arm {
            token,
            direction,
            fd: entry.fd,
            interest: direction.interest(),
        };
        let tell = Completion {
            token,
            outcome: Outcome::Ready(cqe.result.cast_unsigned()),
            more: false,
        };
        match cqe.result {
            // Old kernels complete a cancelled poll so; the core arms again when somebody still waits.
            0 => out.push(tell),
            mask if mask > 0 && cqe.more() => out.push(Completion { more: true, ..tell }),
            mask if mask > 0 => self.complete_poll(arm, mask.cast_unsigned(), out),
            error => match -error {
                // Closed before it was armed.
                libc::EBADF => out.push(Completion {
                    outcome: Outcome::Failed(libc::EBADF),
                    ..tell
                }),
                // The thread that submitted it is gone, or the ring was cancelled behind our back.
                libc::ECANCELED => out.push(Completion {
                    outcome: Outcome::Ready(0),
                    ..tell
                }),
                libc::ENOMEM | libc::EAGAIN if entry.retries < MAX_RETRIES => {
                    entry.retries += 1;
                    out.push(Completion {
                        outcome: Outcome::Ready(0),
                        ..tell
                    });
                }
                // EINVAL: a file with more wait queues than the kernel's poll can hold, or one that never
                // blocks, asked for something it has not. EOPNOTSUPP, EACCES and whatever else a file or a
                // policy may answer: epoll decides.
                _ => {
                    entry.epoll_only.insert(direction);
                    self.enter_epoll_now(arm, out);
                }
            },
        }
    }

    /// A poll request found something.
    fn complete_poll(&mut self, arm: Arm, mask: u32, out: &mut Vec<Completion>) {
        let Some(entry) = self.routes.get_mut(arm.token) else {
            return;
        };
        entry.retries = 0;
        let tell = Completion {
            token: arm.token,
            outcome: Outcome::Ready(mask),
            more: false,
        };
        let asked = arm.direction.poll_events();
        if mask & POLLNVAL != 0 {
            out.push(Completion {
                outcome: Outcome::Failed(libc::EBADF),
                ..tell
            });
        } else if mask & (asked | POLLERR | POLLHUP) == 0 {
            // Since 5.13 every poll reports RDHUP unasked. A writer with a full buffer whose peer has ended
            // its own half would complete at once, each time. epoll tells a writer only about space.
            entry.epoll_only.insert(arm.direction);
            out.push(Completion { more: true, ..tell });
            self.enter_epoll_now(arm, out);
        } else if mask & asked == 0 {
            // ERR or HUP alone end the wait once. When the task then asks again, the condition lasts
            // although the operation would block (an error queue): edges do not repeat it.
            if entry.barren.contains(arm.direction) {
                entry.epoll_only.insert(arm.direction);
            }
            entry.barren.insert(arm.direction);
            out.push(tell);
        } else {
            entry.barren.remove(arm.direction);
            if arm.direction == Direction::Read {
                entry.reads = entry.reads.saturating_add(1);
            }
            out.push(tell);
        }
    }

    fn complete_removal(&mut self, token: Token, result: i32) {
        let Some(direction) = token.direction else {
            return;
        };
        let Some(entry) = self.routes.get_mut(token) else {
            return;
        };
        match -result {
            // The poll had completed before, and its completion stands before this one in the queue; if the
            // entry is still set, that completion was lost.
            libc::ENOENT => {
                entry.in_ring.remove(direction);
            }
            // It has been woken and is about to look. If it finds nothing, because somebody else has used up
            // what woke it, it stays armed: only asking again tells.
            libc::EALREADY if entry.in_ring.contains(direction) => self.push_removal(token),
            _ => {}
        }
    }

    fn complete_internal(&mut self, internal: Internal, cqe: Cqe) {
        match internal {
            Internal::Wake if !cqe.more() && !self.closing => {
                // EBADF: somebody closed the eventfd behind our back. As it is, it would complete at once for ever.
                if cqe.result == -libc::EBADF && self.env.notifier.restore().is_err() {
                    return;
                }
                // A oneshot poll checks the level when it is armed, so the counter has to be read first. A
                // multishot one reports every write by itself and is only armed again when it ended.
                let _ = self.env.notifier.drain();
                self.arm_wake();
            }
            Internal::Timer => {
                if let Some(timer) = &mut self.timer {
                    timer.fd.fired();
                    timer.armed = false;
                }
            }
            Internal::Epoll => {
                if let Some(nested) = &mut self.nested {
                    nested.is_due = true;
                }
            }
            Internal::Wake | Internal::Ignore => {}
        }
    }
}
