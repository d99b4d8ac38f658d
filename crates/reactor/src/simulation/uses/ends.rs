//! What ends on another thread, and what outlives its reactor.

use std::error::Error;
use std::time::Duration;

use super::{Awaited, Stage};
use crate::async_fd::AsyncFd;
use crate::backend::sim::rng::Rng;
use crate::backend::sim::socket::Quirk;
use crate::clock::Instant;
use crate::context;
use crate::handle::Handle;
use crate::interest::Interest;
use crate::shutdown::is_rt_shutdown_err;
use crate::sleep::Sleep;

pub(super) fn a_file_that_is_closed_elsewhere_is_let_go_of(rng: &mut Rng) {
    let mut stage = Stage::new(rng);
    let made = stage.sim.socket_pair(50, Quirk::None);
    let (file, _peer) = made.expect("numbers are free");
    let id = file.id();
    let fd = AsyncFd::with_interest(file, Interest::READABLE).expect("the reactor lives");
    let mut task = Box::pin(Awaited::new(fd.readable()));
    assert!(task.poll().is_pending());
    stage.settle();
    let held = |stage: &Stage| {
        let state = stage.sim.lock();
        state.pins(id) + state.listings(id)
    };
    assert_eq!(held(&stage), 1, "somebody waits for it");
    drop(task);
    let mut closing = Awaited::new(fd.close());
    assert!(context::elsewhere(|| closing.poll()).is_pending());
    if rng.one_in(4) {
        // Whoever does not wait for it has closed it all the same.
        drop(closing);
        stage.settle();
    } else {
        stage.finish(closing.future).expect("close(2)");
    }
    assert_eq!(held(&stage), 0);
    assert!(stage.sim.lock().is_released(id), "its peer sees the end");
    assert_eq!(stage.reactor.handle().metrics().sources, 0);
}

pub(super) fn what_outlives_its_reactor_is_told_so(rng: &mut Rng) {
    let Stage {
        sim,
        _current,
        reactor,
        ..
    } = Stage::new(rng);
    let handle = reactor.handle();
    assert_eq!(format!("{:?}", handle.enter()), "EnterGuard { .. }");
    let open = || {
        sim.socket_pair(50, Quirk::None)
            .expect("numbers are free")
            .0
    };
    let fd = AsyncFd::new(open()).expect("the reactor lives");
    let (mut readable, mut writable) = (
        Awaited::new(fd.readable()),
        Awaited::new(fd.async_io(Interest::WRITABLE, |file| file.write(1))),
    );
    assert!(readable.poll().is_pending() && writable.poll().is_pending());
    let deadline = Instant::now() + Duration::from_secs(1);
    let mut sleep = Awaited::new(Sleep::until(deadline));
    assert!(sleep.poll().is_pending());
    drop(reactor);
    assert!(readable.is_woken() && writable.is_woken() && sleep.is_woken());
    for polled in [readable.poll().map_ok(drop), writable.poll().map_ok(drop)] {
        let std::task::Poll::Ready(Err(error)) = polled else {
            panic!("it waits for nobody");
        };
        assert!(is_rt_shutdown_err(&error), "{error}");
        assert!(error.to_string().contains("has shut down"), "{error}");
    }
    assert!(!is_rt_shutdown_err(&std::io::ErrorKind::WouldBlock.into()));
    let refused = AsyncFd::try_new(open()).map(drop).map_err(|error| {
        assert!(error.to_string().starts_with("cannot register"), "{error}");
        assert!(format!("{error:?}").starts_with("AsyncFdRegisterError"));
        let source = error.source().map(ToString::to_string);
        assert!(source.is_some_and(|text| text.contains("has shut down")));
        error.into_parts()
    });
    let (file, error) = refused.expect_err("there is no reactor");
    assert!(is_rt_shutdown_err(&error), "{error}");
    assert_eq!(file.write(1).expect("the file is as it was"), 1);
    sim.pause(Duration::from_secs(2));
    assert!(sleep.poll().is_ready(), "its time has come");
    drop(_current);
    assert!(Handle::try_current().is_none() && !Handle::has_current());
}

/// It has no error to say it by. One that is due is simply over, see above.
#[test]
#[should_panic(expected = "a timer was polled after its uring-rt runtime has shut down")]
fn a_timer_that_outlives_its_reactor_panics() {
    let Stage {
        _current, reactor, ..
    } = Stage::new(&mut Rng::new(1));
    let mut sleep = Awaited::new(Sleep::until(Instant::now() + Duration::from_secs(1)));
    drop(reactor);
    let _ = sleep.poll();
}
