//! The setup ladder: from the best ring that the kernel gives down to epoll, with the reason of each step.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use uring_sys::abi::POLLIN;
use uring_sys::{Setup, SetupStage, Sqe};

use crate::backend::deadline::TimerMode;
use crate::backend::epoll::EpollBackend;
use crate::backend::kernel::{Kernel, Ring};
use crate::backend::rung::{Capabilities, Rung};
use crate::backend::uring::Uring;
use crate::backend::{Backend, Env};
use crate::driver::{Choice, Driver, Refusal};
use crate::options::{MOST_ENTRIES, Options};

/// With CQSIZE, completions may pile up to this many times the submission queue before they overflow.
const CQ_FACTOR: u32 = 4;
/// Fewer entries than these do not save a page.
const FEWEST_ENTRIES: u32 = 32;
/// Where the limit of an old kernel is sought by halving, the search ends here: no kernel allows fewer.
const FEWEST_ENTRIES_TO_ASK_FOR: u32 = 8;
/// The memory of a closed ring is given back later, by a worker; a new one may have to wait for that.
const UNCHARGE_RETRIES: u32 = 40;
const UNCHARGE_PAUSE: Duration = Duration::from_millis(1);
/// Looks at the kernel until two requests that complete at once must have done so.
const PROOF_LOOKS: u32 = 64;

/// Builds the best backend that is allowed, and the report of what it is.
pub(crate) fn open(options: &Options, env: &Env) -> io::Result<(Backend, Driver)> {
    let mut refused = Vec::new();
    if options.choice == Choice::Epoll {
        refused.push(Refusal::by_choice("io_uring", "epoll was asked for"));
    } else {
        match open_ring(options, &env.kernel, &mut refused)? {
            Some((ring, rung)) => return uring(ring, rung, options, env, refused),
            None if options.choice == Choice::IoUring => return Err(ring_required(&refused)),
            None => {}
        }
    }
    epoll(options, env, refused)
}

/// The backend of last resort, with what led to it.
pub(crate) fn epoll(
    options: &Options,
    env: &Env,
    refused: Vec<Refusal>,
) -> io::Result<(Backend, Driver)> {
    let backend = EpollBackend::new(env.clone(), options.timer).inspect_err(|_| {
        // A set that is made in part is nobody's.
        env.drop_epoll_set();
    })?;
    let driver = Driver {
        rung: None,
        features: Vec::new(),
        sq_entries: 0,
        cq_entries: 0,
        timer: options.timer,
        kernel: env.kernel.release(),
        refused,
    };
    Ok((Backend::Epoll(Box::new(backend)), driver))
}

fn uring(
    ring: Ring,
    rung: Rung,
    options: &Options,
    env: &Env,
    refused: Vec<Refusal>,
) -> io::Result<(Backend, Driver)> {
    let mut caps = Capabilities::of(rung, ring.features());
    // Without deferred task work each change would interrupt the thread for a completion of its own.
    if caps.defer && caps.multishot_poll {
        caps.multishot_after = options.multishot_after;
    }
    let timer = if caps.wait_timeout {
        options.timer
    } else {
        TimerMode::TimerFd
    };
    let driver = Driver {
        rung: Some(rung),
        features: caps.names(),
        sq_entries: ring.sq_entries(),
        cq_entries: ring.cq_entries(),
        timer,
        kernel: env.kernel.release(),
        refused,
    };
    Ok((
        Backend::Uring(Box::new(Uring::new(ring, caps, env.clone(), timer)?)),
        driver,
    ))
}

/// Walks the rungs. `None`: no ring is to be had here. An error is one that epoll would meet as well.
fn open_ring(
    options: &Options,
    kernel: &Kernel,
    refused: &mut Vec<Refusal>,
) -> io::Result<Option<(Ring, Rung)>> {
    for rung in Rung::ALL {
        if rung < options.top_rung {
            refused.push(Refusal::by_choice(
                format!("rung {}", rung.name()),
                "a lower rung was asked for",
            ));
            continue;
        }
        match open_rung(rung, options, kernel) {
            Ok(ring) => return Ok(Some((ring, rung))),
            Err((stage, error)) => {
                let errno = error.raw_os_error();
                refused.push(Refusal::new(
                    format!("rung {}, {stage}", rung.name()),
                    &error,
                ));
                match errno {
                    // Unknown flags: the next rung has fewer. A proof that fails may fail by the flags, too.
                    Some(libc::EINVAL) => {}
                    Some(libc::EMFILE | libc::ENFILE) => return Err(error),
                    // Forbidden, absent, or out of locked memory: so are all others.
                    _ => return Ok(None),
                }
            }
        }
    }
    Ok(None)
}

/// Sets one rung up, with fewer entries where memory or an old kernel's limit demands it, and proves it.
fn open_rung(
    rung: Rung,
    options: &Options,
    kernel: &Kernel,
) -> Result<Ring, (&'static str, io::Error)> {
    let mut entries = options.entries.clamp(1, MOST_ENTRIES).next_power_of_two();
    let mut retries = 0;
    loop {
        let error = match kernel.ring(&setup_of(rung, entries, options)) {
            Ok(mut ring) => {
                return prove(&mut ring, kernel)
                    .map(|()| ring)
                    .map_err(|e| ("first io_uring_enter", e));
            }
            Err(error) => error,
        };
        let errno = error.error.raw_os_error();
        if let Some(fewer) = fewer_entries(rung, entries, errno) {
            entries = fewer;
            continue;
        }
        match errno {
            Some(libc::ENOMEM) if retries < UNCHARGE_RETRIES => {
                retries += 1;
                kernel.pause(UNCHARGE_PAUSE);
            }
            _ => {
                let stage = match error.stage {
                    SetupStage::Setup => "io_uring_setup",
                    SetupStage::Mmap => "mmap of the rings",
                };
                return Err((stage, error.error));
            }
        }
    }
}

fn setup_of(rung: Rung, entries: u32, options: &Options) -> Setup {
    let has_cq_size = rung != Rung::F;
    Setup {
        entries,
        cq_entries: has_cq_size.then(|| entries.saturating_mul(CQ_FACTOR)),
        flags: rung.setup_flags(),
        feature_mask: rung.feature_mask() & options.feature_mask,
        ..Setup::default()
    }
}

/// The size to try next, where another size may be what helps.
fn fewer_entries(rung: Rung, entries: u32, errno: Option<i32>) -> Option<u32> {
    let fewest = match errno {
        Some(libc::ENOMEM) => FEWEST_ENTRIES,
        // Without CLAMP the size may be what is wrong.
        Some(libc::EINVAL) if rung >= Rung::E => FEWEST_ENTRIES_TO_ASK_FOR,
        _ => return None,
    };
    (entries > fewest).then_some(entries / 2)
}

/// A ring of the same rung with so many entries and no fewer, for one that has turned out too small. It exists
/// before that one goes.
pub(crate) fn larger(
    options: &Options,
    env: &Env,
    rung: Rung,
    entries: u32,
) -> io::Result<(Backend, Driver)> {
    let setup = setup_of(rung, entries, options);
    let mut ring = env.kernel.ring(&setup).map_err(|refused| refused.error)?;
    prove(&mut ring, &env.kernel)?;
    uring(ring, rung, options, env, Vec::new())
}

/// One round trip of what the reactor lives on, before the ring is trusted: a filter may allow the setup and
/// refuse the enter, and restrictions refuse single operations.
fn prove(ring: &mut Ring, kernel: &Kernel) -> io::Result<()> {
    let eventfd = kernel.eventfd()?;
    eventfd.notify()?;
    let poll = Sqe::poll_add(eventfd.raw_fd(), POLLIN).with_user_data(1);
    let mut to_push = [poll, Sqe::nop().with_user_data(0)].to_vec();
    let mut proven = [false; 2];
    let mut trouble = None;
    for _ in 0..PROOF_LOOKS {
        // One at a time where the queue has a single entry.
        while to_push.last().is_some_and(|sqe| ring.push(*sqe).is_ok()) {
            to_push.pop();
        }
        if let Err(error) = ring.submit_and_get_events() {
            match error.raw_os_error() {
                // A signal, or no memory for a request at this moment: says nothing about the ring.
                Some(libc::EINTR | libc::EAGAIN | libc::EBUSY | libc::ENOMEM) => {
                    trouble = Some(error);
                }
                _ => return Err(error),
            }
        }
        while let Some(cqe) = ring.pop() {
            if cqe.result < 0 {
                return Err(io::Error::from_raw_os_error(-cqe.result));
            }
            if let Some(proof) = usize::try_from(cqe.user_data)
                .ok()
                .and_then(|i| proven.get_mut(i))
            {
                *proof = true;
            }
        }
        if proven == [true; 2] {
            return Ok(());
        }
    }
    // What has lasted all the time is the reason; it may have passed by the next attempt.
    Err(trouble.unwrap_or_else(|| io::Error::from_raw_os_error(libc::ETIME)))
}

/// io_uring was asked for and nothing else will do: says why, and has the kernel's answer as its source.
#[derive(Debug)]
struct RingRequired {
    reason: String,
    answer: Option<io::Error>,
}

fn ring_required(refused: &[Refusal]) -> io::Error {
    let answer = refused
        .last()
        .and_then(|refusal| refusal.errno)
        .map(io::Error::from_raw_os_error);
    let kind = answer
        .as_ref()
        .map_or(io::ErrorKind::Unsupported, io::Error::kind);
    let reason = refused.last().map(ToString::to_string).unwrap_or_default();
    io::Error::new(kind, RingRequired { reason, answer })
}

impl fmt::Display for RingRequired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = &self.reason;
        write!(f, "io_uring was asked for and is not to be had: {reason}")
    }
}

impl Error for RingRequired {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.answer.as_ref().map(|answer| answer as &dyn Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_halved_down_to_what_may_still_help() {
        let sizes = |rung, errno| {
            let next = |entries: &u32| fewer_entries(rung, *entries, Some(errno));
            std::iter::successors(Some(64), next).collect::<Vec<_>>()
        };
        assert_eq!(sizes(Rung::A, libc::ENOMEM), [64, 32]);
        assert_eq!(sizes(Rung::F, libc::ENOMEM), [64, 32]);
        assert_eq!(sizes(Rung::F, libc::EINVAL), [64, 32, 16, 8]);
        // Above, the kernel clamps; it must be the flags.
        assert_eq!(sizes(Rung::A, libc::EINVAL), [64]);
        assert_eq!(sizes(Rung::F, libc::EPERM), [64]);
    }
}
