//! An edge-triggered epoll set that remembers which entries are ours. Any thread may change it.

use std::collections::HashMap;
use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;

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
                self.epoll.add(duplicate.raw_fd(), events, data)?;
                // Whoever had this number closed it behind our back, and must not take this entry out.
                entries.owners.remove(&duplicate.raw_fd());
                entries.duplicates.insert(owner, duplicate);
                Ok(Entered::Waiting)
            }
            // Which of the two numbers is closed?
            Some(libc::EBADF) if self.is_open(fd) => Ok(Entered::SetLost),
            // What has the number of the set now is none; unless it is asked for itself, by a number that was closed
            // behind its owner's back before the set got it.
            Some(libc::EINVAL) if fd != self.raw_fd() => Ok(Entered::SetLost),
            _ => Err(error),
        }
    }

    fn is_open(&self, fd: RawFd) -> bool {
        let duplicate = self.kernel.duplicate(fd).map_err(|e| e.raw_os_error());
        !matches!(duplicate, Err(Some(libc::EBADF)))
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
    }

    /// Never closes the descriptor; the duplicates are.
    pub(crate) fn abandon(self: Arc<Self>) {
        *self.entries.lock() = Entries::default();
        std::mem::forget(self);
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
