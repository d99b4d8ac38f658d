//! Poll requests in flight: armed, woken, cancelled, and the task work that completes them.

use uring_sys::Cqe;
use uring_sys::abi::{IORING_CQE_F_MORE, POLLIN, POLLOUT, POLLPRI};

use super::State;
use super::files::{FileId, Kind};
use super::socket::Quirk;

pub(super) struct Request {
    pub(super) user_data: u64,
    pub(super) file: FileId,
    events: u32,
    is_multishot: bool,
    phase: Phase,
}

/// Where a request is. Its completion is posted by task work, except when it is ready as it is armed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Waiting,
    /// Something has woken it: with these bits, or with 0 to look again.
    Woken(u32),
    Cancelled,
}

impl State {
    /// Arms a poll. An error is the result of the request.
    pub(super) fn arm_poll(
        &mut self,
        ring: usize,
        user_data: u64,
        file: FileId,
        events: u32,
        is_multishot: bool,
    ) -> Result<(), i32> {
        let level = self.level(file);
        let mask = level & (events | self.linux.unasked());
        let quirk = self.quirk(file);
        let is_regular = matches!(self.files[file.0].kind, Kind::Regular);
        if let Quirk::Refused(errno) = quirk {
            return Err(errno);
        }
        if is_regular && events & (POLLIN | POLLOUT) == 0 {
            return Err(libc::EINVAL);
        }
        if mask == 0 && quirk == Quirk::TwoQueues && self.linux.one_queue {
            return Err(libc::EINVAL);
        }
        if self.strikes(|faults| faults.poll_memory) {
            return Err(self.rng.pick(&[libc::ENOMEM, libc::EAGAIN]));
        }
        if !is_multishot && self.strikes(|faults| faults.poll_refused) {
            return Err(self
                .rng
                .pick(&[libc::EINVAL, libc::EOPNOTSUPP, libc::EACCES]));
        }
        if mask != 0 {
            let stays = is_multishot && self.takes_more(ring);
            let more = if stays { IORING_CQE_F_MORE } else { 0 };
            self.post(ring, completion(user_data, mask.cast_signed(), more));
            if !stays {
                return Ok(());
            }
        }
        let request = Request {
            user_data,
            file,
            events,
            is_multishot,
            phase: Phase::Waiting,
        };
        let key = self.rings[ring].requests.insert(request);
        self.files[file.0].polls.push((ring, key));
        self.files[file.0].holders += 1;
        if self.strikes(|faults| faults.poll_cancelled) {
            // The task that armed it is gone, says the kernel when it fires; here it does so at once.
            self.set_phase(ring, key, Phase::Cancelled);
        }
        Ok(())
    }

    /// The file of a request has changed.
    pub(super) fn wake_request(&mut self, ring: usize, key: usize, file: FileId, bits: u32) {
        let unasked = self.linux.unasked();
        let keyed = self.strikes(|faults| faults.keyed);
        let request = self.rings[ring].requests.get(key);
        let Some(request) = request.filter(|request| request.file == file) else {
            return;
        };
        // PRI is left out when the kernel compares what has changed with what is waited for (6.18 too).
        let counts = bits == 0 || bits & (request.events & !POLLPRI | unasked) != 0;
        if request.phase != Phase::Waiting || !counts {
            return;
        }
        let mask = if keyed {
            bits & (request.events | unasked)
        } else {
            0
        };
        self.set_phase(ring, key, Phase::Woken(mask));
        if !self.rings[ring].cooperates() && self.rng.one_in(2) {
            // An interrupt made the thread run it; otherwise its next system call does.
            self.run_work(ring, usize::MAX);
        }
    }

    fn set_phase(&mut self, ring: usize, key: usize, phase: Phase) {
        let reorders = self.strikes(|faults| faults.reorder);
        let was = std::mem::replace(&mut self.rings[ring].requests[key].phase, phase);
        if was != Phase::Waiting {
            // It is in the list of work already.
            return;
        }
        let work = &mut self.rings[ring].work;
        if reorders && !work.is_empty() {
            let at = self.rng.below(work.len());
            work.insert(at, key);
        } else {
            work.push_back(key);
        }
        let ring = &self.rings[ring];
        if let Some(bell) = ring.bell.filter(|_| ring.defers()) {
            self.ring_bell(bell);
        }
    }

    /// Runs task work, at most so much of it.
    pub(super) fn run_work(&mut self, ring: usize, limit: usize) {
        for _ in 0..limit.min(self.rings[ring].work.len()) {
            let Some(key) = self.rings[ring].work.pop_front() else {
                return;
            };
            let unasked = self.linux.unasked();
            let request = &self.rings[ring].requests[key];
            let (user_data, is_multishot) = (request.user_data, request.is_multishot);
            let wanted = request.events | unasked;
            let mask = match request.phase {
                Phase::Cancelled => {
                    let result = self.linux.cancelled;
                    self.end_request(ring, key);
                    self.post(ring, completion(user_data, result, 0));
                    continue;
                }
                Phase::Woken(0) | Phase::Waiting => self.level(request.file) & wanted,
                Phase::Woken(mask) => mask,
            };
            self.rings[ring].requests[key].phase = Phase::Waiting;
            if mask == 0 {
                // Somebody else has used it up: it goes on waiting.
                continue;
            }
            let result = mask.cast_signed();
            if is_multishot && self.takes_more(ring) {
                self.post(ring, completion(user_data, result, IORING_CQE_F_MORE));
            } else {
                self.end_request(ring, key);
                self.post(ring, completion(user_data, result, 0));
            }
        }
    }

    /// A multishot request ends with a full queue.
    fn takes_more(&self, ring: usize) -> bool {
        let ring = &self.rings[ring];
        ring.overflow.is_empty() && ring.cq.len() < ring.cq_entries
    }

    /// Takes the request out and lets its file go. What becomes of its completion is the caller's business.
    pub(super) fn end_request(&mut self, ring: usize, key: usize) {
        let request = self.rings[ring].requests.remove(key);
        self.files[request.file.0]
            .polls
            .retain(|poll| *poll != (ring, key));
        self.release(request.file);
    }

    /// POLL_REMOVE: the result of the removal.
    pub(super) fn remove_poll(&mut self, ring: usize, target: u64) -> i32 {
        let found = self.rings[ring]
            .requests
            .iter()
            .find(|(_, request)| request.user_data == target)
            .map(|(key, request)| (key, request.phase));
        match found {
            None => -libc::ENOENT,
            Some((key, Phase::Waiting)) => {
                self.set_phase(ring, key, Phase::Cancelled);
                0
            }
            Some(_) => -libc::EALREADY,
        }
    }

    /// ASYNC_CANCEL of one: unlike a removal, it also stops one that has been woken.
    pub(super) fn cancel_one(&mut self, ring: usize, target: u64) -> i32 {
        let mut requests = self.rings[ring].requests.iter();
        let found = requests.find(|(_, request)| request.user_data == target);
        let Some((key, _)) = found else {
            return -libc::ENOENT;
        };
        self.set_phase(ring, key, Phase::Cancelled);
        0
    }

    /// ASYNC_CANCEL of everything: how many there were.
    pub(super) fn cancel_all(&mut self, ring: usize) -> i32 {
        let keys: Vec<usize> = self.rings[ring]
            .requests
            .iter()
            .map(|(key, _)| key)
            .collect();
        for key in &keys {
            self.set_phase(ring, *key, Phase::Cancelled);
        }
        i32::try_from(keys.len()).unwrap_or(i32::MAX)
    }
}

pub(super) fn completion(user_data: u64, result: i32, flags: u32) -> Cqe {
    Cqe {
        user_data,
        result,
        flags,
    }
}
