//! What a backend remembers of each registration: which requests the kernel holds for it.

use std::os::fd::RawFd;

use crate::backend::Arm;
use crate::interest::Direction;
use crate::token::Token;

/// A set of directions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct DirectionSet(u8);

impl DirectionSet {
    pub(crate) fn insert(&mut self, direction: Direction) {
        self.0 |= 1 << direction as u8;
    }

    /// Returns whether it was there.
    pub(crate) fn remove(&mut self, direction: Direction) -> bool {
        let was = self.contains(direction);
        self.0 &= !(1 << direction as u8);
        was
    }

    pub(crate) fn contains(self, direction: Direction) -> bool {
        self.0 >> direction as u8 & 1 != 0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Direction> {
        Direction::ALL
            .into_iter()
            .filter(move |direction| self.contains(*direction))
    }
}

/// One registration as the kernel knows it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) generation: u32,
    pub(crate) fd: RawFd,
    /// Directions with a poll request in the ring.
    pub(crate) in_ring: DirectionSet,
    /// Poll bits that its entry in the epoll set asks for; 0: there is none.
    pub(crate) in_epoll: u32,
    /// Directions that the ring must not be asked for again.
    pub(crate) epoll_only: DirectionSet,
    /// Directions whose last completion had nothing of what was asked, only ERR or HUP.
    pub(crate) barren: DirectionSet,
    /// Neither can wait for it: it is a file that never blocks.
    pub(crate) always_ready: bool,
    /// Requests that the kernel could not take in a row, for lack of memory.
    pub(crate) retries: u8,
    /// Requests for reading that have found something, and were done with that.
    pub(crate) reads: u8,
    /// Before one stays, at least so many.
    pub(crate) reads_wanted: u8,
    /// The requests for reading stay, as the core knows.
    pub(crate) stays: bool,
    /// The wait, by its count modulo 256, in which an event is no news: that with the request, or that after an event.
    pub(crate) expected_in: u8,
}

/// The entries by slot. Only the loop's thread has them, so no lock is needed.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    slots: Vec<Option<Entry>>,
}

impl Routes {
    /// The entry of the arm's registration, made on its first arm.
    pub(crate) fn of(&mut self, arm: &Arm) -> &mut Entry {
        let slot = arm.token.slot as usize;
        if slot >= self.slots.len() {
            self.slots.resize_with(slot + 1, || None);
        }
        let entry = &mut self.slots[slot];
        if entry
            .as_ref()
            .is_some_and(|entry| entry.generation != arm.token.generation)
        {
            // The previous holder of the slot is gone; its disarm has taken its requests back.
            *entry = None;
        }
        entry.get_or_insert_with(|| Entry {
            generation: arm.token.generation,
            fd: arm.fd,
            in_ring: DirectionSet::default(),
            in_epoll: 0,
            epoll_only: DirectionSet::default(),
            barren: DirectionSet::default(),
            always_ready: false,
            retries: 0,
            reads: 0,
            reads_wanted: 0,
            stays: false,
            expected_in: 0,
        })
    }

    /// The entry of a token; `None` when it is gone or the slot has another holder.
    pub(crate) fn get_mut(&mut self, token: Token) -> Option<&mut Entry> {
        let entry = self.slots.get_mut(token.slot as usize)?.as_mut();
        entry.filter(|entry| entry.generation == token.generation)
    }

    pub(crate) fn get(&self, token: Token) -> Option<&Entry> {
        let entry = self.slots.get(token.slot as usize)?.as_ref();
        entry.filter(|entry| entry.generation == token.generation)
    }

    pub(crate) fn remove(&mut self, slot: u32, generation: u32) -> Option<Entry> {
        self.slots
            .get_mut(slot as usize)?
            .take_if(|entry| entry.generation == generation)
    }

    /// Every direction that has a request in the ring.
    pub(crate) fn tokens_in_ring(&self) -> impl Iterator<Item = Token> {
        self.slots
            .iter()
            .enumerate()
            .filter_map(|(slot, entry)| Some((slot, entry.as_ref()?)))
            .flat_map(|(slot, entry)| {
                entry.in_ring.iter().map(move |direction| Token {
                    slot: u32::try_from(slot).unwrap_or(u32::MAX),
                    generation: entry.generation,
                    direction: Some(direction),
                })
            })
    }
}
