//! The objects that a reactor holds, and the file that a test holds. Dropping one closes its number.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use uring_sys::abi::{POLLERR, POLLHUP};
use uring_sys::epoll::EventBuffer;
use uring_sys::{Cqe, QueueFull, Sqe};

use super::agenda::Event;
use super::enter::Want;
use super::epoll::Control;
use super::files::{FileId, Kind, Opened};
use super::numbers::Number;
use super::{Sim, State, errno, nanos};

/// A number that is owned.
#[derive(Debug)]
struct Own {
    sim: Sim,
    number: Number,
    /// Changes only where another file is put under the number.
    file: AtomicUsize,
    /// Given up: somebody else has closed it.
    is_disowned: AtomicBool,
}

impl Drop for Own {
    fn drop(&mut self) {
        if !self.is_disowned() {
            self.sim.lock().close_own(self.number, self.file());
        }
    }
}

impl Own {
    fn file(&self) -> FileId {
        FileId(self.file.load(Ordering::Relaxed))
    }

    fn is_disowned(&self) -> bool {
        self.is_disowned.load(Ordering::Relaxed)
    }

    fn disown(&self) {
        self.is_disowned.store(true, Ordering::Relaxed);
    }
}

#[derive(Debug)]
pub(crate) struct Ring {
    ring: usize,
    own: Own,
}

impl Ring {
    pub(super) fn new(sim: Sim, ring: usize, number: Number, file: FileId) -> Ring {
        let own = sim.own((number, file));
        Ring { ring, own }
    }

    pub(crate) fn features(&self) -> u32 {
        self.own.sim.lock().memory(self.ring).features
    }

    pub(crate) fn sq_entries(&self) -> u32 {
        small(self.own.sim.lock().memory(self.ring).sq_entries)
    }

    pub(crate) fn cq_entries(&self) -> u32 {
        small(self.own.sim.lock().memory(self.ring).cq_entries)
    }

    pub(crate) fn push(&mut self, sqe: Sqe) -> Result<(), QueueFull> {
        self.own.sim.lock().push(self.ring, sqe)
    }

    pub(crate) fn to_submit(&self) -> u32 {
        small(self.own.sim.lock().memory(self.ring).sq.len())
    }

    pub(crate) fn submit(&mut self) -> io::Result<u32> {
        if self.to_submit() == 0 {
            return Ok(0);
        }
        self.enter(0, false, None)
    }

    pub(crate) fn submit_and_get_events(&mut self) -> io::Result<u32> {
        self.enter(0, true, None)
    }

    pub(crate) fn submit_and_wait(
        &mut self,
        min_complete: u32,
        timeout: Option<Duration>,
    ) -> io::Result<u32> {
        if timeout.is_some() && !self.own.sim.lock().takes_timeout(self.ring) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        self.enter(min_complete as usize, true, timeout)
    }

    fn enter(
        &mut self,
        min_complete: usize,
        get_events: bool,
        timeout: Option<Duration>,
    ) -> io::Result<u32> {
        if self.own.is_disowned() {
            // What has taken its place is no ring.
            return Err(errno(libc::EOPNOTSUPP));
        }
        let (sim, number, file) = (&self.own.sim, self.own.number, self.own.file());
        let want = Want {
            min_complete,
            get_events,
            timeout,
        };
        sim.enter(self.ring, number, file, want)
    }

    pub(crate) fn pop(&mut self) -> Option<Cqe> {
        self.own.sim.lock().memory(self.ring).cq.pop_front()
    }

    pub(crate) fn cq_ready(&self) -> u32 {
        small(self.own.sim.lock().memory(self.ring).cq.len())
    }

    pub(crate) fn cq_overflowed(&self) -> bool {
        self.own.sim.lock().shows_overflow(self.ring)
    }

    pub(crate) fn taskrun_pending(&self) -> bool {
        self.own.sim.lock().shows_work(self.ring)
    }

    pub(crate) fn overflow_count(&self) -> u32 {
        self.own.sim.lock().memory(self.ring).lost
    }

    /// An index that is out of bounds cannot be pushed here.
    pub(crate) fn dropped_count(&self) -> u32 {
        0
    }

    pub(crate) fn raw_fd(&self) -> RawFd {
        self.own.number.raw()
    }

    /// The eventfd is signalled when deferred work is queued.
    pub(crate) fn register_eventfd(&self, eventfd: &EventFd) -> io::Result<()> {
        let mut state = self.own.sim.lock();
        state.memory(self.ring).bell = Some(eventfd.0.file());
        Ok(())
    }

    pub(crate) fn disown(&mut self) {
        self.own.disown();
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        self.own.sim.lock().unmap(self.ring, self.own.file());
    }
}

#[derive(Debug)]
pub(crate) struct Epoll {
    epoll: usize,
    own: Own,
}

impl Epoll {
    pub(super) fn new(sim: Sim, epoll: usize, number: Number, file: FileId) -> Epoll {
        let own = sim.own((number, file));
        Epoll { epoll, own }
    }

    pub(crate) fn raw_fd(&self) -> RawFd {
        self.own.number.raw()
    }

    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.own.number.as_fd()
    }

    pub(crate) fn disown(&self) {
        self.own.disown();
    }

    pub(crate) fn add(&self, fd: RawFd, events: u32, data: u64) -> io::Result<()> {
        self.control(Control::Add, fd, events, data)
    }

    pub(crate) fn modify(&self, fd: RawFd, events: u32, data: u64) -> io::Result<()> {
        self.control(Control::Modify, fd, events, data)
    }

    pub(crate) fn delete(&self, fd: RawFd) -> io::Result<()> {
        self.control(Control::Delete, fd, 0, 0)
    }

    fn control(&self, control: Control, fd: RawFd, events: u32, data: u64) -> io::Result<()> {
        let (sim, number, file) = (&self.own.sim, self.own.number, self.own.file());
        let mut state = sim.lock();
        state.check_epoll(self.epoll, number, file)?;
        state.control_epoll(self.epoll, control, fd, events, data)
    }

    pub(crate) fn wait(
        &self,
        buffer: &mut EventBuffer,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        let (sim, number, file) = (&self.own.sim, self.own.number, self.own.file());
        sim.lock().check_epoll(self.epoll, number, file)?;
        sim.wait_for_epoll(self.epoll, buffer, timeout)
    }
}

#[derive(Debug)]
pub(crate) struct EventFd(Own);

impl EventFd {
    pub(crate) fn raw_fd(&self) -> RawFd {
        self.0.number.raw()
    }

    pub(crate) fn notify(&self) -> io::Result<()> {
        let mut state = self.0.sim.lock();
        state.check_own(self.0.number, self.0.file())?;
        if let Kind::EventFd { count } = &mut state.files[self.0.file().0].kind {
            *count += 1;
        }
        state.wake(self.0.file(), uring_sys::abi::POLLIN);
        Ok(())
    }

    /// Puts a counter of this process under the same number.
    pub(crate) fn renew(&self) -> io::Result<()> {
        let mut state = self.0.sim.lock();
        let (number, file) = state.open(Kind::EventFd { count: 0 })?;
        state.put_under(self.0.number, number);
        self.0.file.store(file.0, Ordering::Relaxed);
        Ok(())
    }

    pub(crate) fn is_open(&self) -> bool {
        self.0.sim.lock().numbers.get(self.0.number).is_some()
    }

    /// Puts a counter under the number that somebody has closed.
    pub(crate) fn restore(&self) -> io::Result<()> {
        let mut state = self.0.sim.lock();
        if state.numbers.get(self.0.number).is_some() {
            return Err(errno(libc::EEXIST));
        }
        let (number, file) = state.open(Kind::EventFd { count: 0 })?;
        state.put_under(self.0.number, number);
        self.0.file.store(file.0, Ordering::Relaxed);
        Ok(())
    }

    pub(crate) fn drain(&self) -> io::Result<bool> {
        let mut state = self.0.sim.lock();
        state.check_own(self.0.number, self.0.file())?;
        match &mut state.files[self.0.file().0].kind {
            Kind::EventFd { count } => Ok(std::mem::take(count) > 0),
            _ => Ok(false),
        }
    }
}

#[derive(Debug)]
pub(crate) struct TimerFd(Own);

impl TimerFd {
    pub(crate) fn raw_fd(&self) -> RawFd {
        self.0.number.raw()
    }

    pub(crate) fn disown(self) {
        self.0.disown();
    }

    pub(crate) fn set(&self, after: Duration) -> io::Result<()> {
        let mut state = self.0.sim.lock();
        state.check_own(self.0.number, self.0.file())?;
        let at_ns = state.now_ns + nanos(after).max(1);
        state.files[self.0.file().0].kind = Kind::TimerFd {
            set_to_ns: Some(at_ns),
            has_expired: false,
        };
        state.enter(at_ns, Event::Timer(self.0.file()));
        Ok(())
    }
}

#[derive(Debug)]
pub(crate) struct Duplicate(Own);

impl Duplicate {
    pub(crate) fn raw_fd(&self) -> RawFd {
        self.0.number.raw()
    }
}

/// What a program registers: one number of a simulated file.
#[derive(Debug)]
pub(crate) struct SimFile(Own);

impl SimFile {
    pub(crate) fn id(&self) -> FileId {
        self.0.file()
    }

    pub(crate) fn raw_fd(&self) -> RawFd {
        self.0.number.raw()
    }

    /// The kernel, for a call with its number: one that was closed behind its back fails, as a foreign file would be
    /// nobody's to read.
    fn open(&self) -> io::Result<parking_lot::MutexGuard<'_, State>> {
        if self.0.is_disowned() {
            return Err(errno(libc::EBADF));
        }
        Ok(self.0.sim.lock())
    }

    pub(crate) fn read(&self, wanted: usize) -> io::Result<usize> {
        self.open()?.read(self.0.file(), wanted)
    }

    /// As from a stream that ends a read before its data ends.
    pub(crate) fn read_short(&self, wanted: usize) -> io::Result<usize> {
        let mut state = self.open()?;
        let wanted = 1 + state.rng.below(wanted);
        state.read(self.0.file(), wanted)
    }

    pub(crate) fn write(&self, wanted: usize) -> io::Result<usize> {
        self.open()?.write(self.0.file(), wanted)
    }

    pub(crate) fn take_urgent(&self) -> io::Result<()> {
        self.open()?.take_urgent(self.0.file())
    }

    pub(crate) fn take_error(&self) -> io::Result<i32> {
        self.open()?.take_error(self.0.file())
    }

    /// Somebody else closes its number, which the next file may get.
    pub(crate) fn lose(&self) {
        if !self.0.is_disowned() {
            self.0.disown();
            self.0.sim.lock().close(self.0.number);
        }
    }

    /// Another number for the same file.
    pub(crate) fn duplicate(&self) -> io::Result<SimFile> {
        self.0.sim.duplicate_own(self.raw_fd()).map(SimFile)
    }
}

impl AsFd for SimFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.number.as_fd()
    }
}

impl AsRawFd for SimFile {
    fn as_raw_fd(&self) -> RawFd {
        self.raw_fd()
    }
}

impl Sim {
    fn own(&self, (number, file): Opened) -> Own {
        Own {
            sim: self.clone(),
            number,
            file: AtomicUsize::new(file.0),
            is_disowned: AtomicBool::new(false),
        }
    }

    pub(crate) fn eventfd(&self) -> io::Result<EventFd> {
        let opened = self.lock().open(Kind::EventFd { count: 0 })?;
        Ok(EventFd(self.own(opened)))
    }

    pub(crate) fn timerfd(&self) -> io::Result<TimerFd> {
        let opened = self.lock().open(Kind::TimerFd {
            set_to_ns: None,
            has_expired: false,
        })?;
        Ok(TimerFd(self.own(opened)))
    }

    pub(crate) fn poll_now(&self, fds: &mut [libc::pollfd]) -> io::Result<u32> {
        self.begin_call();
        let state = self.lock();
        let mut count = 0;
        for fd in fds {
            fd.revents = match state.file_at(fd.fd) {
                Ok(file) => {
                    let asked = u32::from(fd.events.cast_unsigned()) | POLLERR | POLLHUP;
                    let bits = state.level(file) & asked;
                    libc::c_short::try_from(bits).unwrap_or(libc::POLLERR)
                }
                Err(_) => libc::POLLNVAL,
            };
            count += u32::from(fd.revents != 0);
        }
        drop(state);
        self.end_call();
        Ok(count)
    }

    pub(crate) fn duplicate(&self, raw: RawFd) -> io::Result<Duplicate> {
        self.duplicate_own(raw).map(Duplicate)
    }

    fn duplicate_own(&self, raw: RawFd) -> io::Result<Own> {
        let opened = self.lock().duplicate(raw)?;
        Ok(self.own(opened))
    }

    /// A file that never blocks.
    pub(crate) fn regular_file(&self) -> io::Result<SimFile> {
        let opened = self.lock().open(Kind::Regular)?;
        Ok(SimFile(self.own(opened)))
    }

    /// A connected socket, and its other end.
    pub(crate) fn socket_pair(
        &self,
        capacity: usize,
        quirk: super::socket::Quirk,
    ) -> io::Result<(SimFile, FileId)> {
        let (opened, peer) = self.lock().socket_pair(capacity, quirk)?;
        Ok((SimFile(self.own(opened)), peer))
    }
}

fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl From<SimFile> for OwnedFd {
    /// A real descriptor, of nothing; the simulated number is closed.
    fn from(file: SimFile) -> OwnedFd {
        let stand_in = file.as_fd().try_clone_to_owned();
        stand_in.expect("a free descriptor")
    }
}
