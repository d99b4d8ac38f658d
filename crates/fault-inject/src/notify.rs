//! A seccomp filter whose decisions are made by a thread of this process.
//!
//! Man page: `seccomp_unotify(2)`. Linux 5.5, for `SECCOMP_USER_NOTIF_FLAG_CONTINUE`.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;

/// What becomes of a system call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// The kernel carries it out.
    Kernel,
    /// It fails with this error number, and the kernel has not seen it.
    Errno(i32),
}

/// How many calls there were.
#[derive(Debug, Default)]
pub struct Tally {
    asked: AtomicU64,
    refused: AtomicU64,
}

impl Tally {
    /// All calls so far.
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    /// Those that failed by [`Answer::Errno`].
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

/// From now on each `io_uring_enter` of this thread, and of those that it starts, waits for what `answer` says.
///
/// It cannot be undone: use a thread that ends. `answer` runs on a thread of its own, which ends with the last one that
/// has the filter.
///
/// # Errors
///
/// Where the kernel knows no such filter (before Linux 5.5), another one has a listener already (`EBUSY`), or there is no
/// free descriptor.
pub fn answer_enters(
    mut answer: impl FnMut() -> Answer + Send + 'static,
) -> io::Result<Arc<Tally>> {
    let tally = Arc::new(Tally::default());
    let (send, receive) = mpsc::channel::<OwnedFd>();
    // Started before the filter is there, which it would inherit.
    thread::Builder::new().name("seccomp".into()).spawn({
        let tally = Arc::clone(&tally);
        move || {
            if let Ok(listener) = receive.recv() {
                serve(&listener, &tally, &mut answer);
            }
        }
    })?;
    let listener = install()?;
    // The other side only goes away with the filter.
    let _ = send.send(listener);
    Ok(tally)
}

/// The filter: `io_uring_enter` is asked about, everything else is allowed. It has the same number on all architectures
/// that Rust's std knows for Linux, so the architecture is not looked at.
fn install() -> io::Result<OwnedFd> {
    let enter = u32::try_from(libc::SYS_io_uring_enter).map_err(io::Error::other)?;
    let statement = |code, k| libc::sock_filter {
        code,
        jt: 0,
        jf: 0,
        k,
    };
    let load = code(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS);
    let jump = code(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K);
    let give = code(libc::BPF_RET | libc::BPF_K);
    let mut program = [
        // `seccomp_data.nr` is at offset 0.
        statement(load, 0),
        libc::sock_filter {
            jf: 1,
            ..statement(jump, enter)
        },
        statement(give, libc::SECCOMP_RET_USER_NOTIF),
        statement(give, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog {
        len: 4,
        filter: program.as_mut_ptr(),
    };
    // SAFETY: takes numbers only.
    let answer = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    if answer != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the program and the array it points to live until the call returns, by when the kernel has its copy.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            libc::SECCOMP_FILTER_FLAG_NEW_LISTENER,
            &raw const program,
        )
    };
    let fd = i32::try_from(fd).map_err(io::Error::other)?;
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// The codes of a filter are a byte each; libc has them as words.
fn code(code: u32) -> u16 {
    u16::try_from(code).unwrap_or(u16::MAX)
}

fn serve(listener: &OwnedFd, tally: &Tally, answer: &mut dyn FnMut() -> Answer) {
    while has_call(listener) {
        let Some(id) = receive(listener) else {
            continue;
        };
        tally.asked.fetch_add(1, Ordering::Relaxed);
        let answer = answer();
        if answer != Answer::Kernel {
            tally.refused.fetch_add(1, Ordering::Relaxed);
        }
        respond(listener, id, answer);
    }
}

/// Waits for a call. `false`: nobody has the filter any more.
fn has_call(listener: &OwnedFd) -> bool {
    let mut poll = libc::pollfd {
        fd: listener.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: `poll` is one live record.
    let answer = unsafe { libc::poll(&raw mut poll, 1, -1) };
    answer < 0 || poll.revents & libc::POLLIN != 0
}

/// The id of a call. None if it is over already: a signal has ended it.
fn receive(listener: &OwnedFd) -> Option<u64> {
    // SAFETY: numbers only, for which zeros are valid; and the kernel demands zeros.
    let mut call: libc::seccomp_notif = unsafe { std::mem::zeroed() };
    let request = libc::SECCOMP_IOCTL_NOTIF_RECV;
    // SAFETY: `call` is a live record of the size that is part of the request's number.
    let answer = unsafe { libc::ioctl(listener.as_raw_fd(), request, &raw mut call) };
    (answer == 0).then_some(call.id)
}

fn respond(listener: &OwnedFd, id: u64, answer: Answer) {
    let (error, flags) = match answer {
        Answer::Kernel => (0, libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE),
        Answer::Errno(errno) => (-errno, 0),
    };
    let mut response = libc::seccomp_notif_resp {
        id,
        val: 0,
        error,
        flags: u32::try_from(flags).unwrap_or(0),
    };
    let request = libc::SECCOMP_IOCTL_NOTIF_SEND;
    // A failure is ENOENT: a signal has ended the call in the meantime, and it will come again.
    // SAFETY: `response` is a live record of the size that is part of the request's number.
    let _ = unsafe { libc::ioctl(listener.as_raw_fd(), request, &raw mut response) };
}
