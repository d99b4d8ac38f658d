//! Options, and the report of what came of them.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt;

use super::Stage;
use crate::backend::deadline::TimerMode;
use crate::backend::feature::Feature;
use crate::backend::kernel::Kernel;
use crate::backend::rung::Rung;
use crate::backend::sim::Sim;
use crate::backend::sim::faults::Faults;
use crate::backend::sim::linux::Linux;
use crate::backend::sim::rng::Rng;
use crate::driver::Choice;
use crate::options::{BACKEND_VARIABLE, Options, RUNG_VARIABLE};
use crate::reactor::Reactor;
use crate::simulation::budget;

pub(super) fn the_environment_is_obeyed_or_named(rng: &mut Rng) {
    let choices = [
        (Some("auto"), Some(Choice::Auto)),
        (Some("io_uring"), Some(Choice::IoUring)),
        (Some("epoll"), Some(Choice::Epoll)),
        (Some("kqueue"), None),
        (Some(""), Some(Choice::IoUring)),
        (None, Some(Choice::IoUring)),
    ];
    let rungs = [
        (Some("A"), Some(Rung::A)),
        (Some("d2"), Some(Rung::D2)),
        (Some("F"), Some(Rung::F)),
        (Some("\u{fffd}"), None),
        // A variable that is set to nothing says nothing.
        (Some(""), Some(Rung::C)),
        (None, Some(Rung::C)),
    ];
    let ((backend, choice), (rung, top)) = (rng.pick(&choices), rng.pick(&rungs));
    let value_of = |name: &str| match name {
        BACKEND_VARIABLE => backend.map(OsString::from),
        RUNG_VARIABLE if top.is_none() => Some(OsString::from_vec(vec![0xff])),
        RUNG_VARIABLE => rung.map(OsString::from),
        _ => panic!("{name} is nothing that it reads"),
    };
    let before = Options::new().choice(Choice::IoUring).top_rung(Rung::C);
    let read = before.with_values(value_of);
    match (choice, top, read) {
        (Some(choice), Some(top), Ok(options)) => {
            assert_eq!((options.choice, options.top_rung), (choice, top));
        }
        (Some(_), Some(_), Err(error)) => panic!("{backend:?}, {rung:?}: {error}"),
        (_, _, Ok(options)) => panic!("{backend:?}, {rung:?}: {options:?}"),
        (_, _, Err(error)) => {
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            let variable = if choice.is_none() {
                BACKEND_VARIABLE
            } else {
                RUNG_VARIABLE
            };
            assert!(error.to_string().starts_with(variable), "{error}");
            let is_listed = ["io_uring or epoll", "E or F"]
                .iter()
                .any(|text| error.to_string().ends_with(text));
            assert!(is_listed, "{error}");
        }
    }
}

pub(super) fn a_driver_is_what_was_asked_for_and_is_to_be_had(rng: &mut Rng) {
    let linux = rng.pick(&Linux::ALL);
    let entries = rng.pick(&[1, 3, 8, 100, 256]);
    let top = rng.pick(&Rung::ALL);
    let mode = rng.pick(&[TimerMode::WaitTimeout, TimerMode::TimerFd]);
    let mask = if rng.one_in(2) { u32::MAX } else { 0 };
    let options = Options::new()
        .entries(entries)
        .top_rung(top)
        .timer(mode)
        .feature_mask(mask)
        .start_paused(true)
        .pacer(budget::pacer());
    let text = format!("{options:?}");
    assert!(
        text.contains("Pacer") && text.contains(&format!("entries: {entries}")),
        "{text}"
    );
    let stage = Stage::on(rng, linux, |_| options);
    let handle = stage.reactor.handle();
    assert!(!handle.pause_clock(), "it starts paused");
    let driver = stage.reactor.driver();
    assert_eq!(handle.driver().to_string(), driver.to_string());
    let mut takes = Rung::ALL.into_iter();
    let expected = takes.find(|rung| *rung >= top && rung.setup_flags() & !linux.setup_flags == 0);
    assert_eq!(driver.rung, expected, "on {}", linux.release);
    let rung = expected.expect("the last rung asks for nothing");
    assert_eq!(driver.sq_entries, entries.next_power_of_two());
    let has_timeout = driver.features.contains(&"wait timeout");
    let newest = mask & linux.features & rung.feature_mask();
    assert_eq!(
        has_timeout,
        newest & uring_sys::abi::IORING_FEAT_EXT_ARG != 0
    );
    for feature in Feature::ALL {
        let is_old_enough = numbers(feature.since()) <= numbers(linux.release);
        assert!(
            is_old_enough || !driver.has(feature),
            "{}, to have {}, on {}",
            feature.name(),
            feature.purpose(),
            linux.release
        );
    }
    let timer = if has_timeout {
        mode
    } else {
        TimerMode::TimerFd
    };
    assert_eq!(driver.timer, timer);
    check_text(&driver.to_string(), rung, driver.timer, linux.release);
    // Every rung above was either not wanted or not known.
    let above = Rung::ALL.into_iter().take_while(|above| *above != rung);
    for (refusal, above) in driver.refused.iter().zip(above) {
        assert!(refusal.step.starts_with(&format!("rung {}", above.name())));
        let errno = (above >= top).then_some(libc::EINVAL);
        assert_eq!(refusal.errno, errno, "{refusal}");
    }
}

/// The first two numbers of a release.
fn numbers(release: &str) -> Vec<u32> {
    let parts = release.split(|letter: char| !letter.is_ascii_digit());
    parts
        .take(2)
        .map(|part| part.parse().expect("a number"))
        .collect()
}

fn check_text(text: &str, rung: Rung, timer: TimerMode, release: &str) {
    for part in [
        "backend   io_uring".to_owned(),
        format!("rung      {} (Linux {}+)", rung.name(), rung.since()),
        format!("kernel    {release}"),
        format!("timers    {}", timer.name()),
    ] {
        assert!(text.lines().any(|line| line == part), "{part} in {text}");
    }
}

/// What a reader has to find in the remedy.
fn remedy(errno: i32) -> &'static str {
    match errno {
        libc::EPERM | libc::EACCES => "seccomp",
        libc::ENOSYS => "CONFIG_IO_URING",
        libc::ENOMEM => "ulimit -l",
        libc::EMFILE | libc::ENFILE => "ulimit -n",
        libc::EOVERFLOW | libc::EBADR => "more entries",
        libc::EBADF | libc::ENXIO | libc::EOPNOTSUPP => "closed by other code",
        libc::EEXIST => "forked",
        _ => "please report it",
    }
}

pub(super) fn a_refusal_says_why_and_what_helps(rng: &mut Rng) {
    let errno = rng.pick(&[
        libc::EPERM,
        libc::EACCES,
        libc::ENOSYS,
        libc::ENOMEM,
        libc::EMFILE,
        libc::ENFILE,
        libc::EBADR,
        libc::ENXIO,
        libc::EEXIST,
        libc::EIO,
    ]);
    let mut linux = rng.pick(&Linux::ALL);
    let is_late = errno == libc::EIO || rng.one_in(2) && errno != libc::ENOMEM;
    if is_late {
        linux.refuses_enter = Some(errno);
    } else {
        linux.refuses_setup = Some(errno);
    }
    let system = io::Error::from_raw_os_error(errno).to_string();
    let sim = Sim::new(rng.next(), linux, Faults::default());
    let demanded = Reactor::on(
        Kernel::Sim(sim.clone()),
        Options::new().choice(Choice::IoUring),
    );
    let error = demanded.expect_err("there is no ring");
    let stage = if is_late {
        "io_uring_enter"
    } else {
        "io_uring_setup"
    };
    let passes = matches!(errno, libc::EMFILE | libc::ENFILE);
    if passes {
        // Whoever has no number has none for epoll either.
        assert_eq!(error.raw_os_error(), Some(errno), "{error}");
        return;
    }
    let text = error.to_string();
    for part in ["io_uring was asked for", stage, &system, remedy(errno)] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(error.kind(), io::Error::from_raw_os_error(errno).kind());
    let reactor = Reactor::on(Kernel::Sim(sim), Options::new()).expect("there is epoll");
    let driver = reactor.driver();
    assert_eq!((driver.backend(), driver.rung), ("epoll", None));
    let text = driver.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..2], ["backend   epoll", "rung      G (any Linux)"]);
    assert!(lines.contains(&"features  none"), "{text}");
    let mut refused = lines
        .iter()
        .filter_map(|line| line.strip_prefix("refused   "));
    let last = refused.next_back().expect("a ring was refused");
    for part in [stage, &system, remedy(errno)] {
        assert!(last.contains(part), "{part} in {last}");
    }
}

/// A kernel without memory for a request does not refuse rings: it says so for as long as it lasts.
pub(super) fn a_trouble_that_passes_is_told_so(rng: &mut Rng) {
    let linux = rng.pick(&Linux::ALL);
    let sim = Sim::new(rng.next(), linux, Faults::default());
    let trouble = rng.below(3);
    let mut state = sim.lock();
    match trouble {
        // No call takes anything.
        0 => state.faults.again = 4096,
        1 => state.faults.busy = 4096,
        // The request itself completes with it.
        _ => state.faults.poll_memory = 4096,
    }
    drop(state);
    let demand = || {
        let options = Options::new().choice(Choice::IoUring);
        Reactor::on(Kernel::Sim(sim.clone()), options)
    };
    let text = demand().expect_err("it has no memory").to_string();
    assert!(text.contains("io_uring was asked for"), "{text}");
    assert!(text.contains("try again"), "{trouble}: {text}");
    sim.lock().faults = Faults::default();
    let reactor = demand().expect("it has passed");
    assert_eq!(reactor.driver().backend(), "io_uring");
}
