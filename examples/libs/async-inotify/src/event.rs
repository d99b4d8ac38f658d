//! One event.

use std::ffi::{OsStr, OsString};
use std::num::NonZeroU32;
use std::os::unix::ffi::OsStrExt;

use rustix::fs::inotify;

/// What has happened: `IN_CREATE` and the like.
pub use rustix::fs::inotify::ReadFlags as Happened;

/// Something that is watched: see [`Watcher::add`](crate::Watcher::add).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Watch(pub(crate) i32);

/// One thing that has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// To what, or `None` for [`Happened::QUEUE_OVERFLOW`]: events of any watch were lost.
    pub watch: Option<Watch>,
    /// What.
    pub what: Happened,
    /// The same for both events of a rename.
    pub cookie: Option<NonZeroU32>,
    /// Of the file in the directory that is watched; `None` when what is watched is meant itself.
    pub name: Option<OsString>,
}

impl From<&inotify::Event<'_>> for Event {
    fn from(event: &inotify::Event<'_>) -> Event {
        let name = event.file_name();
        Event {
            watch: (event.wd() >= 0).then(|| Watch(event.wd())),
            what: event.events(),
            cookie: NonZeroU32::new(event.cookie()),
            name: name.map(|name| OsStr::from_bytes(name.to_bytes()).to_owned()),
        }
    }
}
