//! Sources whose last read may have left something of which no event tells: see [`crate::reactor`] for who looks.

use super::{Asked, Source, Sources};
use crate::backend::Unfit;
use crate::interest::Direction;
use crate::token::Token;

/// Whether there may be something to read of which no event will tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Doubt {
    None,
    /// In the list, for the loop to look at.
    Listed,
    /// And passed over once, with no event since.
    Aged,
}

/// Times in a row that an fd in doubt is alone, after which a request for each event is the better one.
const MOST_ALONE: u8 = 4;
/// Fds that share a look, or events that share a wait, so badly that each is alone.
const FEW: usize = 2;

impl Source {
    /// There was an event, one of so many. Whether requests that stay are not for this one.
    pub(super) fn renew_doubt(&mut self, at_once: usize) -> bool {
        if self.doubt == Doubt::None {
            return false;
        }
        self.doubt = Doubt::Listed;
        if at_once <= FEW {
            return self.count_alone();
        }
        self.alone = 0;
        false
    }

    /// A wait that has one event costs as much as one that has many, and with a doubt it has looked before, in vain.
    fn count_alone(&mut self) -> bool {
        self.alone += 1;
        if self.alone < MOST_ALONE {
            return false;
        }
        self.alone = 0;
        self.readiness.stays()
    }

    /// Whether or not it is armed: to arm what is in an epoll set asks nothing of the kernel.
    #[inline]
    pub(super) fn list_doubt(&mut self, slot: u32, asked: &mut Asked) {
        if self.doubt == Doubt::None && self.readiness.is_unproven() {
            self.doubt = Doubt::Listed;
            asked.doubts.push(self.token(slot, Direction::Read));
        }
    }
}

impl Sources {
    /// Whether the loop has to look before it sleeps.
    pub(crate) fn has_doubts(&self) -> bool {
        !self.asked.doubts.is_empty()
    }

    /// Moves out those that the loop has to look at, as what poll(2) takes: all, or only those of which no event has told
    /// since the last time.
    pub(crate) fn take_doubts(
        &mut self,
        all: bool,
        tokens: &mut Vec<Token>,
        fds: &mut Vec<libc::pollfd>,
    ) {
        let slab = &mut self.slab;
        self.asked.doubts.retain(|token| {
            let source = slab.get_mut(token.slot as usize);
            let Some(source) = source.filter(|source| source.generation == token.generation) else {
                return false;
            };
            let is_open = source.readiness.is_unproven();
            if is_open && !all && source.doubt == Doubt::Listed {
                source.doubt = Doubt::Aged;
                return true;
            }
            source.doubt = Doubt::None;
            if is_open {
                source.readiness.set_proven();
                tokens.push(*token);
                fds.push(libc::pollfd {
                    fd: source.fd,
                    events: libc::POLLIN | libc::POLLRDHUP,
                    revents: 0,
                });
            }
            false
        });
        let is_shared = tokens.len() > FEW;
        for token in tokens {
            let source = &mut self.slab[token.slot as usize];
            if is_shared {
                source.alone = 0;
            } else if source.count_alone() {
                self.unfit.push((*token, Unfit::Alone));
            }
        }
    }
}
