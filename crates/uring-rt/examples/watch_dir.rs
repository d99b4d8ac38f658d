//! Prints what happens in a directory, with inotify(7) awaited through `AsyncFd`.
//!
//! ```text
//! watch_dir DIR       prints the events of DIR until Ctrl-C, or until DIR is gone
//! watch_dir           watches a directory of its own and makes some changes in it
//! ```

use std::env;
use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::pin::pin;
use std::process::ExitCode;

use futures_util::future::{Either, select};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use uring_rt::AsyncFd;
use uring_rt::io::Interest;
use uring_rt::signal::ctrl_c;
use uring_rt::task::yield_now;

const USAGE: &str = "usage: watch_dir [DIR]";

type Outcome = Result<(), Box<dyn Error>>;

#[uring_rt::main]
#[expect(clippy::print_stderr, reason = "a program reports its errors")]
async fn main() -> ExitCode {
    let args: Vec<OsString> = env::args_os().skip(1).collect();
    let outcome = match args.as_slice() {
        [] => demo().await,
        [dir] if !dir.as_bytes().starts_with(b"-") => watch_until_ctrl_c(Path::new(dir)).await,
        _ => {
            eprintln!("watch_dir: one directory at most, and no options; {USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("watch_dir: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A directory that is watched: how a library wraps a file descriptor.
struct Watch {
    inotify: AsyncFd<OwnedFd>,
}

/// One thing that has happened.
struct Event {
    what: ReadFlags,
    /// Of the file in the directory; absent when the directory itself is meant.
    name: Option<OsString>,
}

impl Watch {
    fn new(dir: &Path) -> io::Result<Watch> {
        // Non-blocking: readiness is a hint, and the read must not wait when the hint was wrong.
        let inotify = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        let wanted = WatchFlags::CREATE
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::ATTRIB
            | WatchFlags::MOVE
            | WatchFlags::DELETE
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF
            | WatchFlags::ONLYDIR;
        inotify::add_watch(&inotify, dir, wanted)?;
        Ok(Watch {
            inotify: AsyncFd::with_interest(inotify, Interest::READABLE)?,
        })
    }

    /// Waits until something has happened; all of it, in order. Cancel safe: between the read and the return
    /// nothing is awaited, so no event is lost with a future that is dropped.
    async fn next(&self) -> io::Result<Vec<Event>> {
        loop {
            let mut guard = self.inotify.readable().await?;
            // `try_io` clears the readiness when the answer is `WouldBlock`, and only then: what is still
            // unread keeps the next call from waiting.
            match guard.try_io(|inotify| read_events(inotify.get_ref())) {
                Ok(events) => return events,
                Err(_would_block) => {}
            }
        }
    }
}

/// One read(2), which gives as many whole events as fit into the buffer.
fn read_events(inotify: &OwnedFd) -> io::Result<Vec<Event>> {
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut reader = Reader::new(inotify, &mut buffer);
    let mut events = Vec::new();
    loop {
        let event = reader.next()?;
        events.push(Event {
            what: event.events(),
            name: event
                .file_name()
                .map(|name| OsStr::from_bytes(name.to_bytes()).to_owned()),
        });
        if reader.is_buffer_empty() {
            return Ok(events);
        }
    }
}

async fn watch_until_ctrl_c(dir: &Path) -> Outcome {
    let watch =
        Watch::new(dir).map_err(|error| format!("cannot watch {}: {error}", dir.display()))?;
    writeln!(io::stdout(), "watching {}; Ctrl-C ends", dir.display())?;
    // Whichever is first; the other is dropped.
    match select(pin!(print_events(&watch)), pin!(ctrl_c())).await {
        Either::Left((printed, _)) => printed,
        Either::Right((interrupted, _)) => Ok(interrupted?),
    }
}

/// Prints until the directory is gone.
async fn print_events(watch: &Watch) -> Outcome {
    let mut out = io::stdout();
    loop {
        for event in watch.next().await? {
            if event.what.contains(ReadFlags::IGNORED) {
                // The last event of a watch: what it watched does not exist any more.
                return Ok(());
            }
            let name = event.name.unwrap_or_else(|| ".".into());
            writeln!(out, "{:<10} {}", verb(event.what), name.display())?;
        }
    }
}

fn verb(what: ReadFlags) -> &'static str {
    let verbs = [
        (ReadFlags::CREATE, "created"),
        (ReadFlags::CLOSE_WRITE, "written"),
        (ReadFlags::ATTRIB, "attributes"),
        (ReadFlags::MOVED_FROM, "moved from"),
        (ReadFlags::MOVED_TO, "moved to"),
        (ReadFlags::DELETE, "deleted"),
        (ReadFlags::DELETE_SELF, "gone"),
        (ReadFlags::MOVE_SELF, "moved"),
        (ReadFlags::UNMOUNT, "unmounted"),
        (ReadFlags::QUEUE_OVERFLOW, "events lost"),
    ];
    let found = verbs.iter().find(|(flag, _)| what.contains(*flag));
    found.map_or("changed", |(_, verb)| verb)
}

/// A task makes changes while this one watches.
async fn demo() -> Outcome {
    let dir = env::temp_dir().join(format!("uring-rt-watch-{}", std::process::id()));
    let failed = |error| format!("cannot use {}: {error}", dir.display());
    fs::create_dir(&dir).map_err(failed)?;
    let watch = Watch::new(&dir).map_err(failed)?;

    let changes = uring_rt::spawn({
        let dir = dir.clone();
        async move { make_changes(&dir).await }
    });
    print_events(&watch).await?;
    changes.await?.map_err(failed)?;
    Ok(())
}

/// Ends with the directory itself, and so ends the watch.
async fn make_changes(dir: &Path) -> io::Result<()> {
    let (draft, letter) = (dir.join("draft"), dir.join("letter"));
    fs::write(&draft, "Dear kernel,")?;
    // The runtime looks at its fds, and the watching task runs, before this one goes on.
    yield_now().await;
    fs::rename(&draft, &letter)?;
    fs::create_dir(dir.join("attic"))?;
    yield_now().await;
    fs::remove_dir(dir.join("attic"))?;
    fs::remove_file(&letter)?;
    fs::remove_dir(dir)
}
