//! Where `io_uring` is refused, wholly or in part: epoll, with the reason; and an error where it was demanded.

use std::io::Write;

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};
use uring_reactor::{AsyncFd, Choice, Instant, Options, Reactor, Sleep, Turn};

use crate::load::all_arrive;
use crate::support::{Loop, in_child, read_byte, socket_pair};

/// The same on all architectures.
const IO_URING_SETUP: i64 = 425;
const IO_URING_ENTER: i64 = 426;

/// Runs `test` on a thread for which the kernel answers `call` with `errno`.
fn where_refused(call: i64, errno: Errno, test: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            refuse(call, errno);
            test();
        });
    });
}

fn everything_works_on_epoll_because_of(errno: Errno, step: &str) {
    let mut l = Loop::new("refused", Options::new());
    let driver = l.reactor.driver().clone();
    assert_eq!(driver.backend(), "epoll", "{driver}");
    let refusal = driver.refused.last().unwrap();
    assert_eq!(refusal.errno, Some(errno.raw_os_error()), "{driver}");
    assert!(refusal.step.contains(step), "{driver}");
    assert!(
        !refusal.remedy.is_empty() && !refusal.remedy.contains("report"),
        "{driver}"
    );

    let _current = l.handle().enter();
    let (ours, mut theirs) = socket_pair();
    let ours = AsyncFd::new(ours).unwrap();
    let reader = l.park(ours.readable());
    theirs.write_all(b"x").unwrap();
    drop(reader);
    assert_eq!(l.block_on(read_byte(&ours)).unwrap(), Some(b'x'));
    let deadline = Instant::now() + std::time::Duration::from_micros(500);
    // sleep: a short timer.
    l.block_on(Sleep::until(deadline));
    assert!(Instant::now() >= deadline);

    let demanded = Reactor::new(Options::new().choice(Choice::IoUring)).unwrap_err();
    let errno = std::io::Error::from(errno);
    assert_eq!(demanded.kind(), errno.kind());
    let message = demanded.to_string();
    assert!(
        message.contains(step) && message.contains(&errno.to_string()),
        "{message}"
    );
}

#[test]
fn a_forbidden_setup_leads_to_epoll() {
    for errno in [Errno::PERM, Errno::ACCESS, Errno::NOSYS] {
        where_refused(IO_URING_SETUP, errno, || {
            everything_works_on_epoll_because_of(errno, "io_uring_setup");
        });
    }
}

#[test]
fn a_setup_without_memory_leads_to_epoll() {
    where_refused(IO_URING_SETUP, Errno::NOMEM, || {
        everything_works_on_epoll_because_of(Errno::NOMEM, "io_uring_setup");
    });
}

#[test]
fn a_forbidden_enter_leads_to_epoll() {
    for errno in [Errno::PERM, Errno::NOSYS] {
        where_refused(IO_URING_ENTER, errno, || {
            everything_works_on_epoll_because_of(errno, "io_uring_enter");
        });
    }
}

#[test]
fn an_unknown_flag_at_every_rung_leads_to_epoll() {
    where_refused(IO_URING_SETUP, Errno::INVAL, || {
        everything_works_on_epoll_because_of(Errno::INVAL, "io_uring_setup");
    });
}

#[test]
fn an_enter_that_is_forbidden_later_leads_to_epoll_at_run_time() {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut l = Loop::new("best", Options::new());
            let _current = l.handle().enter();
            let was_epoll = l.is_epoll();
            let (ours, mut theirs) = socket_pair();
            let ours = AsyncFd::new(ours).unwrap();
            let mut reader = l.park(read_byte(&ours));
            refuse(IO_URING_ENTER, Errno::PERM);
            // The first completion may come without an enter, where none has to be asked for; the second request
            // does need one.
            for _ in 0..2 {
                theirs.write_all(b"x").unwrap();
                assert!(l.next("the byte", &mut reader).is_ready());
                reader = l.park(read_byte(&ours));
            }
            assert!(l.is_epoll());
            let switches = l.handle().metrics().backend_switches;
            assert_eq!(switches, u64::from(!was_epoll));
        });
    });
}

#[test]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn a_ring_that_is_refused_more_entries_goes_on_as_it_is() {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let options = Options::new().choice(Choice::IoUring).entries(1);
            let mut l = match Reactor::new(options.clone()) {
                Ok(_) => Loop::new("best", options),
                Err(error) => return println!("skipped: {error}"),
            };
            let entries = l.reactor.driver().sq_entries;
            refuse(IO_URING_SETUP, Errno::NOMEM);
            all_arrive(&mut l, 300, Turn::Wait, 100_000);
            let (driver, metrics) = (l.reactor.driver(), l.handle().metrics());
            assert_eq!(driver.sq_entries, entries);
            assert_eq!((metrics.ring_growths, metrics.backend_switches), (0, 0));
            let refusal = driver.refused.last().unwrap();
            assert_eq!(refusal.errno, Some(Errno::NOMEM.raw_os_error()), "{driver}");
            assert!(refusal.step.contains("entries"), "{driver}");
        });
    });
}

/// From now on, on this thread.
fn refuse(call: i64, errno: Errno) {
    let refusal = SeccompAction::Errno(errno.raw_os_error().unsigned_abs());
    let arch = std::env::consts::ARCH.try_into().unwrap();
    let rules = [(call, Vec::new())].into_iter().collect();
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refusal, arch).unwrap();
    let filter: BpfProgram = filter.try_into().unwrap();
    apply_filter(&filter).unwrap();
}

#[test]
fn without_a_free_fd_there_is_an_error_and_no_panic() {
    in_child(
        "refused::without_a_free_fd_there_is_an_error_and_no_panic",
        || {
            let limit = getrlimit(Resource::Nofile);
            let next = u64::from(std::fs::File::open("/dev/null").map(next_number).unwrap());
            for choice in [Choice::Auto, Choice::IoUring, Choice::Epoll] {
                // One more free fd each time, until the reactor has all that it needs.
                let needed = (next..next + 10).find(|current| {
                    let fewer = Rlimit {
                        current: Some(*current),
                        ..limit
                    };
                    setrlimit(Resource::Nofile, fewer).unwrap();
                    match Reactor::new(Options::new().choice(choice)) {
                        Ok(_) => true,
                        Err(error) => {
                            assert_eq!(error.raw_os_error(), Some(Errno::MFILE.raw_os_error()));
                            false
                        }
                    }
                });
                assert!(needed.is_some_and(|needed| needed > next));
                setrlimit(Resource::Nofile, limit).unwrap();
            }
        },
    );
}

fn next_number(file: std::fs::File) -> u32 {
    use std::os::fd::AsRawFd;
    file.as_raw_fd().unsigned_abs()
}
