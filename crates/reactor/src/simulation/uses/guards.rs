//! What a wait returns, by every way to it: whose object it gives, and what is left after it was cleared.

use std::future::poll_fn;
use std::io;
use std::os::fd::{AsFd, AsRawFd};

use super::Stage;
use crate::async_fd::AsyncFd;
use crate::backend::sim::SimFile;
use crate::backend::sim::files::FileId;
use crate::backend::sim::rng::Rng;
use crate::backend::sim::socket::Quirk;
use crate::interest::{Interest, Ready};

const CAPACITY: usize = 50;

/// A registration, and the peer of its file.
fn open(stage: &Stage) -> (AsyncFd<SimFile>, FileId) {
    let made = stage.sim.socket_pair(CAPACITY, Quirk::None);
    let (file, peer) = made.expect("numbers are free");
    let fd = AsyncFd::try_new(file).expect("the reactor lives");
    assert_eq!(fd.as_raw_fd(), fd.get_ref().raw_fd());
    assert_eq!(fd.as_fd().as_raw_fd(), fd.as_raw_fd());
    let text = format!("{fd:?}");
    assert!(
        text.starts_with("AsyncFd") && text.contains("SimFile"),
        "{text}"
    );
    (fd, peer)
}

fn is_blocked<T>(result: &io::Result<T>) -> bool {
    matches!(result, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

pub(super) fn a_guard_by_which_one_reads(rng: &mut Rng) {
    let mut stage = Stage::new(rng);
    let (mut fd, peer) = open(&stage);
    let sent = 1 + rng.below(CAPACITY);
    stage.sim.lock().write(peer, sent).expect("there is room");
    let is_exclusive = rng.one_in(2);
    let read = stage.finish(async {
        if is_exclusive {
            let mut guard = fd.readable_mut().await?;
            assert!(format!("{guard:?}").contains("is_readable: true"));
            assert_eq!(guard.get_ref().get_ref().id(), guard.get_inner().id());
            let read = guard.get_inner_mut().read(1000)?;
            guard.retain_ready();
            assert!(guard.ready().is_readable(), "it was retained");
            // Told that nothing is left, by a call that blocks.
            let left = guard.try_io(|fd| fd.get_mut().read(1000));
            assert!(left.is_err(), "all was read");
            assert!(guard.ready().is_empty(), "cleared by the call");
            io::Result::Ok(read)
        } else {
            let mut guard = fd.readable().await?;
            assert!(format!("{guard:?}").contains("is_readable: true"));
            assert_eq!(guard.get_ref().get_ref().id(), guard.get_inner().id());
            let read = guard.try_io(|fd| fd.get_ref().read(1000));
            let read = read.expect("there was something")?;
            guard.clear_ready();
            assert!(guard.ready().is_empty(), "it was cleared");
            Ok(read)
        }
    });
    assert_eq!(read.expect("the reactor lives"), sent);
    // What was cleared is waited for.
    let tried = fd.try_io(Interest::READABLE, |file| file.read(1));
    assert!(is_blocked(&tried), "{tried:?}");
    stage.sim.lock().write(peer, 1).expect("there is room");
    stage.settle();
    let tried = fd.try_io_mut(Interest::READABLE, |file| file.read(10));
    assert_eq!(tried.expect("a try asks the kernel for the next"), 1);
}

pub(super) fn a_guard_by_which_one_writes(rng: &mut Rng) {
    let mut stage = Stage::new(rng);
    let (mut fd, peer) = open(&stage);
    let is_exclusive = rng.one_in(2);
    let written = stage.finish(async {
        if is_exclusive {
            let mut guard = fd.writable_mut().await?;
            assert!(guard.ready().is_writable() && !guard.ready().is_readable());
            let written = guard.try_io(|fd| fd.get_mut().write(1000));
            guard.clear_ready_matching(Ready::WRITABLE);
            assert!(guard.ready().is_empty(), "it was cleared");
            written.expect("there was room")
        } else {
            let mut guard = fd.writable().await?;
            let written = guard.get_inner().write(1000);
            let refused = guard.try_io(|fd| fd.get_ref().write(1));
            let refused = refused.expect_err("there is no more room");
            assert_eq!(refused.to_string(), "the operation would block");
            written
        }
    });
    assert_eq!(written.expect("the reactor lives"), CAPACITY);
    let tried = fd.try_io_mut(Interest::WRITABLE, |file| file.write(1));
    assert!(is_blocked(&tried), "{tried:?}");
    stage.sim.lock().read(peer, 1000).expect("it was written");
    let written = fd.async_io_mut(Interest::WRITABLE, |file| file.write(7));
    assert_eq!(stage.finish(written).expect("there is room"), 7);
    // An application that knows of room from elsewhere says so.
    let read = fd.async_io(Interest::READABLE, |file| file.read(10));
    let mut read = super::Awaited::new(read);
    assert!(read.poll().is_pending());
    stage.settle();
    fd.assume_ready(Ready::READABLE);
    assert!(
        read.poll().is_pending(),
        "what is assumed wrongly is found out"
    );
    drop(read);
    let file = fd.into_inner();
    let id = file.id();
    let state = stage.sim.lock();
    assert_eq!((state.pins(id), state.listings(id)), (0, 0));
}

pub(super) fn polls_that_own_their_file(rng: &mut Rng) {
    let mut stage = Stage::new(rng);
    let (mut fd, peer) = open(&stage);
    fd.get_mut().write(1000).expect("there is room");
    let mut poll = std::pin::pin!(poll_fn(|cx| {
        let ready = fd.poll_write_ready_mut(cx);
        ready.map_ok(|guard| guard.ready())
    }));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    // Nobody has tried: what is not known is asked for.
    assert!(poll.as_mut().poll(&mut cx).is_pending());
    stage.settle();
    assert!(
        poll.as_mut().poll(&mut cx).is_pending(),
        "the buffer is full"
    );
    let taken = 1 + rng.below(CAPACITY);
    stage.sim.lock().read(peer, taken).expect("it was written");
    let ready = stage.finish(poll).expect("the reactor lives");
    assert!(ready.is_writable() && !ready.is_write_closed(), "{ready:?}");
    assert_eq!(fd.get_mut().write(1000).expect("there is room"), taken);
    let guard = stage.finish(fd.ready_mut(Interest::WRITABLE));
    let mut guard = guard.expect("what nobody has cleared is still there");
    assert!(is_blocked(&guard.get_inner_mut().write(1)));
    guard.clear_ready();
    stage.sim.lock().write(peer, 3).expect("there is room");
    let read = stage.finish(poll_fn(|cx| {
        let ready = std::task::ready!(fd.poll_read_ready_mut(cx));
        std::task::Poll::Ready(ready.and_then(|mut guard| guard.get_inner_mut().read(10)))
    }));
    assert_eq!(read.expect("there is something"), 3);
}
