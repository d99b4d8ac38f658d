//! The page guard finds what is planted for it: a checker that never finds anything proves nothing.

use std::hint::black_box;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use io_uring::{IoUring, opcode, types::Fd};
use uring_fault_inject::PageGuard;

#[global_allocator]
static ALLOCATOR: PageGuard = PageGuard::new();

/// Set in a child that is to die.
const CHILD: &str = "PAGE_GUARD_CHILD";

/// Lets the kernel read five bytes into a buffer of ours, after `meanwhile` had its way with it. None: no ring here.
#[expect(clippy::print_stderr, reason = "nothing is left out silently")]
fn read_by_ring(meanwhile: impl FnOnce(Vec<u8>) -> Option<Vec<u8>>) -> Option<i32> {
    let mut ring = IoUring::new(8)
        .inspect_err(|error| eprintln!("skipped: no io_uring here: {error}"))
        .ok()?;
    let mut buffer = vec![0; 64];
    let (read_end, mut write_end) = std::io::pipe().unwrap();
    let read = opcode::Read::new(Fd(read_end.as_raw_fd()), buffer.as_mut_ptr(), 64).build();
    // SAFETY: not given. That the buffer may be gone before the read is done is what is planted here, and the page guard
    // sees to it that the kernel then finds nothing.
    unsafe { ring.submission().push(&read) }.unwrap();
    ring.submit().unwrap();
    let kept = meanwhile(buffer);
    write_end.write_all(b"bytes").unwrap();
    ring.submit_and_wait(1).unwrap();
    let result = ring.completion().next().map(|cqe| cqe.result());
    drop(kept);
    result
}

#[test]
fn a_completion_into_a_freed_buffer_is_a_fault_of_the_kernel() {
    if let Some(result) = read_by_ring(|_freed| None) {
        assert_eq!(result, -libc::EFAULT);
    }
}

#[test]
fn a_completion_into_a_buffer_that_lives_is_none() {
    if let Some(result) = read_by_ring(Some) {
        assert_eq!(result, 5);
    }
}

#[test]
fn reading_what_was_freed_kills() {
    dies("reading_what_was_freed_kills", || {
        let boxed = Box::new(7_u8);
        let freed: *const u8 = &raw const *boxed;
        drop(boxed);
        // SAFETY: not given: this is the mistake that is to be caught.
        black_box(unsafe { freed.read_volatile() });
    });
}

#[test]
fn writing_past_the_end_kills() {
    dies("writing_past_the_end_kills", || {
        let mut bytes = vec![0_u8; 100];
        let end = bytes.as_mut_ptr().wrapping_add(100);
        // SAFETY: not given: this is the mistake that is to be caught.
        unsafe { end.write_volatile(1) };
    });
}

/// Runs `mistake` in a process of its own, which has to end by a fault.
fn dies(name: &str, mistake: impl FnOnce()) {
    if std::env::var_os(CHILD).is_some() {
        return mistake();
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    assert_eq!(child.status.signal(), Some(libc::SIGSEGV), "{child:?}");
}

#[test]
fn what_is_alive_keeps_its_contents_and_nothing_is_handed_out_twice() {
    let mut seen = std::collections::HashSet::new();
    let mut kept: Vec<Vec<usize>> = Vec::new();
    for size in 1..500 {
        kept.push((0..size).collect());
        let passing = Box::new(size);
        assert!(seen.insert(&raw const *passing));
    }
    for (size, numbers) in (1..).zip(&kept) {
        assert!(numbers.iter().copied().eq(0..size));
    }
    assert!(ALLOCATOR.freed() >= 499);
}
