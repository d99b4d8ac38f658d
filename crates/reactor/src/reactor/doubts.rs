//! Reads that may have left something of which no event tells.
//!
//! With edges, a read that got less than it asked for may still have ended before its data: at an urgent mark of TCP, where
//! fds were passed over a Unix socket, with the line of a tty. To read once more would prove it, and costs a system call
//! for each event. Instead, one call asks for all of them, when the loop is about to sleep: with much to do, that is
//! seldom.

use uring_sys::abi::{POLLERR, POLLHUP, POLLIN, POLLRDHUP};

use crate::backend::{Completion, Env, Outcome};
use crate::reactor::Turn;
use crate::sources::Sources;
use crate::token::Token;

/// Turns without a sleep before the loop looks all the same.
const MOST_TURNS: u32 = 16;
/// Descriptors in one call: poll(2) takes no more than the process may have open.
const MOST_AT_ONCE: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Doubts {
    /// Turns with doubts since the last look.
    turns: u32,
    /// The last wait was a sleep, or has found nothing: the next one is likely to be a sleep.
    pub(super) is_quiet: bool,
    /// The buffers of a look, empty between two of them.
    tokens: Vec<Token>,
    fds: Vec<libc::pollfd>,
    /// What this turn has found.
    pub(super) found: Vec<Completion>,
}

impl Doubts {
    /// Takes those that this turn is to look at. Whether some are left, so that it must not sleep. A foreign loop sleeps
    /// between two turns.
    ///
    /// Without a sleep ahead, what has had an event since the last look is left out: most of what is there to be read has
    /// an event on its way, which then finds nothing.
    pub(super) fn take(&mut self, sources: &mut Sources, turn: Turn, is_foreign: bool) -> bool {
        self.turns += 1;
        let all = is_foreign || turn != Turn::Poll && self.is_quiet;
        if !all && self.turns < MOST_TURNS {
            return true;
        }
        self.turns = 0;
        sources.take_doubts(all, &mut self.tokens, &mut self.fds);
        sources.has_doubts()
    }

    /// Finds those that have something to read. Whether there are any.
    #[inline(never)]
    pub(super) fn look(&mut self, env: &Env) -> bool {
        for fds in self.fds.chunks_mut(MOST_AT_ONCE) {
            env.counters.looks.add(1);
            if env.kernel.poll_now(fds).is_err() {
                // Where the call is refused, each of them is to read, and finds out.
                fds.iter_mut().for_each(|fd| fd.revents = libc::POLLIN);
            }
        }
        for (token, fd) in self.tokens.drain(..).zip(self.fds.drain(..)) {
            let events = u32::from(fd.revents.cast_unsigned());
            if events & (POLLIN | POLLRDHUP | POLLHUP | POLLERR) != 0 {
                self.found.push(Completion {
                    token,
                    outcome: Outcome::Found(events),
                    more: true,
                });
            }
        }
        !self.found.is_empty()
    }
}
