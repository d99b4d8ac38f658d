//! Open files: what they are, who holds them, and what poll(2) would say of them.

use std::io;

use uring_sys::abi::{POLLIN, POLLOUT};

use super::agenda::Event;
use super::numbers::Number;
use super::ring::RingState;
use super::socket::Socket;
use super::{State, errno};

/// An open file. Unlike its number, it means the same for ever.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct FileId(pub(super) usize);

pub(super) struct File {
    pub(super) kind: Kind,
    /// Numbers of this process and of its parents, poll requests, and whoever else in the world has it open.
    pub(super) holders: u32,
    /// The poll requests that wait for it: ring and request.
    pub(super) polls: Vec<(usize, usize)>,
    /// The epoll entries that name it: set and entry.
    pub(super) entries: Vec<(usize, usize)>,
    /// The process that made it.
    maker: u64,
    /// For each poll bit, the last change at which it was true.
    last_true: [u64; 16],
}

pub(super) enum Kind {
    Socket(Socket),
    EventFd {
        count: u64,
    },
    TimerFd {
        set_to_ns: Option<u64>,
        has_expired: bool,
    },
    Epoll(usize),
    Ring(usize),
    /// Always ready, and nothing that epoll takes.
    Regular,
}

impl State {
    pub(super) fn new_file(&mut self, kind: Kind, holders: u32) -> FileId {
        self.files.push(File {
            kind,
            holders,
            polls: Vec::new(),
            entries: Vec::new(),
            maker: self.process,
            last_true: [0; 16],
        });
        let file = FileId(self.files.len() - 1);
        self.note(file);
        file
    }

    /// A new file with a number.
    pub(super) fn open(&mut self, kind: Kind) -> io::Result<(Number, FileId)> {
        if self.strikes(|faults| faults.no_number) {
            return Err(errno(libc::EMFILE));
        }
        let file = self.new_file(kind, 1);
        let number = self.numbers.add(file);
        let number = number.ok_or_else(|| errno(libc::EMFILE))?;
        Ok((number, file))
    }

    pub(super) fn file_at(&self, raw: i32) -> io::Result<FileId> {
        Number::from_raw(raw)
            .and_then(|number| self.numbers.get(number))
            .ok_or_else(|| errno(libc::EBADF))
    }

    /// dup(2).
    pub(super) fn duplicate(&mut self, raw: i32) -> io::Result<Opened> {
        let file = self.file_at(raw)?;
        if self.strikes(|faults| faults.no_number) {
            return Err(errno(libc::EMFILE));
        }
        let number = self.numbers.add(file);
        let number = number.ok_or_else(|| errno(libc::EMFILE))?;
        self.files[file.0].holders += 1;
        Ok((number, file))
    }

    /// dup3(2) of `from` to `to`, and close(2) of `from`.
    pub(super) fn put_under(&mut self, to: Number, from: Number) {
        self.close(to);
        if let Some(file) = self.numbers.remove(from) {
            self.numbers.replace(to, file);
        }
    }

    /// Signals an eventfd.
    pub(super) fn ring_bell(&mut self, file: FileId) {
        if let Kind::EventFd { count } = &mut self.files[file.0].kind {
            *count += 1;
            self.wake(file, POLLIN);
        }
    }

    /// Whether `number` is still the object that this process made.
    pub(super) fn check_own(&mut self, number: Number, file: FileId) -> io::Result<()> {
        match self.numbers.get(number) {
            None => return Err(errno(libc::EBADF)),
            Some(other) if other != file => return Err(errno(libc::EINVAL)),
            Some(_) => {}
        }
        if self.files[file.0].maker != self.process {
            self.complain(|| format!("used {file:?}, which is the parent's"));
        }
        Ok(())
    }

    /// close(2).
    pub(super) fn close(&mut self, number: Number) {
        if let Some(file) = self.numbers.remove(number) {
            self.release(file);
        }
    }

    /// close(2) by the owner of an object: a number that has become another file's must not be closed.
    pub(super) fn close_own(&mut self, number: Number, own: FileId) {
        match self.numbers.get(number) {
            Some(file) if file == own => self.close(number),
            // Closed behind its back; to close it once more is EBADF.
            None => {}
            Some(file) => {
                self.complain(|| format!("closed the number of {file:?}, not of {own:?}"))
            }
        }
    }

    pub(super) fn release(&mut self, file: FileId) {
        self.files[file.0].holders -= 1;
        if self.files[file.0].holders > 0 {
            return;
        }
        // The entries of an epoll set do not hold a file; they end with it.
        for (epoll, entry) in std::mem::take(&mut self.files[file.0].entries) {
            self.forget_entry(epoll, entry);
        }
        match &self.files[file.0].kind {
            Kind::Socket(_) => self.end_socket(file),
            Kind::Epoll(epoll) => self.end_epoll(*epoll),
            Kind::Ring(ring) => {
                // Some 0.2 ms (plain) to 5 ms (deferred) later, by a worker.
                let ring = *ring;
                let delay = self.rng.between(200_000, 5_000_000);
                self.enter(self.now_ns + delay, Event::Teardown(ring));
            }
            Kind::EventFd { .. } | Kind::TimerFd { .. } | Kind::Regular => {}
        }
    }

    /// What poll(2) would report if asked for everything.
    pub(crate) fn level(&self, file: FileId) -> u32 {
        match &self.files[file.0].kind {
            Kind::Socket(socket) => self.socket_level(socket),
            Kind::EventFd { count } => POLLOUT | if *count > 0 { POLLIN } else { 0 },
            Kind::TimerFd { has_expired, .. } => u32::from(*has_expired) * POLLIN,
            Kind::Epoll(epoll) => u32::from(self.has_event(*epoll)) * POLLIN,
            Kind::Ring(ring) => {
                let ring = self.rings.get(*ring);
                u32::from(ring.is_some_and(RingState::has_completion)) * POLLIN
            }
            Kind::Regular => POLLIN | POLLOUT,
        }
    }

    /// Writes down what is true now.
    pub(super) fn note(&mut self, file: FileId) {
        let level = self.level(file);
        self.change += 1;
        for (bit, last_true) in self.files[file.0].last_true.iter_mut().enumerate() {
            if level >> bit & 1 != 0 {
                *last_true = self.change;
            }
        }
    }

    /// The number of changes so far, for [`true_since`](Self::true_since).
    pub(crate) fn changes(&self) -> u64 {
        self.change
    }

    /// Every bit that is true now, or was at any time since then.
    pub(crate) fn true_since(&self, file: FileId, change: u64) -> u32 {
        let last_true = self.files[file.0].last_true.iter().enumerate();
        let past = last_true.filter(|(_, last)| **last >= change);
        past.fold(self.level(file), |bits, (bit, _)| bits | 1 << bit)
    }

    /// Tells everybody who waits for `file` that these bits have become true; 0: to see for themselves.
    pub(super) fn wake(&mut self, file: FileId, key: u32) {
        self.note(file);
        // What completes at once takes itself out of the list, and perhaps others.
        let mut polls = std::mem::take(&mut self.scratch);
        polls.extend_from_slice(&self.files[file.0].polls);
        for (ring, request) in polls.drain(..) {
            self.wake_request(ring, request, file, key);
        }
        self.scratch = polls;
        let mut entries = std::mem::take(&mut self.scratch);
        entries.extend_from_slice(&self.files[file.0].entries);
        for (epoll, entry) in entries.drain(..) {
            self.wake_entry(epoll, entry, key);
        }
        self.scratch = entries;
    }

    pub(super) fn fire_timer(&mut self, file: FileId) {
        let now_ns = self.now_ns;
        let Kind::TimerFd {
            set_to_ns,
            has_expired,
        } = &mut self.files[file.0].kind
        else {
            return;
        };
        // One that was set anew meanwhile has another event.
        if set_to_ns.is_some_and(|at| at <= now_ns) {
            (*set_to_ns, *has_expired) = (None, true);
            self.wake(file, POLLIN);
        }
    }

    /// Poll requests that pin `file`, in rings of this process. Those of a ring that does not answer cannot be taken
    /// back; they end some time after it is closed.
    pub(crate) fn pins(&self, file: FileId) -> usize {
        let polls = self.files[file.0].polls.iter();
        let can_end = |ring: usize| self.is_ours(ring) && self.rings[ring].dead.is_none();
        polls.filter(|(ring, _)| can_end(*ring)).count()
    }

    pub(super) fn is_users(&self, file: FileId) -> bool {
        matches!(self.files[file.0].kind, Kind::Socket(_) | Kind::Regular)
    }

    /// Whether nobody has it open any more, but for rings that do not answer.
    pub(crate) fn is_released(&self, file: FileId) -> bool {
        let polls = self.files[file.0].polls.iter();
        let by_dead = polls.filter(|(ring, _)| self.rings[*ring].dead.is_some());
        self.files[file.0].holders as usize == by_dead.count()
    }

    /// Entries that name `file`, in epoll sets of this process.
    pub(crate) fn listings(&self, file: FileId) -> usize {
        let entries = self.files[file.0].entries.iter();
        entries.filter(|(epoll, _)| self.is_our_set(*epoll)).count()
    }

    /// Somebody closes a number that is not theirs. It is given to another file at once, or to none for ever:
    /// either way its owner must not close it again.
    pub(super) fn close_and_block(&mut self, number: Number, reuse: bool) {
        self.close(number);
        self.numbers.block(number);
        if reuse {
            let other = self.new_file(Kind::Regular, 1);
            self.numbers.replace(number, other);
            self.foreign.push(other);
        }
    }

    /// Somebody closes the number of each eventfd that this process has made.
    pub(crate) fn close_eventfds(&mut self) -> bool {
        self.close_kind(false, |kind| matches!(kind, Kind::EventFd { .. }))
    }

    /// Somebody closes the number of each timerfd that this process has made. With `reuse` it becomes another file's.
    pub(crate) fn close_timerfds(&mut self, reuse: bool) -> bool {
        self.close_kind(reuse, |kind| matches!(kind, Kind::TimerFd { .. }))
    }

    fn close_kind(&mut self, reuse: bool, is_of_it: impl Fn(&Kind) -> bool) -> bool {
        let mut has_any = false;
        for file in self.numbers.files() {
            let File { kind, maker, .. } = &self.files[file.0];
            if !is_of_it(kind) || *maker != self.process {
                continue;
            }
            if let Some(number) = self.numbers.position(file) {
                self.close_and_block(number, reuse);
                has_any = true;
            }
        }
        has_any
    }

    /// Every open number of this process.
    pub(crate) fn open_files(&self) -> Vec<FileId> {
        let files = self.numbers.files().into_iter();
        files.filter(|file| !self.foreign.contains(file)).collect()
    }
}

/// A number, and the file that it was opened as.
pub(crate) type Opened = (Number, FileId);
