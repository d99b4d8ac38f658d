//! Unix signals as a descriptor to poll.
//!
//! One process-wide handler, which does the two things a handler may do: set a flag for its signal, and write to one
//! process-wide eventfd. Everything else happens on a thread that polls [`wake_fd`] and then asks [`take_pending`].
//!
//! Not signalfd: that needs the signal blocked in every thread, and a blocked mask is inherited by child processes.
//!
//! Man pages: `sigaction(2)`, `signal-safety(7)`.
//!
//! See the example of [`install`].

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::eventfd::EventFd;
use crate::identity;

/// Signals are numbered from 1 to this.
const LAST_SIGNAL: usize = 64;

/// Which signals have come since they were last taken: the token of the process that they came to, else 0. So a forked
/// child does not take what came to its parent.
static PENDING: [AtomicU64; LAST_SIGNAL + 1] = [const { AtomicU64::new(0) }; LAST_SIGNAL + 1];

/// The eventfd the handler writes to: the low half of the owner's process token, then the descriptor. 0 before there is
/// one. In one word, so that the handler needs no lock, and a forked child can see that the eventfd is its parent's.
static WAKE: AtomicU64 = AtomicU64::new(0);

/// Whether [`wake_in_child`] was put in fork's way.
static AT_FORK: Once = Once::new();

/// What a signal did before [`install`]; for [`restore`].
///
/// ```
/// use uring_sys::signal;
///
/// let previous: signal::Previous = signal::install(libc::SIGUSR1)?;
/// // What one signal did before is not what another one did.
/// assert!(signal::restore(libc::SIGUSR2, previous).is_err());
/// signal::restore(libc::SIGUSR1, previous)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy)]
#[must_use = "needed to give the signal back"]
pub struct Previous {
    signum: i32,
    action: libc::sigaction,
}

impl std::fmt::Debug for Previous {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Previous")
            .field("signum", &self.signum)
            .finish_non_exhaustive()
    }
}

/// Catches `signum` from now on: each arrival makes it pending and [`wake_fd`] readable.
///
/// System calls of the program are restarted (`SA_RESTART`), as far as the kernel does that.
///
/// # Errors
///
/// [`io::ErrorKind::InvalidInput`] for a number that is no signal, for `SIGKILL` and `SIGSTOP` which cannot be caught, and
/// for `SIGILL`, `SIGFPE` and `SIGSEGV` which would come again for ever once the handler returned. Also what making an
/// eventfd may fail with.
///
/// ```
/// use uring_sys::signal;
///
/// let previous = signal::install(libc::SIGUSR1)?;
/// // SAFETY: takes a number only, and the signal is caught.
/// unsafe { libc::raise(libc::SIGUSR1) };
/// assert!(signal::drain_wake_fd()?);
/// assert!(signal::take_pending(libc::SIGUSR1));
/// signal::restore(libc::SIGUSR1, previous)?;
///
/// assert!(signal::install(libc::SIGKILL).is_err(), "cannot be caught");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn install(signum: i32) -> io::Result<Previous> {
    check(signum)?;
    // Before the handler is there: it must always find somewhere to write.
    wake_fd()?;
    // SAFETY: the record is numbers, a mask and pointers, for all of which zeros are valid.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as extern "C" fn(i32) as usize;
    // ONSTACK: a thread may have a stack too small for a signal frame and an alternate one for that reason.
    action.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
    Ok(Previous {
        signum,
        action: exchange(signum, &action)?,
    })
}

/// Gives `signum` back to what `previous` says. A signal that has come and was not taken yet stays pending for
/// [`take_pending`]; one that the kernel has not delivered yet is discarded, as it came while it was caught, and would
/// now end the process.
///
/// # Errors
///
/// [`io::ErrorKind::InvalidInput`] if `previous` is of another signal.
///
/// ```
/// use uring_sys::signal;
///
/// // SIGURG does nothing by default, so the second one is not seen, and does no harm.
/// let previous = signal::install(libc::SIGURG)?;
/// signal::restore(libc::SIGURG, previous)?;
/// // SAFETY: takes a number only.
/// unsafe { libc::raise(libc::SIGURG) };
/// assert!(!signal::take_pending(libc::SIGURG));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn restore(signum: i32, previous: Previous) -> io::Result<()> {
    check(signum)?;
    if signum != previous.signum {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // Not so for SIGCHLD: its default does no harm, and while it is ignored children that end are reaped by the kernel.
    if signum != libc::SIGCHLD {
        exchange(signum, &ignoring())?;
    }
    exchange(signum, &previous.action)?;
    Ok(())
}

/// An action that discards what is pending, in the process and in each thread (sigaction(2), under NOTES).
fn ignoring() -> libc::sigaction {
    // SAFETY: the record is numbers, a mask and pointers, for all of which zeros are valid.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = libc::SIG_IGN;
    action
}

/// Whether `signum` has come since the last time this was asked. Several arrivals may count as one, as in the kernel.
///
/// Drain [`wake_fd`] *before* asking: a signal in between then makes it readable again. As in the kernel, a forked child
/// starts with none pending.
///
/// ```
/// use uring_sys::signal;
///
/// let previous = signal::install(libc::SIGUSR1)?;
/// assert!(!signal::take_pending(libc::SIGUSR1));
/// // SAFETY: takes a number only, and the signal is caught.
/// unsafe { libc::raise(libc::SIGUSR1) };
/// assert!(signal::take_pending(libc::SIGUSR1));
/// assert!(!signal::take_pending(libc::SIGUSR1), "taken");
/// signal::restore(libc::SIGUSR1, previous)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use]
pub fn take_pending(signum: i32) -> bool {
    let slot = usize::try_from(signum)
        .ok()
        .and_then(|signum| PENDING.get(signum));
    // AcqRel: sees what the interrupted thread wrote before the signal, and later arrivals come after this one.
    slot.is_some_and(|pending| pending.swap(0, Ordering::AcqRel) == identity::process_token())
}

/// The eventfd that becomes readable with each signal; one for the whole process and for all signals, never closed.
/// Non-blocking; read 8 bytes to drain it, or use [`drain_wake_fd`].
///
/// A forked child has one of its own, so that parent and child do not take each other's wakes. It has the same number,
/// so whoever polls it by number goes on, and it starts readable: look once. Where the C library did not see the fork (a
/// bare clone(2)), or no descriptor was free, the child's is made when it first asks, with another number; until then its
/// handler writes to the parent's.
///
/// # Errors
///
/// `EMFILE`, `ENFILE`, `ENOMEM`, when it is asked for the first time.
///
/// ```
/// use std::{os::fd::AsRawFd, time::Duration};
/// use uring_sys::{epoll::{EPOLLIN, Epoll, EventBuffer}, signal};
///
/// let epoll = Epoll::new()?;
/// epoll.add(signal::wake_fd()?.as_raw_fd(), EPOLLIN, 0)?;
/// let previous = signal::install(libc::SIGUSR1)?;
/// // SAFETY: takes a number only, and the signal is caught.
/// unsafe { libc::raise(libc::SIGUSR1) };
///
/// let mut events = EventBuffer::with_capacity(1);
/// epoll.wait(&mut events, Some(Duration::from_secs(10)))?;
/// assert_eq!(events.len(), 1);
/// signal::restore(libc::SIGUSR1, previous)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn wake_fd() -> io::Result<BorrowedFd<'static>> {
    let owner = owner_tag();
    // Acquire: pairs with the exchange below; the descriptor exists before its number is seen.
    let seen = WAKE.load(Ordering::Acquire);
    if seen != 0 && seen & OWNER_MASK == owner {
        return Ok(borrow(descriptor(seen)));
    }
    let fresh = EventFd::new()?;
    let mine = owner | u64::from(fresh.as_raw_fd().unsigned_abs());
    // Before the eventfd is known, so that no fork misses it.
    AT_FORK.call_once(|| {
        // SAFETY: the function is async-signal-safe, which is what a forked child of a process with threads asks for.
        // A failure (ENOMEM) leaves the slower way that `wake_fd` documents.
        unsafe { libc::pthread_atfork(None, None, Some(wake_in_child)) };
    });
    match WAKE.compare_exchange(seen, mine, Ordering::AcqRel, Ordering::Acquire) {
        // From here on the descriptor belongs to the process: a handler may write to it at any time.
        Ok(_) => Ok(borrow(OwnedFd::from(fresh).into_raw_fd())),
        // Another thread was first; only threads of this process can be, so its descriptor is as good as ours.
        Err(theirs) => Ok(borrow(descriptor(theirs))),
    }
}

/// Makes [`wake_fd`] unreadable until the next signal, and says whether it was readable.
///
/// # Errors
///
/// As for [`wake_fd`].
///
/// ```
/// use uring_sys::signal;
///
/// let previous = signal::install(libc::SIGUSR1)?;
/// // SAFETY: takes a number only, and the signal is caught.
/// unsafe { libc::raise(libc::SIGUSR1) };
/// assert!(signal::drain_wake_fd()?);
/// assert!(!signal::drain_wake_fd()?, "until the next signal");
/// assert!(signal::take_pending(libc::SIGUSR1), "draining does not take it");
/// signal::restore(libc::SIGUSR1, previous)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn drain_wake_fd() -> io::Result<bool> {
    let fd = wake_fd()?.as_raw_fd();
    let mut count = 0_u64;
    // SAFETY: `count` is 8 writable bytes.
    let read = unsafe { libc::read(fd, (&raw mut count).cast(), size_of::<u64>()) };
    // Non-blocking, so a failure is EAGAIN: nothing to drain.
    Ok(read > 0)
}

const OWNER_MASK: u64 = !(u32::MAX as u64);

/// The owner half of [`WAKE`] for this process.
fn owner_tag() -> u64 {
    identity::process_token() << 32
}

/// The descriptor half of a value of [`WAKE`].
fn descriptor(wake: u64) -> RawFd {
    // Only ever made of a descriptor, so it fits; -1 is one that no write reaches.
    RawFd::try_from(wake & !OWNER_MASK).unwrap_or(-1)
}

fn borrow(fd: RawFd) -> BorrowedFd<'static> {
    // SAFETY: the number comes from WAKE, and what is stored there is never closed.
    unsafe { BorrowedFd::borrow_raw(fd) }
}

/// Runs between any two instructions of any thread: atomics, `write` and errno only (signal-safety(7)).
extern "C" fn handler(signum: i32) {
    let errno = errno();
    // SAFETY: the location is the thread's own and always valid.
    let saved = unsafe { errno.read() };
    if let Some(pending) = usize::try_from(signum)
        .ok()
        .and_then(|signum| PENDING.get(signum))
    {
        // Release, and before the write: whoever was woken by the write finds the mark. The token is a load, or getpid(2):
        // `install` has asked for it before, on its way through `wake_fd`.
        pending.store(identity::process_token(), Ordering::Release);
    }
    let fd = descriptor(WAKE.load(Ordering::Acquire));
    let one = 1_u64;
    // A failure can only be a full counter, which is as readable as it gets.
    // SAFETY: `one` is 8 readable bytes.
    unsafe { libc::write(fd, (&raw const one).cast(), size_of::<u64>()) };
    // SAFETY: as above; the interrupted code must find the errno it was about to read.
    unsafe { errno.write(saved) };
}

/// Runs in a forked child before anything else does there: system calls and atomics only (signal-safety(7)).
///
/// The child's eventfd takes the number of its parent's, which stays open in the parent.
unsafe extern "C" fn wake_in_child() {
    let seen = WAKE.load(Ordering::Acquire);
    if seen == 0 {
        return;
    }
    // Readable from the start: a signal may have come to the child already, and written to its parent's.
    // SAFETY: takes numbers only.
    let fresh = unsafe { libc::eventfd(1, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) };
    if fresh < 0 {
        return;
    }
    // SAFETY: takes numbers only; what it closes is this process's copy of its parent's eventfd, which WAKE owns.
    let answer = unsafe { libc::dup3(fresh, descriptor(seen), libc::O_CLOEXEC) };
    if answer >= 0 {
        WAKE.store(owner_tag() | (seen & !OWNER_MASK), Ordering::Release);
    }
    // SAFETY: made above, and nobody else knows it.
    unsafe { libc::close(fresh) };
}

fn errno() -> *mut i32 {
    // SAFETY: has no preconditions.
    unsafe { libc::__errno_location() }
}

fn check(signum: i32) -> io::Result<()> {
    let possible = usize::try_from(signum).is_ok_and(|signum| (1..=LAST_SIGNAL).contains(&signum));
    let refused = matches!(
        signum,
        libc::SIGKILL | libc::SIGSTOP | libc::SIGILL | libc::SIGFPE | libc::SIGSEGV
    );
    if possible && !refused {
        Ok(())
    } else {
        Err(io::ErrorKind::InvalidInput.into())
    }
}

fn exchange(signum: i32, action: &libc::sigaction) -> io::Result<libc::sigaction> {
    // SAFETY: the record is numbers, a mask and pointers, for all of which zeros are valid.
    let mut previous: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: both records are live, and the handler is async-signal-safe or was the program's own before.
    let answer = unsafe { libc::sigaction(signum, ptr::from_ref(action), &raw mut previous) };
    if answer == 0 {
        Ok(previous)
    } else {
        Err(io::Error::last_os_error())
    }
}
