//! io_uring_enter(2): takes requests, runs what was deferred, waits.

use std::io;
use std::time::Duration;

use uring_sys::abi::{
    IORING_ASYNC_CANCEL_ALL, IORING_ASYNC_CANCEL_ANY, IORING_FEAT_CQE_SKIP, IORING_FEAT_EXT_ARG,
    IORING_FEAT_LINKED_FILE, IORING_FEAT_RSRC_TAGS, IORING_OP_ASYNC_CANCEL, IORING_OP_MSG_RING,
    IORING_OP_NOP, IORING_OP_POLL_ADD, IORING_OP_POLL_REMOVE, IORING_POLL_ADD_MULTI,
    IORING_SETUP_SUBMIT_ALL, IOSQE_CQE_SKIP_SUCCESS, io_uring_sqe,
};

use super::agenda::Step;
use super::files::{FileId, Kind};
use super::numbers::Number;
use super::polls::completion;
use super::{Sim, State, errno, nanos};

/// What an enter is asked for, besides taking what was pushed.
#[derive(Clone, Copy)]
pub(super) struct Want {
    pub(super) min_complete: usize,
    pub(super) get_events: bool,
    pub(super) timeout: Option<Duration>,
}

/// What became of one request.
enum Taken {
    /// It has completed with this, or will complete later.
    Done(Option<i32>),
    /// It completes with this errno, and without SUBMIT_ALL its batch ends with it.
    Bad(i32),
}

impl Sim {
    pub(super) fn enter(
        &self,
        ring: usize,
        number: Number,
        file: FileId,
        want: Want,
    ) -> io::Result<u32> {
        self.begin_call();
        let entered = self.enter_ring(ring, number, file, want);
        self.end_call();
        entered
    }

    fn enter_ring(&self, ring: usize, number: Number, file: FileId, want: Want) -> io::Result<u32> {
        let mut state = self.lock();
        state.check_ring(ring, number, file)?;
        if !state.rings[ring].defers() {
            state.run_work(ring, usize::MAX);
        }
        if state.strikes(|faults| faults.busy) {
            return Err(errno(state.rng.pick(&[libc::EBUSY, libc::ENOMEM])));
        }
        let waiting = state.rings[ring].sq.len();
        let taken = state.submit(ring)?;
        if taken < waiting || !want.get_events {
            // A short submit does not wait, nor run anything.
            return Ok(count(taken));
        }
        state.flush_overflow(ring);
        if state.rings[ring].defers() {
            let mut limit = state.linux.deferred_cap;
            if state.strikes(|faults| faults.sluggish) {
                limit = state.rng.below(4);
            }
            state.run_work(ring, limit.max(want.min_complete));
            state.flush_overflow(ring);
        }
        let interrupted = |taken| {
            if taken > 0 {
                Ok(count(taken))
            } else {
                Err(errno(libc::EINTR))
            }
        };
        let needed = want.min_complete.min(state.rings[ring].cq_entries);
        let until_ns = want.timeout.map(|time| state.now_ns + nanos(time));
        if state.rings[ring].cq.len() < needed && state.strikes(|faults| faults.interrupt) {
            return interrupted(taken);
        }
        while state.rings[ring].cq.len() < needed {
            state.judge_sleep();
            drop(state);
            match self.sleep_step(until_ns) {
                Step::Happened => {}
                Step::TimedOut if taken > 0 => return Ok(count(taken)),
                Step::TimedOut => return Err(errno(libc::ETIME)),
                Step::Interrupted | Step::Hung => return interrupted(taken),
            }
            state = self.lock();
            if let Some(number) = state.rings[ring].dead {
                return Err(errno(number));
            }
            // After a sleep, no more of the deferred work than was waited for.
            let limit = if state.rings[ring].defers() {
                want.min_complete.max(1)
            } else {
                usize::MAX
            };
            while state.rings[ring].cq.len() < needed && !state.rings[ring].work.is_empty() {
                state.run_work(ring, limit);
            }
            state.flush_overflow(ring);
        }
        Ok(count(taken))
    }
}

fn count(taken: usize) -> u32 {
    u32::try_from(taken).unwrap_or(u32::MAX)
}

impl State {
    /// Whether the descriptor is still the ring, and the ring works.
    fn check_ring(&mut self, ring: usize, number: Number, file: FileId) -> io::Result<()> {
        self.memory(ring);
        match self.numbers.get(number) {
            None => return Err(errno(libc::EBADF)),
            Some(other) if other != file => return Err(errno(libc::EOPNOTSUPP)),
            Some(_) => {}
        }
        match self.rings[ring].dead.or(self.linux.refuses_enter) {
            Some(number) => Err(errno(number)),
            None => Ok(()),
        }
    }

    fn submit(&mut self, ring: usize) -> io::Result<usize> {
        if self.rings[ring].sq.is_empty() {
            return Ok(0);
        }
        if self.linux.busy_when_full && !self.rings[ring].overflow.is_empty() {
            self.flush_overflow(ring);
            if !self.rings[ring].overflow.is_empty() {
                return Err(errno(libc::EBUSY));
            }
        }
        let mut taken = 0;
        while !self.rings[ring].sq.is_empty() {
            if self.strikes(|faults| faults.again) {
                break;
            }
            let Some(sqe) = self.rings[ring].sq.pop_front() else {
                break;
            };
            taken += 1;
            if !self.take(ring, &sqe.into_raw()) {
                break;
            }
        }
        if taken == 0 {
            return Err(errno(libc::EAGAIN));
        }
        Ok(taken)
    }

    /// Takes one request. `false`: it ends its batch.
    fn take(&mut self, ring: usize, sqe: &io_uring_sqe) -> bool {
        let skips = sqe.flags & IOSQE_CQE_SKIP_SUCCESS != 0;
        let is_unknown = sqe.flags & !IOSQE_CQE_SKIP_SUCCESS != 0
            || skips && self.linux.features & IORING_FEAT_CQE_SKIP == 0;
        // Every word that an operation does not use has to be zero.
        let has_offset = sqe.off != 0 && sqe.opcode != IORING_OP_MSG_RING;
        let is_dirty = has_offset || sqe.ioprio != 0 || sqe.buf_index != 0 || sqe.personality != 0;
        let taken = if is_unknown || is_dirty {
            Taken::Bad(libc::EINVAL)
        } else {
            match sqe.opcode {
                IORING_OP_NOP => Taken::Done(Some(0)),
                IORING_OP_POLL_ADD => self.take_poll(ring, sqe),
                IORING_OP_POLL_REMOVE if sqe.op_flags == 0 && sqe.len == 0 => {
                    Taken::Done(Some(self.remove_poll(ring, sqe.addr)))
                }
                IORING_OP_ASYNC_CANCEL => self.take_cancel(ring, sqe),
                IORING_OP_MSG_RING if self.linux.setup_flags & IORING_SETUP_SUBMIT_ALL != 0 => {
                    self.take_message(sqe)
                }
                _ => Taken::Bad(libc::EINVAL),
            }
        };
        match taken {
            Taken::Done(None) => {}
            Taken::Done(Some(result)) if skips && result >= 0 => {}
            Taken::Done(Some(result)) => {
                self.post(ring, completion(sqe.user_data, result, 0));
            }
            Taken::Bad(number) => {
                self.post(ring, completion(sqe.user_data, -number, 0));
                return self.rings[ring].submits_all();
            }
        }
        true
    }

    fn take_poll(&mut self, ring: usize, sqe: &io_uring_sqe) -> Taken {
        let is_multishot = sqe.len == IORING_POLL_ADD_MULTI;
        let has_multishot = self.linux.features & IORING_FEAT_RSRC_TAGS != 0;
        if sqe.addr != 0 || is_multishot && !has_multishot || !is_multishot && sqe.len != 0 {
            return Taken::Bad(libc::EINVAL);
        }
        let Ok(file) = self.file_at(sqe.fd) else {
            // Looked up when the request is issued, since 5.17; before, when it is prepared.
            return if self.linux.features & IORING_FEAT_LINKED_FILE != 0 {
                Taken::Done(Some(-libc::EBADF))
            } else {
                Taken::Bad(libc::EBADF)
            };
        };
        match self.arm_poll(ring, sqe.user_data, file, sqe.op_flags, is_multishot) {
            Ok(()) => Taken::Done(None),
            Err(number) => Taken::Done(Some(-number)),
        }
    }

    /// A message is a completion of the ring that it is for (5.18, as SUBMIT_ALL).
    fn take_message(&mut self, sqe: &io_uring_sqe) -> Taken {
        let target = self.file_at(sqe.fd).map(|file| &self.files[file.0].kind);
        let Ok(Kind::Ring(target)) = target else {
            return Taken::Done(Some(-libc::EBADFD));
        };
        self.post(*target, completion(sqe.off, sqe.len.cast_signed(), 0));
        Taken::Done(Some(0))
    }

    fn take_cancel(&mut self, ring: usize, sqe: &io_uring_sqe) -> Taken {
        let everything = IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL;
        if sqe.op_flags == everything && self.linux.cancels_any {
            Taken::Done(Some(self.cancel_all(ring)))
        } else if sqe.op_flags == 0 {
            Taken::Done(Some(self.cancel_one(ring, sqe.addr)))
        } else {
            Taken::Bad(libc::EINVAL)
        }
    }

    /// Whether the ring's wait takes a timeout.
    pub(super) fn takes_timeout(&self, ring: usize) -> bool {
        self.rings[ring].features & IORING_FEAT_EXT_ARG != 0
    }

    /// Somebody closes the number of each open ring. With `reuse` it becomes another file's at once.
    pub(crate) fn close_rings(&mut self, reuse: bool) -> bool {
        let mut has_any = false;
        for file in self.numbers.files() {
            let Kind::Ring(ring) = self.files[file.0].kind else {
                continue;
            };
            let number = self.numbers.position(file);
            if let Some(number) = number.filter(|_| self.is_ours(ring)) {
                self.close_and_block(number, reuse);
                self.rings[ring].dead = Some(libc::EBADF);
                has_any = true;
            }
        }
        has_any
    }
}
