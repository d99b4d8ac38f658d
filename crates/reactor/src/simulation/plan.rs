//! What kind of program a seed makes: which kernel, which options, which troubles.

use crate::backend::deadline::TimerMode;
use crate::backend::rung::Rung;
use crate::backend::sim::faults::Faults;
use crate::backend::sim::linux::Linux;
use crate::backend::sim::rng::Rng;
use crate::driver::Choice;
use crate::options::Options;
use crate::simulation::budget;

#[derive(Debug)]
pub(super) struct Plan {
    pub(super) linux: Linux,
    pub(super) faults: Faults,
    pub(super) options: Options,
    /// The clock is paused, and advanced by hand.
    pub(super) plays_with_time: bool,
    /// Numbers are closed and given away behind the owner's back.
    pub(super) tampers: bool,
    /// The ring or the epoll set is lost while it runs.
    pub(super) loses: bool,
    pub(super) forks: bool,
    /// Other threads register, wait, wake and drop.
    pub(super) has_threads: bool,
    /// A foreign loop drives it, by its one fd.
    pub(super) embeds: bool,
}

impl Plan {
    pub(super) fn new(rng: &mut Rng) -> Plan {
        let mut linux = rng.pick(&Linux::ALL);
        let mut options = Options::new()
            .entries(rng.pick(&[1, 2, 4, 8, 32, 64, 256]))
            .timer(rng.pick(&[TimerMode::WaitTimeout, TimerMode::TimerFd]));
        options = options.multishot_after(rng.pick(&[Some(0), Some(3), None, None]));
        if rng.one_in(3) {
            options = options.top_rung(rng.pick(&Rung::ALL));
        }
        if rng.one_in(6) {
            // One feature less than the kernel has.
            options = options.feature_mask(!(1 << rng.below(13)));
        }
        match rng.below(16) {
            0 => options = options.choice(Choice::Epoll),
            1 => {
                let errno = [libc::EPERM, libc::ENOSYS, libc::EACCES, libc::ENOMEM];
                linux.refuses_setup = Some(rng.pick(&errno));
            }
            2 => linux.refuses_enter = Some(rng.pick(&[libc::EPERM, libc::ENOSYS])),
            3 => options = options.choice(Choice::IoUring),
            _ => {}
        }
        let plays_with_time = rng.one_in(8);
        if plays_with_time && rng.one_in(2) {
            options = options.start_paused(true);
        }
        if rng.one_in(5) {
            options = options.pacer(budget::pacer());
        }
        let faults = faults(rng);
        let (tampers, loses, forks) = (rng.one_in(3), rng.one_in(3), rng.one_in(4));
        let has_threads = !rng.one_in(3);
        Plan {
            linux,
            faults,
            options,
            plays_with_time,
            tampers,
            loses,
            forks,
            has_threads,
            // The foreign loop's fd is its own business, lost or forked.
            embeds: !loses && !forks && rng.clone().one_in(3),
        }
    }
}

fn faults(rng: &mut Rng) -> Faults {
    let mut faults = Faults::none();
    if rng.one_in(3) {
        return faults;
    }
    for rate in [
        &mut faults.interrupt,
        &mut faults.again,
        &mut faults.busy,
        &mut faults.poll_memory,
        &mut faults.poll_cancelled,
        &mut faults.poll_refused,
        &mut faults.setup_memory,
        &mut faults.no_number,
        &mut faults.epoll_memory,
        &mut faults.sluggish,
    ] {
        if rng.one_in(3) {
            *rate = u16::try_from(rng.between(10, 400)).unwrap_or(0);
        }
    }
    faults
}
