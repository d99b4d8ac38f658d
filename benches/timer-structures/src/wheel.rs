//! A hierarchical timing wheel that keeps nanoseconds.
//!
//! Nine levels of 64 slots: one of the lowest is a tick of 1024 ns, one of the next is 64 of those, and so on, up to all
//! that 64 bits can say. A timer is on the level of the highest digit (of six bits) in which its tick differs from the
//! wheel's time, so what is on a level is later than all that is on those below, and slots do not come round again.
//!
//! Deadlines are exact: what a slot holds is sorted when it fires, and what is not due yet moves to a lower level.
//! [`next_deadline`](Structure::next_deadline) is exact on the lowest level. Above, it is the start of the slot: the
//! loop wakes there, and once more on each level that the timer comes down.

use std::task::Waker;

use slab::Slab;

use crate::structure::Structure;
use crate::timers::Tick;
use crate::wake_batch::WakeBatch;

const TICK_BITS: u32 = 10;
const DIGIT_BITS: u32 = 6;
const SLOTS: usize = 1 << DIGIT_BITS;
const LEVELS: usize = 9;
/// No entry.
const NONE: u32 = u32::MAX;
/// `Entry::place` of one that has fired.
const FIRED: u16 = u16::MAX;

struct Entry {
    deadline: Tick,
    waker: Option<Waker>,
    links: Links,
    /// Level and slot in one number. A later place is later in time.
    place: u16,
}

/// The neighbours in the list of a slot.
#[derive(Clone, Copy)]
struct Links {
    previous: u32,
    next: u32,
}

pub(crate) struct Wheel {
    /// In ticks. All that was due before has fired.
    time: u64,
    /// The levels with a slot that is not empty, a bit each.
    levels: u16,
    /// Of each level, the slots that are not empty.
    occupied: [u64; LEVELS],
    /// Of each place, the first entry of its list.
    heads: Box<[u32; LEVELS * SLOTS]>,
    entries: Slab<Entry>,
    /// What is due of one slot, kept for its memory.
    due: Vec<(Tick, u32)>,
}

impl Default for Wheel {
    fn default() -> Self {
        Self {
            time: 0,
            levels: 0,
            occupied: [0; LEVELS],
            heads: Box::new([NONE; LEVELS * SLOTS]),
            entries: Slab::new(),
            due: Vec::new(),
        }
    }
}

impl Structure for Wheel {
    type Key = u32;

    fn insert(&mut self, deadline: Tick, waker: Waker) -> (u32, bool) {
        let place = self.place_of(deadline);
        let is_first = self.is_first(place, deadline);
        let entry = self.entries.insert(Entry {
            deadline,
            waker: Some(waker),
            links: Links {
                previous: NONE,
                next: NONE,
            },
            place: FIRED,
        }) as u32;
        self.link(entry, place);
        (entry, is_first)
    }

    fn change(&mut self, key: &mut u32, deadline: Tick) -> Option<bool> {
        let Entry {
            links,
            place: before,
            ..
        } = self.entries[*key as usize];
        if before == FIRED {
            return None;
        }
        let place = self.place_of(deadline);
        let is_first = self.is_first(place, deadline);
        self.entries[*key as usize].deadline = deadline;
        if place != usize::from(before) {
            self.unlink(links, usize::from(before));
            self.link(*key, place);
        }
        Some(is_first)
    }

    fn remove(&mut self, key: u32) -> Option<Waker> {
        let entry = self.entries.remove(key as usize);
        if entry.place != FIRED {
            self.unlink(entry.links, usize::from(entry.place));
        }
        entry.waker
    }

    fn next_deadline(&self) -> Option<Tick> {
        let place = self.first_place()?;
        Some(if place < SLOTS {
            self.earliest_in(place)
        } else {
            self.start_of(place) << TICK_BITS
        })
    }

    fn expire(&mut self, now: Tick, wakes: &mut WakeBatch) {
        let now_tick = now >> TICK_BITS;
        while let Some(place) = self.first_place() {
            let start = self.start_of(place);
            if start > now_tick {
                break;
            }
            let length = 1 << (DIGIT_BITS * level_of(place) as u32);
            let last = start + (length - 1);
            self.time = last.min(now_tick);
            self.empty(place, now);
            self.fire(wakes);
            if now_tick <= last {
                break;
            }
        }
        self.time = self.time.max(now_tick);
    }
}

impl Wheel {
    /// Where a timer belongs. One that is due already is in the slot that comes first.
    fn place_of(&self, deadline: Tick) -> usize {
        let tick = (deadline >> TICK_BITS).max(self.time);
        let differs = (tick ^ self.time) | 1;
        let level = differs.ilog2() / DIGIT_BITS;
        let slot = (tick >> (level * DIGIT_BITS)) as usize % SLOTS;
        level as usize * SLOTS + slot
    }

    /// Whether a timer makes the loop look earlier than it would without. The start of a higher slot is the same for all
    /// that are in it.
    fn is_first(&self, place: usize, deadline: Tick) -> bool {
        self.first_place().is_none_or(|first| {
            place < first || place == first && place < SLOTS && deadline < self.earliest_in(first)
        })
    }

    fn first_place(&self) -> Option<usize> {
        if self.levels == 0 {
            return None;
        }
        let level = self.levels.trailing_zeros() as usize;
        Some(level * SLOTS + self.occupied[level].trailing_zeros() as usize)
    }

    /// The tick at which a place begins.
    fn start_of(&self, place: usize) -> u64 {
        let shift = DIGIT_BITS * level_of(place) as u32;
        let above = self.time >> shift >> DIGIT_BITS;
        ((above << DIGIT_BITS) | (place % SLOTS) as u64) << shift
    }

    fn earliest_in(&self, place: usize) -> Tick {
        let mut earliest = Tick::MAX;
        let mut at = self.heads[place];
        while at != NONE {
            let entry = &self.entries[at as usize];
            earliest = earliest.min(entry.deadline);
            at = entry.links.next;
        }
        earliest
    }

    fn link(&mut self, at: u32, place: usize) {
        let next = std::mem::replace(&mut self.heads[place], at);
        if next == NONE {
            let level = level_of(place);
            self.occupied[level] |= 1 << (place % SLOTS);
            self.levels |= 1 << level;
        } else {
            self.entries[next as usize].links.previous = at;
        }
        let entry = &mut self.entries[at as usize];
        entry.links = Links {
            previous: NONE,
            next,
        };
        entry.place = place as u16;
    }

    fn unlink(&mut self, Links { previous, next }: Links, place: usize) {
        if next != NONE {
            self.entries[next as usize].links.previous = previous;
        }
        if previous != NONE {
            self.entries[previous as usize].links.next = next;
            return;
        }
        self.heads[place] = next;
        if next == NONE {
            self.clear(place);
        }
    }

    fn clear(&mut self, place: usize) {
        let level = level_of(place);
        self.occupied[level] &= !(1 << (place % SLOTS));
        if self.occupied[level] == 0 {
            self.levels &= !(1 << level);
        }
    }

    /// Collects what is due in a slot. The rest of it goes where it belongs by the wheel's time.
    fn empty(&mut self, place: usize, now: Tick) {
        let mut at = std::mem::replace(&mut self.heads[place], NONE);
        self.clear(place);
        while at != NONE {
            let entry = &mut self.entries[at as usize];
            let (deadline, next) = (entry.deadline, entry.links.next);
            if deadline <= now {
                entry.place = FIRED;
                self.due.push((deadline, at));
            } else {
                self.link(at, self.place_of(deadline));
            }
            at = next;
        }
    }

    fn fire(&mut self, wakes: &mut WakeBatch) {
        self.due.sort_unstable_by_key(|(deadline, _)| *deadline);
        for (_, at) in self.due.drain(..) {
            if let Some(waker) = self.entries[at as usize].waker.take() {
                wakes.push(waker);
            }
        }
    }
}

fn level_of(place: usize) -> usize {
    place / SLOTS
}
