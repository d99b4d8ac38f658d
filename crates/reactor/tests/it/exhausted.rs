//! No locked memory, no descriptors: less, or epoll, with the reason; and all is well when there are some again.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use nix::unistd::{Gid, Uid, geteuid, setgid, setgroups, setuid};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use uring_reactor::{AsyncFd, Choice, Instant, Interest, Options, Rung, Sleep};

use crate::support::{Loop, in_child, on_every_backend, read_byte, socket_pair};

/// The one that owns nothing.
const NOBODY: u32 = 65_534;

/// Becomes a user without capabilities, who may lock this much memory; root would be exempt from the limit.
fn lock_at_most(bytes: u64) {
    let limit = Rlimit {
        current: Some(bytes),
        maximum: Some(bytes),
    };
    setrlimit(Resource::Memlock, limit).unwrap();
    if geteuid().is_root() {
        setgroups(&[]).unwrap();
        setgid(Gid::from_raw(NOBODY)).unwrap();
        setuid(Uid::from_raw(NOBODY)).unwrap();
    }
}

fn it_works(l: &mut Loop) {
    let _current = l.handle().enter();
    let pairs: Vec<_> = (0..100).map(|_| socket_pair()).collect();
    let (ours, theirs): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    let ours: Vec<AsyncFd<UnixStream>> = ours
        .into_iter()
        .map(|fd| AsyncFd::new(fd).unwrap())
        .collect();
    let waits: Vec<_> = ours.iter().map(|fd| l.park(fd.readable())).collect();
    for mut peer in &theirs {
        peer.write_all(b"x").unwrap();
    }
    l.until("all bytes", || waits.iter().all(|wait| wait.is_woken()));
    drop(waits);
    for fd in &ours {
        assert_eq!(l.block_on(read_byte(fd)).unwrap(), Some(b'x'));
    }
    let deadline = Instant::now() + std::time::Duration::from_micros(500);
    // sleep: a short timer.
    l.block_on(Sleep::until(deadline));
    assert!(Instant::now() >= deadline);
}

/// Whether the kernel charges the memory of a ring to the user: 6.14 to 7.1 do, by observation of 7.1 and 7.2. Before
/// 5.12 they did too, but the 5.10 that distributions have carries the io_uring of 5.15.
fn is_charged(kernel: &str) -> bool {
    let mut numbers = kernel
        .split(['.', '-'])
        .map_while(|word| word.parse::<u32>().ok());
    let version = (numbers.next(), numbers.next());
    ((Some(6), Some(14))..=(Some(7), Some(1))).contains(&version)
}

#[expect(clippy::print_stdout, reason = "what is skipped is said")]
fn say_that_memory_is_free(rung: Rung) {
    println!(
        "skipped on rung {}: rings cost no locked memory on this kernel",
        rung.name()
    );
}

/// On every rung in turn, with what is left for a ring when there is room for so many bytes.
fn with_locked_memory(name: &str, bytes: u64) {
    in_child(name, || {
        lock_at_most(bytes);
        for rung in Rung::ALL {
            let options = Options::new().choice(Choice::Auto).top_rung(rung);
            let mut l = Loop::new(rung.name(), options.entries(1024));
            let driver = l.reactor.driver().clone();
            if l.is_epoll() {
                let refusal = driver.refused.last().unwrap();
                assert_eq!(refusal.errno, Some(Errno::NOMEM.raw_os_error()), "{driver}");
                assert!(driver.to_string().contains("RLIMIT_MEMLOCK"), "{driver}");
            } else if driver.sq_entries < 1024 {
                assert!(bytes > 4096, "two pages are needed: {driver}");
            } else {
                // 1024 entries are 26 pages, where they are charged.
                assert!(!is_charged(&driver.kernel), "{driver}");
                say_that_memory_is_free(rung);
            }
            it_works(&mut l);
        }
    });
}

#[test]
fn without_locked_memory_an_unprivileged_user_gets_epoll_and_the_reason() {
    with_locked_memory(
        "exhausted::without_locked_memory_an_unprivileged_user_gets_epoll_and_the_reason",
        0,
    );
}

#[test]
fn with_one_page_of_locked_memory_an_unprivileged_user_gets_epoll_and_the_reason() {
    with_locked_memory(
        "exhausted::with_one_page_of_locked_memory_an_unprivileged_user_gets_epoll_and_the_reason",
        4096,
    );
}

#[test]
fn with_little_locked_memory_an_unprivileged_user_gets_a_smaller_ring() {
    with_locked_memory(
        "exhausted::with_little_locked_memory_an_unprivileged_user_gets_a_smaller_ring",
        16_384,
    );
}

#[test]
fn with_the_customary_locked_memory_an_unprivileged_user_gets_a_smaller_ring() {
    with_locked_memory(
        "exhausted::with_the_customary_locked_memory_an_unprivileged_user_gets_a_smaller_ring",
        65_536,
    );
}

#[test]
fn an_epoll_set_that_cannot_be_built_when_needed_is_an_error_of_that_wait_alone() {
    in_child(
        "exhausted::an_epoll_set_that_cannot_be_built_when_needed_is_an_error_of_that_wait_alone",
        || {
            on_every_backend(|l| {
                if l.is_epoll() {
                    return;
                }
                let _current = l.handle().enter();
                let (ours, mut theirs) = socket_pair();
                let ours = AsyncFd::new(ours).unwrap();
                let reader = l.park(ours.readable());
                let limit = getrlimit(Resource::Nofile);
                let free = std::fs::File::open("/dev/null").unwrap();
                let current = Some(u64::from(free.as_raw_fd().unsigned_abs()));
                drop(free);
                setrlimit(Resource::Nofile, Rlimit { current, ..limit }).unwrap();
                // Urgent data is a matter for epoll, whose set is built now.
                let refused = l.block_on(ours.ready(Interest::PRIORITY)).unwrap_err();
                assert_eq!(refused.raw_os_error(), Some(Errno::MFILE.raw_os_error()));
                assert!(!reader.is_woken(), "{}: the other wait goes on", l.name);
                drop(reader);
                theirs.write_all(b"x").unwrap();
                assert_eq!(l.block_on(read_byte(&ours)).unwrap(), Some(b'x'));
                setrlimit(Resource::Nofile, limit).unwrap();
                drop(l.park(ours.ready(Interest::PRIORITY)));
            });
        },
    );
}
