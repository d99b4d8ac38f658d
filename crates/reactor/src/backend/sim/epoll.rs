//! Epoll sets.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use slab::Slab;
use uring_sys::abi::{POLLERR, POLLHUP};
use uring_sys::epoll::{EPOLLET, EventBuffer};

use super::agenda::Step;
use super::files::{FileId, Kind};
use super::numbers::Number;
use super::objects::Epoll;
use super::{Sim, State, errno, nanos};

/// Reported unasked; unlike a ring, not RDHUP.
const UNASKED: u32 = POLLERR | POLLHUP;

pub(super) struct EpollState {
    file: FileId,
    entries: Slab<Entry>,
    /// Entries that something has happened to, oldest first.
    ready: VecDeque<usize>,
    owner: u64,
}

/// An entry is known by number *and* file, and lives as long as the file, not as the number.
struct Entry {
    number: i32,
    file: FileId,
    events: u32,
    data: u64,
    is_queued: bool,
}

/// One operation of epoll_ctl(2).
#[derive(Clone, Copy)]
pub(super) enum Control {
    Add,
    Modify,
    Delete,
}

impl Sim {
    /// epoll_create1(2).
    pub(crate) fn epoll(&self) -> io::Result<Epoll> {
        let mut state = self.lock();
        let epoll = state.epolls.len();
        let file = FileId(state.files.len());
        let owner = state.process;
        state.epolls.push(EpollState {
            file,
            entries: Slab::new(),
            ready: VecDeque::new(),
            owner,
        });
        let (number, file) = state.open(Kind::Epoll(epoll))?;
        drop(state);
        Ok(Epoll::new(self.clone(), epoll, number, file))
    }

    /// epoll_wait(2). A signal ends it with EINTR.
    pub(super) fn wait_for_epoll(
        &self,
        epoll: usize,
        buffer: &mut EventBuffer,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        self.begin_call();
        let waited = self.collect_events(epoll, buffer, timeout);
        self.end_call();
        waited
    }

    /// poll(2) of one number for reading, by a loop that is not ours.
    pub(crate) fn poll(&self, raw: i32) {
        self.begin_call();
        loop {
            let mut state = self.lock();
            state.interrupt_rings();
            let file = state.file_at(raw);
            if file.is_ok_and(|file| state.level(file) & uring_sys::abi::POLLIN != 0) {
                break;
            }
            state.judge_sleep();
            drop(state);
            if !matches!(self.sleep_step(None), Step::Happened) {
                break;
            }
        }
        self.end_call();
    }

    fn collect_events(
        &self,
        epoll: usize,
        buffer: &mut EventBuffer,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        buffer.clear();
        let mut state = self.lock();
        let until_ns = timeout.map(|time| state.now_ns + nanos(time));
        let sleeps = timeout != Some(Duration::ZERO);
        if sleeps && state.strikes(|faults| faults.interrupt) {
            return Err(errno(libc::EINTR));
        }
        loop {
            state.take_events(epoll, buffer);
            if !buffer.is_empty() || !sleeps {
                return Ok(());
            }
            state.judge_sleep();
            drop(state);
            match self.sleep_step(until_ns) {
                Step::Happened => {}
                Step::TimedOut => return Ok(()),
                Step::Interrupted | Step::Hung => return Err(errno(libc::EINTR)),
            }
            state = self.lock();
        }
    }
}

impl State {
    /// The set, if the descriptor is still one, and this process made it.
    pub(super) fn check_epoll(
        &mut self,
        epoll: usize,
        number: Number,
        file: FileId,
    ) -> io::Result<()> {
        match self.numbers.get(number) {
            None => return Err(errno(libc::EBADF)),
            Some(other) if other != file => return Err(errno(libc::EINVAL)),
            Some(_) => {}
        }
        if self.epolls[epoll].owner != self.process {
            self.complain(|| "used the parent's epoll set".to_owned());
        }
        Ok(())
    }

    /// epoll_ctl(2).
    pub(super) fn control_epoll(
        &mut self,
        epoll: usize,
        control: Control,
        number: i32,
        events: u32,
        data: u64,
    ) -> io::Result<()> {
        let file = self.file_at(number)?;
        if matches!(self.files[file.0].kind, Kind::Regular) {
            return Err(errno(libc::EPERM));
        }
        if file == self.epolls[epoll].file {
            return Err(errno(libc::EINVAL));
        }
        if let Kind::Epoll(other) = self.files[file.0].kind
            && self.holds_sets(other)
        {
            return Err(errno(libc::ELOOP));
        }
        let mut entries = self.epolls[epoll].entries.iter();
        let known = entries.find(|(_, entry)| (entry.number, entry.file) == (number, file));
        let known = known.map(|(key, _)| key);
        match (control, known) {
            (Control::Add, Some(_)) => Err(errno(libc::EEXIST)),
            (Control::Modify | Control::Delete, None) => Err(errno(libc::ENOENT)),
            (Control::Add, None) => {
                if self.strikes(|faults| faults.epoll_memory) {
                    return Err(errno(libc::ENOMEM));
                }
                let key = self.epolls[epoll].entries.insert(Entry {
                    number,
                    file,
                    events,
                    data,
                    is_queued: false,
                });
                self.files[file.0].entries.push((epoll, key));
                self.look_at_entry(epoll, key);
                Ok(())
            }
            (Control::Modify, Some(key)) => {
                let entry = &mut self.epolls[epoll].entries[key];
                (entry.events, entry.data) = (events, data);
                self.look_at_entry(epoll, key);
                Ok(())
            }
            (Control::Delete, Some(key)) => {
                self.files[file.0].entries.retain(|at| *at != (epoll, key));
                self.forget_entry(epoll, key);
                Ok(())
            }
        }
    }

    fn holds_sets(&self, epoll: usize) -> bool {
        let mut entries = self.epolls[epoll].entries.iter();
        entries.any(|(_, entry)| matches!(self.files[entry.file.0].kind, Kind::Epoll(_)))
    }

    /// What an entry asks for may be true already.
    fn look_at_entry(&mut self, epoll: usize, key: usize) {
        let entry = &self.epolls[epoll].entries[key];
        if self.level(entry.file) & (entry.events | UNASKED) != 0 {
            self.queue_entry(epoll, key);
        }
    }

    pub(super) fn wake_entry(&mut self, epoll: usize, key: usize, bits: u32) {
        let Some(entry) = self.epolls[epoll].entries.get(key) else {
            return;
        };
        let events = entry.events;
        if bits == 0 || bits & (events | UNASKED) != 0 {
            self.queue_entry(epoll, key);
        }
    }

    fn queue_entry(&mut self, epoll: usize, key: usize) {
        let reorders = self.strikes(|faults| faults.reorder);
        let set = &mut self.epolls[epoll];
        if !std::mem::replace(&mut set.entries[key].is_queued, true) {
            if reorders {
                set.ready.push_front(key);
            } else {
                set.ready.push_back(key);
            }
        }
        let file = set.file;
        self.wake(file, uring_sys::abi::POLLIN);
    }

    /// Moves what is true of the entries in the ready list into `buffer`. Level-triggered ones stay in it.
    fn take_events(&mut self, epoll: usize, buffer: &mut EventBuffer) {
        for _ in 0..self.epolls[epoll].ready.len() {
            if buffer.is_full() {
                return;
            }
            let Some(key) = self.epolls[epoll].ready.pop_front() else {
                return;
            };
            let entry = &self.epolls[epoll].entries[key];
            let found = self.level(entry.file) & (entry.events | UNASKED);
            let stays = found != 0 && entry.events & EPOLLET == 0;
            if found != 0 {
                buffer.push(found, entry.data);
            }
            let set = &mut self.epolls[epoll];
            set.entries[key].is_queued = stays;
            if stays {
                set.ready.push_back(key);
            }
        }
    }

    pub(super) fn has_event(&self, epoll: usize) -> bool {
        let set = &self.epolls[epoll];
        set.ready.iter().any(|key| {
            let entry = &set.entries[*key];
            self.level(entry.file) & (entry.events | UNASKED) != 0
        })
    }

    /// Takes an entry out of its set. The file's own list is the caller's business.
    pub(super) fn forget_entry(&mut self, epoll: usize, key: usize) {
        let set = &mut self.epolls[epoll];
        set.entries.remove(key);
        set.ready.retain(|other| *other != key);
    }

    /// The set was closed.
    pub(super) fn end_epoll(&mut self, epoll: usize) {
        let entries = std::mem::take(&mut self.epolls[epoll].entries);
        self.epolls[epoll].ready.clear();
        for (key, entry) in &entries {
            self.files[entry.file.0]
                .entries
                .retain(|at| *at != (epoll, key));
        }
    }

    /// The entries for `file`, for a message.
    pub(crate) fn describe_entries(&self, file: FileId) -> String {
        let entries = self.files[file.0].entries.iter();
        let entries = entries.map(|(epoll, key)| {
            let entry = &self.epolls[*epoll].entries[*key];
            let position = Number::from_raw(entry.number);
            format!("{:#x} in set {epoll}, {position:?}", entry.data)
        });
        entries.collect::<Vec<_>>().join(", ")
    }

    /// Whether this process has made it and has it open.
    pub(super) fn is_our_set(&self, epoll: usize) -> bool {
        let set = &self.epolls[epoll];
        set.owner == self.process && self.numbers.position(set.file).is_some()
    }

    /// Somebody closes the number of each open epoll set of this process.
    pub(crate) fn close_epolls(&mut self, reuse: bool) -> bool {
        let mut has_any = false;
        for file in self.numbers.files() {
            let Kind::Epoll(epoll) = self.files[file.0].kind else {
                continue;
            };
            let number = self.numbers.position(file);
            if let Some(number) = number.filter(|_| self.is_our_set(epoll)) {
                self.close_and_block(number, reuse);
                has_any = true;
            }
        }
        has_any
    }
}
