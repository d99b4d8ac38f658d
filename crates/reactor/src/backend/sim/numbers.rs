//! The table of descriptor numbers.
//!
//! The numbers are real ones, of `/dev/null`, opened once and never closed: so an `AsyncFd` over a simulated file
//! is as safe as any, and a call that strays to the real kernel does no harm. Which of them a file gets is decided
//! by position, the lowest free one first, so that runs do not depend on what they are.

use std::fs::File as RealFile;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::OnceLock;

use super::files::FileId;

const COUNT: usize = 96;

struct Reserved {
    fds: Vec<OwnedFd>,
    /// Positions by real number.
    positions: Vec<Option<usize>>,
}

fn reserved() -> &'static Reserved {
    static RESERVED: OnceLock<Reserved> = OnceLock::new();
    RESERVED.get_or_init(|| {
        let open = || OwnedFd::from(RealFile::open("/dev/null").expect("/dev/null can be opened"));
        let fds: Vec<OwnedFd> = (0..COUNT).map(|_| open()).collect();
        let mut positions = Vec::new();
        for (position, fd) in fds.iter().enumerate() {
            let real = usize::try_from(fd.as_raw_fd()).expect("numbers are not negative");
            if positions.len() <= real {
                positions.resize(real + 1, None);
            }
            positions[real] = Some(position);
        }
        Reserved { fds, positions }
    })
}

/// Where a number stands in the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Number(usize);

impl Number {
    pub(crate) fn raw(self) -> RawFd {
        self.as_fd().as_raw_fd()
    }

    pub(crate) fn as_fd(self) -> BorrowedFd<'static> {
        reserved().fds[self.0].as_fd()
    }

    pub(super) fn from_raw(raw: RawFd) -> Option<Number> {
        let real = usize::try_from(raw).ok()?;
        reserved().positions.get(real)?.map(Number)
    }
}

/// Which file each number is.
pub(super) struct Numbers {
    table: [Option<FileId>; COUNT],
    /// Never given out again: their owners may close them once more.
    blocked: [bool; COUNT],
}

impl Numbers {
    pub(super) fn new() -> Numbers {
        Numbers {
            table: [None; COUNT],
            blocked: [false; COUNT],
        }
    }

    pub(super) fn get(&self, number: Number) -> Option<FileId> {
        self.table[number.0]
    }

    /// Gives the lowest free number to `file`.
    pub(super) fn add(&mut self, file: FileId) -> Option<Number> {
        let is_free = |at: &usize| self.table[*at].is_none() && !self.blocked[*at];
        let free = (0..COUNT).find(is_free)?;
        self.table[free] = Some(file);
        Some(Number(free))
    }

    pub(super) fn remove(&mut self, number: Number) -> Option<FileId> {
        self.table[number.0].take()
    }

    pub(super) fn position(&self, file: FileId) -> Option<Number> {
        let at = self.table.iter().position(|other| *other == Some(file));
        at.map(Number)
    }

    pub(super) fn block(&mut self, number: Number) {
        self.blocked[number.0] = true;
    }

    /// Makes the number mean another file.
    pub(super) fn replace(&mut self, number: Number, file: FileId) {
        self.table[number.0] = Some(file);
    }

    pub(super) fn files(&self) -> Vec<FileId> {
        self.table.iter().copied().flatten().collect()
    }
}
