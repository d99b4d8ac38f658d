//! The shared memory of one ring: what to map, and where the queues lie in it.

use std::io;
use std::os::fd::BorrowedFd;

use crate::abi::{
    IORING_OFF_CQ_RING, IORING_OFF_SQ_RING, IORING_OFF_SQES, IORING_SETUP_NO_SQARRAY, io_uring_cqe,
    io_uring_params, io_uring_sqe,
};
use crate::cqueue::CqPointers;
use crate::mmap::Mapping;
use crate::squeue::SqPointers;

/// The mappings of one ring: three on kernels before 5.4, two since.
#[derive(Debug)]
pub(crate) struct Memory {
    /// The submission ring's words; the completion ring as well unless `completions` is there.
    submissions: Mapping,
    /// The completion ring, where it is mapped apart.
    completions: Option<Mapping>,
    /// The SQEs, always apart.
    sqes: Mapping,
}

impl Memory {
    /// Maps the memory of the ring `fd`, in one piece if `single`. On failure nothing stays mapped.
    pub(crate) fn map(
        fd: BorrowedFd<'_>,
        params: &io_uring_params,
        single: bool,
    ) -> io::Result<Self> {
        let (sq_len, cq_len) = ring_lengths(params).ok_or_else(invalid)?;
        let sqes_len = params.sq_entries as usize * size_of::<io_uring_sqe>();
        let first_len = if single { sq_len.max(cq_len) } else { sq_len };
        Ok(Self {
            submissions: Mapping::new(fd, first_len, IORING_OFF_SQ_RING)?,
            completions: match single {
                true => None,
                false => Some(Mapping::new(fd, cq_len, IORING_OFF_CQ_RING)?),
            },
            sqes: Mapping::new(fd, sqes_len, IORING_OFF_SQES)?,
        })
    }

    /// Where the submission queue's words are. The pointers are valid as long as `self` is.
    pub(crate) fn sq(&self, params: &io_uring_params) -> io::Result<SqPointers> {
        let (ring, off, entries) = (&self.submissions, &params.sq_off, params.sq_entries);
        Ok(SqPointers {
            head: ring.at(off.head, 1)?,
            tail: ring.at(off.tail, 1)?,
            flags: ring.at(off.flags, 1)?,
            dropped: ring.at(off.dropped, 1)?,
            sqes: self.sqes.at(0, entries)?,
            array: match params.flags & IORING_SETUP_NO_SQARRAY {
                0 => Some(ring.at(off.array, entries)?),
                _ => None,
            },
            // The mask is derived from it instead of read from shared memory, so that it cannot change under us.
            entries: power_of_two(entries)?,
        })
    }

    /// Where the completion queue's words are. The pointers are valid as long as `self` is.
    pub(crate) fn cq(&self, params: &io_uring_params) -> io::Result<CqPointers> {
        let ring = self.completions.as_ref().unwrap_or(&self.submissions);
        let (off, entries) = (&params.cq_off, params.cq_entries);
        Ok(CqPointers {
            head: ring.at(off.head, 1)?,
            tail: ring.at(off.tail, 1)?,
            overflow: ring.at(off.overflow, 1)?,
            cqes: ring.at::<io_uring_cqe>(off.cqes, entries)?,
            entries: power_of_two(entries)?,
        })
    }
}

/// The bytes of the submission and of the completion ring.
fn ring_lengths(params: &io_uring_params) -> Option<(usize, usize)> {
    let cqes = (params.cq_entries as usize).checked_mul(size_of::<io_uring_cqe>())?;
    let completions = cqes.checked_add(params.cq_off.cqes as usize)?;
    if params.flags & IORING_SETUP_NO_SQARRAY != 0 {
        // There is no array to end the submission ring with. Both are one piece of memory in every kernel that knows the
        // flag (6.6), so the completion ring's length is right for either offset.
        return Some((completions, completions));
    }
    let array = (params.sq_entries as usize).checked_mul(size_of::<u32>())?;
    Some((
        array.checked_add(params.sq_off.array as usize)?,
        completions,
    ))
}

fn power_of_two(entries: u32) -> io::Result<u32> {
    if entries.is_power_of_two() {
        Ok(entries)
    } else {
        Err(invalid())
    }
}

/// A layout this crate does not understand.
fn invalid() -> io::Error {
    io::Error::from_raw_os_error(libc::EINVAL)
}
