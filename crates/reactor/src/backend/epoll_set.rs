//! An edge-triggered epoll set that remembers which entries are ours. Any thread may change it.

use std::collections::HashMap;
use std::io;
use std::os::fd::RawFd;

use parking_lot::Mutex;
use uring_sys::epoll::{EPOLLET, EventBuffer};

use crate::backend::deadline::Wait;
use crate::backend::kernel::{Duplicate, Epoll, Kernel};

/// A registration: slot and generation.
type Owner = (u32, u32);

/// What an attempt to enter an fd gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Entered {
    Waiting,
    /// `EPERM`: files of this kind never block, so epoll does not take them. poll(2) calls them always ready.
    NeverBlocks,
    /// Somebody has closed the set: the next wait says so.
    SetLost,
}

/// The kernel identifies an entry by (number, open file). A number that was closed behind our back and is
/// used again by another registration must not lose its entry when the first one is dropped: so an entry is
/// removed only while this table says that it belongs to the one that asks.
#[derive(Debug)]
pub(crate) struct EpollSet {
    kernel: Kernel,
    epoll: Epoll,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    owners: HashMap<RawFd, Owner>,
    /// A second registration of one number enters under a number of its own.
    duplicates: HashMap<Owner, Duplicate>,
}

impl EpollSet {
    pub(crate) fn new(kernel: &Kernel) -> io::Result<EpollSet> {
        Ok(EpollSet {
            kernel: kernel.clone(),
            epoll: kernel.epoll()?,
            entries: Mutex::default(),
        })
    }

    pub(crate) fn raw_fd(&self) -> RawFd {
        self.epoll.raw_fd()
    }

    /// Enters an internal fd, one that no registration owns, with edges.
    pub(crate) fn add_internal(&self, fd: RawFd, events: u32, data: u64) -> io::Result<()> {
        self.epoll.add(fd, events | EPOLLET, data)
    }

    /// Enters `fd`, or changes what its entry asks for; either way the kernel looks at its state anew.
    pub(crate) fn enter(
        &self,
        fd: RawFd,
        owner: Owner,
        events: u32,
        data: u64,
    ) -> io::Result<Entered> {
        let mut entries = self.entries.lock();
        let events = events | EPOLLET;
        let known = match entries.duplicates.get(&owner) {
            Some(duplicate) => Some(duplicate.raw_fd()),
            None => entries.owners.get(&fd).filter(|o| **o == owner).map(|_| fd),
        };
        let entered = match known {
            Some(fd) => self.epoll.modify(fd, events, data),
            None => self.epoll.add(fd, events, data),
        };
        let Err(error) = entered else {
            if known.is_none() {
                entries.owners.insert(fd, owner);
            }
            return Ok(Entered::Waiting);
        };
        match error.raw_os_error() {
            Some(libc::EPERM) => Ok(Entered::NeverBlocks),
            Some(libc::EEXIST) => {
                let duplicate = self.kernel.duplicate(fd)?;
                let added = self.epoll.add(duplicate.raw_fd(), events, data);
                added.or_else(|error| match error.raw_os_error() {
                    // Left by a registration that lost this very number, while the file stayed open elsewhere.
                    Some(libc::EEXIST) => self.epoll.modify(duplicate.raw_fd(), events, data),
                    _ => Err(error),
                })?;
                // Whoever had this number closed it behind our back, and must not take this entry out.
                entries.owners.remove(&duplicate.raw_fd());
                entries.duplicates.insert(owner, duplicate);
                Ok(Entered::Waiting)
            }
            // The fault of the set, or of the fd? EBADF is also what an O_PATH fd gives, and EINVAL a set for itself.
            Some(libc::EBADF | libc::EINVAL) if self.is_lost()? => Ok(Entered::SetLost),
            _ => Err(error),
        }
    }

    /// Whether its number is nobody's, or that of another kind of file. Asked with an fd that is certainly good and
    /// not in it: a set that is one answers ENOENT.
    ///
    /// Without a free number there is no such fd, and no answer: `EMFILE`, for the waiter to try again.
    fn is_lost(&self) -> io::Result<bool> {
        let stranger = self.kernel.eventfd()?;
        let answer = self.epoll.delete(stranger.raw_fd());
        let errno = answer.map_err(|error| error.raw_os_error());
        Ok(matches!(errno, Err(Some(libc::EBADF | libc::EINVAL))))
    }

    /// Takes the owner's entry out, if it still has one.
    pub(crate) fn leave(&self, fd: RawFd, owner: Owner) {
        let mut entries = self.entries.lock();
        let duplicate = entries.duplicates.remove(&owner);
        let fd = match &duplicate {
            Some(duplicate) => duplicate.raw_fd(),
            None if entries.owners.get(&fd) == Some(&owner) => {
                entries.owners.remove(&fd);
                fd
            }
            None => return,
        };
        // ENOENT and EBADF mean that the file was closed, which took the entry out.
        let _ = self.epoll.delete(fd);
        // The duplicate is closed without the lock, as that may block.
        drop(entries);
    }

    /// Somebody has closed the set: its number is not ours to close.
    pub(crate) fn disown(&self) {
        self.epoll.disown();
    }

    /// Waits for events. A signal ends the wait with none.
    pub(crate) fn wait(&self, buffer: &mut EventBuffer, wait: Wait) -> io::Result<()> {
        let timeout = match wait {
            Wait::NonBlocking => Some(std::time::Duration::ZERO),
            Wait::Until(None) => None,
            Wait::Until(Some(deadline)) => Some(deadline.duration_since(self.kernel.now())),
        };
        match self.epoll.wait(buffer, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            result => result,
        }
    }
}
