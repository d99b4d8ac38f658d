//! Rings: their setup and their two queues.

use std::collections::VecDeque;
use std::io;

use slab::Slab;
use uring_sys::abi::{
    IORING_FEAT_NODROP, IORING_SETUP_CLAMP, IORING_SETUP_COOP_TASKRUN, IORING_SETUP_CQSIZE,
    IORING_SETUP_DEFER_TASKRUN, IORING_SETUP_SINGLE_ISSUER, IORING_SETUP_SUBMIT_ALL,
    IORING_SETUP_TASKRUN_FLAG, POLLIN,
};
use uring_sys::{Cqe, QueueFull, Setup, SetupError, SetupStage, Sqe};

use super::files::{FileId, Kind};
use super::objects::Ring;
use super::polls::Request;
use super::{Sim, State, errno};

/// The most slots of a completion queue.
const MOST_COMPLETIONS: u32 = 65_536;

pub(super) struct RingState {
    pub(super) flags: u32,
    pub(super) features: u32,
    pub(super) sq: VecDeque<Sqe>,
    pub(super) sq_entries: usize,
    pub(super) cq: VecDeque<Cqe>,
    pub(super) cq_entries: usize,
    /// Completions that found the queue full, where none is dropped.
    pub(super) overflow: VecDeque<Cqe>,
    /// Completions that found it full, where they are.
    pub(super) lost: u32,
    pub(super) requests: Slab<Request>,
    /// Requests whose task work is to be run.
    pub(super) work: VecDeque<usize>,
    /// The process whose memory the queues are in.
    pub(super) owner: u64,
    pub(super) file: FileId,
    /// An eventfd that is signalled when deferred work is queued.
    pub(super) bell: Option<FileId>,
    /// What every enter answers, once the ring is dying.
    pub(super) dead: Option<i32>,
}

impl RingState {
    fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    pub(super) fn defers(&self) -> bool {
        self.has(IORING_SETUP_DEFER_TASKRUN)
    }

    /// Task work waits for the next system call of its thread, instead of interrupting it.
    pub(super) fn cooperates(&self) -> bool {
        self.has(IORING_SETUP_COOP_TASKRUN | IORING_SETUP_DEFER_TASKRUN)
    }

    pub(super) fn submits_all(&self) -> bool {
        self.has(IORING_SETUP_SUBMIT_ALL)
    }

    pub(super) fn has_completion(&self) -> bool {
        !self.cq.is_empty() || !self.overflow.is_empty()
    }
}

impl Sim {
    /// io_uring_setup(2).
    pub(crate) fn ring(&self, setup: &Setup) -> Result<Ring, SetupError> {
        self.begin_call();
        let mut state = self.lock();
        let made = state.set_up(setup).map_err(|error| SetupError {
            stage: SetupStage::Setup,
            error,
        });
        let (ring, number, file) = made?;
        drop(state);
        Ok(Ring::new(self.clone(), ring, number, file))
    }
}

impl State {
    fn set_up(&mut self, setup: &Setup) -> io::Result<(usize, super::numbers::Number, FileId)> {
        if let Some(number) = self.linux.refuses_setup {
            return Err(errno(number));
        }
        let size = if setup.cq_entries.is_some() {
            IORING_SETUP_CQSIZE
        } else {
            0
        };
        let flags = setup.flags | size;
        let is_known = flags & !self.linux.setup_flags == 0;
        let defer_alone =
            flags & IORING_SETUP_DEFER_TASKRUN != 0 && flags & IORING_SETUP_SINGLE_ISSUER == 0;
        let flag_alone = flags & IORING_SETUP_TASKRUN_FLAG != 0
            && flags & (IORING_SETUP_COOP_TASKRUN | IORING_SETUP_DEFER_TASKRUN) == 0;
        if !is_known || defer_alone || flag_alone {
            return Err(errno(libc::EINVAL));
        }
        let most = self.linux.most_entries;
        let is_too_big = setup.entries > most && flags & IORING_SETUP_CLAMP == 0;
        if setup.entries == 0 || is_too_big {
            return Err(errno(libc::EINVAL));
        }
        if self.strikes(|faults| faults.setup_memory) {
            return Err(errno(libc::ENOMEM));
        }
        let sq_entries = setup.entries.min(most).next_power_of_two();
        let wanted = setup.cq_entries.unwrap_or(2 * sq_entries);
        let cq_entries = wanted.min(MOST_COMPLETIONS).next_power_of_two();
        if cq_entries < sq_entries {
            return Err(errno(libc::EINVAL));
        }
        let ring = self.rings.len();
        let (number, file) = self.open(Kind::Ring(ring))?;
        // Its mapping.
        self.files[file.0].holders += 1;
        self.rings.push(RingState {
            flags,
            features: self.linux.features & setup.feature_mask,
            sq: VecDeque::new(),
            sq_entries: sq_entries as usize,
            cq: VecDeque::new(),
            cq_entries: cq_entries as usize,
            overflow: VecDeque::new(),
            lost: 0,
            requests: Slab::new(),
            work: VecDeque::new(),
            owner: self.process,
            file,
            bell: None,
            dead: None,
        });
        Ok((ring, number, file))
    }

    /// The ring, whose memory only its own process has mapped.
    pub(super) fn memory(&mut self, ring: usize) -> &mut RingState {
        if self.rings[ring].owner != self.process {
            self.complain(|| "touched the memory of the parent's ring".to_owned());
        }
        &mut self.rings[ring]
    }

    pub(super) fn is_ours(&self, ring: usize) -> bool {
        self.rings[ring].owner == self.process
    }

    pub(super) fn push(&mut self, ring: usize, sqe: Sqe) -> Result<(), QueueFull> {
        let ring = self.memory(ring);
        if ring.sq.len() == ring.sq_entries {
            return Err(QueueFull);
        }
        ring.sq.push_back(sqe);
        Ok(())
    }

    /// Posts a completion. `false`: there was no room for it in the queue.
    pub(super) fn post(&mut self, ring: usize, cqe: Cqe) -> bool {
        let drops = self.linux.features & IORING_FEAT_NODROP == 0;
        let ring = &mut self.rings[ring];
        if ring.cq.len() < ring.cq_entries && ring.overflow.is_empty() {
            ring.cq.push_back(cqe);
            let file = ring.file;
            if !self.files[file.0].entries.is_empty() {
                self.wake(file, POLLIN);
            }
            return true;
        }
        if drops {
            ring.lost += 1;
        } else {
            ring.overflow.push_back(cqe);
        }
        false
    }

    /// Moves what has overflowed into the queue, as far as there is room.
    pub(super) fn flush_overflow(&mut self, ring: usize) {
        let ring = &mut self.rings[ring];
        while ring.cq.len() < ring.cq_entries {
            let Some(cqe) = ring.overflow.pop_front() else {
                return;
            };
            ring.cq.push_back(cqe);
        }
    }

    pub(super) fn shows_overflow(&mut self, ring: usize) -> bool {
        let flags_overflow = self.linux.flags_overflow;
        flags_overflow && !self.memory(ring).overflow.is_empty()
    }

    pub(super) fn shows_work(&mut self, ring: usize) -> bool {
        let ring = self.memory(ring);
        ring.has(IORING_SETUP_TASKRUN_FLAG) && !ring.work.is_empty()
    }

    /// munmap(2) of the queues; a forked child has none to unmap.
    pub(super) fn unmap(&mut self, ring: usize, file: FileId) {
        if self.is_ours(ring) {
            self.release(file);
        }
    }

    /// A ring that was closed ends all that it had in flight.
    pub(super) fn tear_down(&mut self, ring: usize) {
        let keys: Vec<usize> = self.rings[ring]
            .requests
            .iter()
            .map(|(key, _)| key)
            .collect();
        for key in keys {
            self.end_request(ring, key);
        }
        self.rings[ring].work.clear();
    }

    /// The rings of this process that are open.
    fn live_rings(&self) -> impl Iterator<Item = usize> {
        let files = self.numbers.files().into_iter();
        files.filter_map(|file| match self.files[file.0].kind {
            Kind::Ring(ring) if self.is_ours(ring) => Some(ring),
            _ => None,
        })
    }

    /// Task work ends any other sleep of its thread, runs, and lets it go on; deferred work does not.
    pub(super) fn interrupt_rings(&mut self) {
        let rings: Vec<usize> = self.live_rings().collect();
        for ring in rings {
            if !self.rings[ring].defers() {
                self.run_work(ring, usize::MAX);
            }
        }
    }

    /// Every enter of the rings that are open fails from now on. Says whether there is any.
    pub(crate) fn kill_rings(&mut self, number: i32) -> bool {
        let rings: Vec<usize> = self.live_rings().collect();
        for ring in &rings {
            self.rings[*ring].dead = Some(number);
        }
        !rings.is_empty()
    }

    /// The requests for `file`, for a message.
    pub(crate) fn describe_requests(&self, file: FileId) -> String {
        let polls = self.files[file.0].polls.iter();
        let requests = polls.map(|(ring, key)| {
            let state = &self.rings[*ring];
            let data = state.requests[*key].user_data;
            format!(
                "{data:#x} in ring {ring} ({} queued, {:?})",
                state.sq.len(),
                state.dead
            )
        });
        requests.collect::<Vec<_>>().join(", ")
    }

    /// Requests in flight in the rings of this process.
    pub(crate) fn requests(&self) -> usize {
        let ours = (0..self.rings.len()).filter(|ring| self.is_ours(*ring));
        ours.map(|ring| self.rings[ring].requests.len()).sum()
    }

    /// Those of them that are for an application's files, in rings that are open.
    pub(crate) fn user_requests(&self) -> usize {
        let of_user = |ring: usize| {
            let requests = self.rings[ring].requests.iter();
            requests
                .filter(|(_, request)| self.is_users(request.file))
                .count()
        };
        self.live_rings().map(of_user).sum()
    }
}
