//! Interests and readiness: sets that are added, taken from each other, and asked.

use std::task::Poll;

use super::{Awaited, Stage};
use crate::async_fd::AsyncFd;
use crate::backend::Route;
use crate::backend::sim::files::FileId;
use crate::backend::sim::rng::Rng;
use crate::backend::sim::socket::Quirk;
use crate::backend::sim::{Sim, SimFile};
use crate::interest::{Direction, Interest, Ready};

const PARTS: [(Interest, &str); 4] = [
    (Interest::READABLE, "READABLE"),
    (Interest::WRITABLE, "WRITABLE"),
    (Interest::PRIORITY, "PRIORITY"),
    (Interest::ERROR, "ERROR"),
];

/// The interest of these bits, one for each part; `None` of none.
fn sum(bits: usize) -> Option<Interest> {
    let mut sum = None;
    for (at, (part, _)) in PARTS.into_iter().enumerate() {
        if bits >> at & 1 == 0 {
            continue;
        }
        match &mut sum {
            None => sum = Some(part),
            Some(sum) => *sum |= part,
        }
    }
    sum
}

fn check(interest: Interest, bits: usize) {
    let is = [
        interest.is_readable(),
        interest.is_writable(),
        interest.is_priority(),
        interest.is_error(),
    ];
    let names = PARTS.iter().enumerate();
    let names = names.filter(|(at, _)| bits >> at & 1 != 0);
    let names: Vec<&str> = names.map(|(_, (_, name))| *name).collect();
    for (at, is) in is.into_iter().enumerate() {
        assert_eq!(is, bits >> at & 1 != 0, "{interest:?}");
    }
    assert_eq!(format!("{interest:?}"), names.join(" | "));
}

/// What a peer, and we, have done to a socket before anybody waits.
fn prepare(rng: &mut Rng, sim: &Sim) -> (SimFile, FileId) {
    let (file, peer) = sim
        .socket_pair(rng.pick(&[1, 50]), Quirk::None)
        .expect("numbers are free");
    if rng.one_in(2) {
        file.write(1000).expect("there is room");
    }
    let mut state = sim.lock();
    match rng.below(6) {
        0 => drop(state.write(peer, 10)),
        1 => state.shut_write(peer),
        2 => state.send_urgent(peer),
        3 => state.close_peer(peer, false),
        4 => state.close_peer(peer, true),
        _ => {}
    }
    drop(state);
    (file, peer)
}

pub(super) fn what_is_waited_for_and_found_are_sets(rng: &mut Rng) {
    let mut stage = Stage::new(rng);
    let (bits, others) = (1 + rng.below(15), rng.below(16));
    let interest = sum(bits).expect("not empty");
    check(interest, bits);
    if let Some(unwanted) = sum(others) {
        let left = interest.remove(unwanted);
        assert_eq!(
            left,
            sum(bits & !others),
            "{interest:?} without {unwanted:?}"
        );
        if let Some(left) = left {
            check(left | unwanted, bits | others);
        }
    }
    let (file, _peer) = prepare(rng, &stage.sim);
    let id = file.id();
    let fd = AsyncFd::with_interest(file, interest).expect("the reactor lives");
    let level = Ready::from_poll(stage.sim.lock().level(id));
    let expected = level.intersection(interest);
    assert_eq!(expected, level & Ready::from(interest));
    let mut task = Awaited::new(fd.ready(interest));
    let mut polled = task.poll();
    for _ in 0..4 {
        if polled.is_ready() {
            break;
        }
        stage.settle();
        polled = task.poll();
    }
    let Poll::Ready(guard) = polled else {
        // Level that was there when it asked must be told.
        assert!(
            !is_promised(&stage, id, interest),
            "{interest:?} of {level:?}"
        );
        return;
    };
    let found = guard.expect("the reactor lives").ready();
    judge(&stage, id, interest, expected, found);
}

/// Whether somebody who waits for this must be told at once.
fn is_promised(stage: &Stage, id: FileId, interest: Interest) -> bool {
    let state = stage.sim.lock();
    interest
        .directions()
        .any(|direction| state.is_usable(id, direction))
}

fn judge(stage: &Stage, id: FileId, interest: Interest, expected: Ready, found: Ready) {
    assert!(found.satisfies(interest), "{found:?} for {interest:?}");
    assert!(!found.is_empty());
    assert!(expected.contains(found), "{found:?} where {expected:?} is");
    assert!((found - expected).is_empty());
    let rest = Ready::ALL - found;
    assert_eq!((rest | found, rest & found), (Ready::ALL, Ready::EMPTY));
    let mut all = found;
    all |= expected;
    assert_eq!(all, expected);
    assert_eq!(found | expected, expected);
    let text = format!("{found:?}");
    for (name, is) in [
        ("readable", found.is_readable()),
        ("writable", found.is_writable()),
        ("read_closed", found.is_read_closed()),
        ("write_closed", found.is_write_closed()),
        ("priority", found.is_priority()),
        ("error", found.is_error()),
    ] {
        assert!(text.contains(&format!("is_{name}: {is}")), "{text}");
    }
    // Who acts by it is not told to block.
    let state = stage.sim.lock();
    if found.is_readable() && interest.is_readable() {
        assert!(state.is_usable(id, Direction::Read), "{found:?}");
    }
    if found.is_writable() && interest.is_writable() {
        assert!(state.is_usable(id, Direction::Write), "{found:?}");
    }
}

pub(super) fn the_reactor_counts_what_it_does(rng: &mut Rng) {
    let mut stage = Stage::new(rng);
    let count = 1 + rng.below(5);
    let before = stage.reactor.handle().metrics();
    let made: Vec<_> = (0..count)
        .map(|_| {
            stage
                .sim
                .socket_pair(50, Quirk::None)
                .expect("free numbers")
        })
        .collect();
    let peers: Vec<FileId> = made.iter().map(|(_, peer)| *peer).collect();
    let fds: Vec<AsyncFd<SimFile>> = made
        .into_iter()
        .map(|(file, _)| AsyncFd::new(file).expect("the reactor lives"))
        .collect();
    let mut tasks: Vec<_> = fds.iter().map(|fd| Awaited::new(fd.readable())).collect();
    for task in &mut tasks {
        assert!(task.poll().is_pending());
    }
    stage.settle();
    let armed = stage.reactor.handle().metrics();
    assert_eq!(armed.sources, count);
    assert_eq!(armed.arms - before.arms, count as u64, "one request each");
    assert_eq!(armed.turns - before.turns, 4);
    let is_on_ring = stage.reactor.driver().rung.is_some();
    // An epoll set tells that it has taken the file, and of the room to write, for which it was registered, too.
    let told = if is_on_ring { 0 } else { 2 * count as u64 };
    assert_eq!(armed.completions - before.completions, told);
    for fd in &fds {
        let route = if is_on_ring {
            Route::Ring
        } else {
            Route::Epoll
        };
        assert_eq!(
            (fd.registration(), fd.is_edge_triggered()),
            (route, !is_on_ring)
        );
    }
    let happened = 1 + rng.below(count);
    for peer in &peers[..happened] {
        stage.sim.lock().write(*peer, 1).expect("there is room");
    }
    stage.settle();
    let woken = tasks.iter().filter(|task| task.is_woken()).count();
    assert_eq!(woken, happened, "those and no others");
    let done = stage.reactor.handle().metrics();
    assert_eq!(done.completions - armed.completions, happened as u64);
    // Deferred work comes in parts, so that more than one turn may have woken somebody.
    let idle = done.idle_turns - armed.idle_turns;
    assert!(
        idle <= 3 && idle + happened as u64 >= 4,
        "{idle} of 4 turns"
    );
    assert_eq!(done.stale_completions, before.stale_completions);
    drop(tasks);
    drop(fds);
    stage.settle();
    assert_eq!(stage.reactor.handle().metrics().sources, 0);
}
