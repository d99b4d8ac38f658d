//! What tasks do: the ways in which an application waits for a file.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker, ready};

use crate::async_fd::AsyncFd;
use crate::backend::sim::files::FileId;
use crate::backend::sim::rng::Rng;
use crate::backend::sim::{SimFile, watch::Flag};
use crate::interest::{Direction, Interest, Ready};

pub(super) type Fd = AsyncFd<SimFile>;
pub(super) type Work = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

/// Operations of a task that goes on for a while.
const ROUNDS: usize = 5;

/// Somebody who waits for a file.
pub(super) struct Task {
    pub(super) work: Work,
    pub(super) flag: Arc<Flag>,
    pub(super) waker: Waker,
    /// The connection whose file it is; the numbers are never used again.
    pub(super) connection: u64,
    pub(super) file: FileId,
    /// The file's changes when it was registered.
    pub(super) since: u64,
    pub(super) interest: Interest,
    /// Takes the one place for a poller of this direction.
    pub(super) place: Option<Direction>,
    /// Its number was tampered with: anything may come of it.
    pub(super) is_lawless: bool,
    /// Its place among what is awaited.
    pub(super) awaited: Option<usize>,
    /// The budget ran out when it was last polled: it is woken to come again.
    pub(super) is_paced: bool,
    /// Owns its registration.
    pub(super) owns: bool,
}

/// What a new task does, and what it waits for meanwhile.
pub(super) struct Job {
    pub(super) work: Work,
    pub(super) interest: Interest,
    pub(super) place: Option<Direction>,
}

const READ: Interest = Interest::READABLE;
const WRITE: Interest = Interest::WRITABLE;

/// Chooses something to do with `fd`. `with_urgent`: urgent data is among what it was registered for.
pub(super) fn choose(rng: &mut Rng, fd: Arc<Fd>, with_urgent: bool) -> Job {
    let size = rng.pick(&[1, 10, 64, 200]);
    let kind = rng.below(15);
    let (work, interest, place): (Work, _, _) = match kind {
        0 => (Box::pin(read_once(fd, size)), READ, None),
        1 => (Box::pin(write_once(fd, size)), WRITE, None),
        2 | 3 => (Box::pin(read_guarded(fd, size)), READ, None),
        4 => (Box::pin(write_guarded(fd, size)), WRITE, None),
        5 => (Box::pin(either(fd, size)), READ | WRITE, None),
        6 => (Box::pin(urgent(fd)), Interest::PRIORITY, None),
        7 => (Box::pin(error(fd)), Interest::ERROR, None),
        8 => (Box::pin(read_stream(fd, size)), READ, Some(Direction::Read)),
        9 => (
            Box::pin(write_stream(fd, size)),
            WRITE,
            Some(Direction::Write),
        ),
        10 if with_urgent => (Box::pin(read_tcp(fd, size)), READ, Some(Direction::Read)),
        10 | 11 => (Box::pin(poll_read(fd, size)), READ, Some(Direction::Read)),
        12 => (
            Box::pin(poll_write(fd, size)),
            WRITE,
            Some(Direction::Write),
        ),
        13 => (Box::pin(read_io(fd, size)), READ, Some(Direction::Read)),
        _ => (Box::pin(write_io(fd, size)), WRITE, Some(Direction::Write)),
    };
    Job {
        work,
        interest,
        place,
    }
}

/// Something that needs the registration for itself.
pub(super) fn choose_owned(rng: &mut Rng, fd: Fd) -> Job {
    let size = rng.pick(&[1, 10, 64]);
    let (work, interest): (Work, _) = match rng.below(4) {
        0 => (Box::pin(read_owned(fd, size)), READ),
        1 => (Box::pin(write_owned(fd, size)), WRITE),
        2 => (Box::pin(poll_owned(fd, size)), READ),
        _ => (Box::pin(io_owned(fd, size)), READ),
    };
    Job {
        work,
        interest,
        place: None,
    }
}

/// A file with an error queue counts as closed for writing, as in tokio, and only a call that blocks proves that it
/// is not: clearing does not undo what is final.
fn blocked(_: &Fd) -> io::Result<()> {
    Err(io::ErrorKind::WouldBlock.into())
}

async fn read_once(fd: Arc<Fd>, size: usize) -> io::Result<()> {
    fd.async_io(READ, |file| file.read(size)).await.map(drop)
}

async fn write_once(fd: Arc<Fd>, size: usize) -> io::Result<()> {
    fd.async_io(WRITE, |file| file.write(size)).await.map(drop)
}

async fn read_guarded(fd: Arc<Fd>, size: usize) -> io::Result<()> {
    for _ in 0..ROUNDS {
        let mut guard = fd.readable().await?;
        match guard.try_io(|fd| fd.get_ref().read(size)) {
            Ok(Ok(0)) => return Ok(()),
            Ok(read) => read.map(drop)?,
            Err(_) => assert!(guard.ready().is_empty(), "cleared by the call"),
        }
    }
    Ok(())
}

async fn write_guarded(fd: Arc<Fd>, size: usize) -> io::Result<()> {
    for _ in 0..ROUNDS {
        let mut guard = fd.writable().await?;
        match guard.get_inner().write(size) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                guard.clear_ready_matching(Ready::WRITABLE);
                if !guard.ready().is_empty() {
                    let _ = guard.try_io(blocked);
                }
            }
            written => {
                guard.retain_ready();
                written?;
            }
        }
    }
    Ok(())
}

async fn either(fd: Arc<Fd>, size: usize) -> io::Result<()> {
    for _ in 0..ROUNDS {
        let mut guard = fd.ready(READ | WRITE).await?;
        let ready = guard.ready();
        assert!(ready.is_readable() || ready.is_writable());
        if ready.is_readable() {
            match guard.get_inner().read(size) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    guard.clear_ready_matching(Ready::READABLE | Ready::ERROR);
                }
                Ok(0) => return Ok(()),
                read => read.map(drop)?,
            }
        }
        if guard.ready().is_writable() {
            // The call that blocks is the proof for both, if it was made for both.
            match guard.try_io(|fd| {
                fd.get_ref()
                    .write(size)
                    .or_else(|_| fd.get_ref().read(size))
            }) {
                Ok(done) => done.map(drop)?,
                Err(blocked) => assert!(!blocked.to_string().is_empty()),
            }
        }
    }
    Ok(())
}

async fn urgent(fd: Arc<Fd>) -> io::Result<()> {
    for _ in 0..ROUNDS {
        let mut guard = fd.ready(Interest::PRIORITY).await?;
        if guard.ready().is_read_closed() {
            return Ok(());
        }
        if let Ok(taken) = guard.try_io(|fd| fd.get_ref().take_urgent()) {
            return taken;
        }
    }
    Ok(())
}

async fn error(fd: Arc<Fd>) -> io::Result<()> {
    for _ in 0..ROUNDS {
        let mut guard = fd.ready(Interest::ERROR).await?;
        if let Ok(taken) = guard.try_io(|fd| fd.get_ref().take_error()) {
            return taken.map(drop);
        }
    }
    Ok(())
}

/// By short reads, which do not ask for the EAGAIN, and prove nothing.
async fn read_stream(fd: Arc<Fd>, size: usize) -> io::Result<()> {
    for _ in 0..ROUNDS {
        let read =
            |cx: &mut Context<'_>| fd.poll_read_stream(cx, size, |file| file.read_short(size));
        if poll_fn(read).await? == 0 {
            break;
        }
    }
    Ok(())
}

/// By short reads, which prove that there is no more.
async fn read_tcp(fd: Arc<Fd>, size: usize) -> io::Result<()> {
    for _ in 0..ROUNDS {
        let read = |cx: &mut Context<'_>| fd.poll_read_tcp(cx, size, |file| file.read(size));
        if poll_fn(read).await? == 0 {
            break;
        }
    }
    Ok(())
}

async fn write_stream(fd: Arc<Fd>, size: usize) -> io::Result<()> {
    for _ in 0..ROUNDS {
        let write = |cx: &mut Context<'_>| fd.poll_write_stream(cx, size, |file| file.write(size));
        poll_fn(write).await?;
    }
    Ok(())
}

async fn poll_read(fd: Arc<Fd>, size: usize) -> io::Result<()> {
    let once = |cx: &mut Context<'_>| {
        loop {
            let mut guard = ready!(fd.poll_read_ready(cx))?;
            if let Ok(read) = guard.try_io(|fd| fd.get_ref().read(size)) {
                return std::task::Poll::Ready(read);
            }
        }
    };
    poll_fn(once).await.map(drop)
}

async fn poll_write(fd: Arc<Fd>, size: usize) -> io::Result<()> {
    let once = |cx: &mut Context<'_>| {
        loop {
            let mut guard = ready!(fd.poll_write_ready(cx))?;
            match guard.get_ref().get_ref().write(size) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    guard.clear_ready();
                    if !guard.ready().is_empty() {
                        let _ = guard.try_io(blocked);
                    }
                }
                written => return std::task::Poll::Ready(written),
            }
        }
    };
    poll_fn(once).await.map(drop)
}

async fn read_io(fd: Arc<Fd>, size: usize) -> io::Result<()> {
    let read = |cx: &mut Context<'_>| fd.poll_read_io(cx, |file| file.read(size));
    poll_fn(read).await.map(drop)
}

async fn write_io(fd: Arc<Fd>, size: usize) -> io::Result<()> {
    let write = |cx: &mut Context<'_>| fd.poll_write_io(cx, |file| file.write(size));
    poll_fn(write).await.map(drop)
}

async fn read_owned(mut fd: Fd, size: usize) -> io::Result<()> {
    for _ in 0..ROUNDS {
        let mut guard = fd.readable_mut().await?;
        if let Ok(read) = guard.try_io(|fd| fd.get_ref().read(size))
            && read? == 0
        {
            break;
        }
    }
    Ok(())
}

async fn write_owned(mut fd: Fd, size: usize) -> io::Result<()> {
    for _ in 0..ROUNDS {
        let mut guard = fd.writable_mut().await?;
        match guard.get_inner_mut().write(size) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                guard.clear_ready();
                if !guard.ready().is_empty() {
                    let _ = guard.try_io(|_| Err::<(), _>(io::ErrorKind::WouldBlock.into()));
                }
            }
            written => written.map(drop)?,
        }
    }
    Ok(())
}

async fn poll_owned(mut fd: Fd, size: usize) -> io::Result<()> {
    let read = |cx: &mut Context<'_>| {
        loop {
            let mut guard = ready!(fd.poll_read_ready_mut(cx))?;
            match guard.get_mut().get_mut().read(size) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    guard.clear_ready_matching(Ready::READABLE);
                }
                read => {
                    guard.retain_ready();
                    return std::task::Poll::Ready(read);
                }
            }
        }
    };
    poll_fn(read).await.map(drop)
}

async fn io_owned(mut fd: Fd, size: usize) -> io::Result<()> {
    let tried = fd.try_io_mut(READ, |file| file.read(size));
    if !matches!(&tried, Err(error) if error.kind() == io::ErrorKind::WouldBlock) {
        return tried.map(drop);
    }
    fd.async_io_mut(READ, |file| file.read(size))
        .await
        .map(drop)
}
