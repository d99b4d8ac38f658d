//! What is opened by a path: files that never block, devices, and the files of the kernel.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{MemfdFlags, Mode, OFlags, memfd_create, mkfifoat};
use uring_reactor::{AsyncFd, Interest, Route};

use super::{becomes_ready, is_ready};
use crate::support::on_every_backend;

/// Opens it for reading without blocking; where this machine has none, says so.
#[expect(clippy::print_stdout, reason = "what is skipped is said")]
fn open(path: &str) -> Option<File> {
    let nonblock = OFlags::NONBLOCK.bits().cast_signed();
    let opened = File::options().read(true).custom_flags(nonblock).open(path);
    opened
        .inspect_err(|error| println!("skipped: {path}: {error}"))
        .ok()
}

fn is_always_readable(path: &str) {
    if let Some(file) = open(path) {
        on_every_backend(|l| {
            is_ready(l, &file, Interest::READABLE, Route::AlwaysReady);
        });
    }
}

#[test]
fn a_regular_file_is_always_ready() {
    on_every_backend(|l| {
        let file = tempfile::tempfile().unwrap();
        is_ready(l, &file, Interest::READABLE, Route::AlwaysReady);
        is_ready(l, &file, Interest::WRITABLE, Route::AlwaysReady);
    });
}

#[test]
fn a_directory_is_always_ready() {
    on_every_backend(|l| {
        let directory = tempfile::tempdir().unwrap();
        let directory = File::open(directory.path()).unwrap();
        is_ready(l, &directory, Interest::READABLE, Route::AlwaysReady);
    });
}

#[test]
fn a_memfd_is_always_ready() {
    on_every_backend(|l| {
        let memory = memfd_create("test", MemfdFlags::CLOEXEC).unwrap();
        is_ready(l, &memory, Interest::READABLE, Route::AlwaysReady);
        is_ready(l, &memory, Interest::WRITABLE, Route::AlwaysReady);
    });
}

#[test]
fn dev_null_is_always_ready() {
    on_every_backend(|l| {
        let null = File::options()
            .read(true)
            .write(true)
            .open("/dev/null")
            .unwrap();
        is_ready(l, &null, Interest::READABLE, Route::AlwaysReady);
        is_ready(l, &null, Interest::WRITABLE, Route::AlwaysReady);
    });
}

#[test]
fn dev_zero_is_always_ready() {
    is_always_readable("/dev/zero");
}

#[test]
fn dev_urandom_is_always_ready() {
    is_always_readable("/dev/urandom");
}

/// It can be waited for, and there is something: what an epoll set takes.
fn is_readable_on_epoll_too(path: &str) {
    if let Some(file) = open(path) {
        on_every_backend(|l| {
            let ready = is_ready(l, &file, Interest::READABLE, Route::Epoll);
            assert!(ready.is_readable(), "{path} on {}: {ready:?}", l.name);
        });
    }
}

#[test]
fn dev_random_is_readable_once_it_is_seeded() {
    is_readable_on_epoll_too("/dev/random");
}

#[test]
fn dev_kmsg_is_readable_while_there_are_messages() {
    is_readable_on_epoll_too("/dev/kmsg");
}

#[test]
fn the_list_of_mounts_is_readable() {
    is_readable_on_epoll_too("/proc/self/mounts");
}

#[test]
fn a_sysfs_attribute_is_readable() {
    let attribute = "/sys/kernel/mm/transparent_hugepage/enabled";
    let other = "/sys/kernel/uevent_seqnum";
    is_readable_on_epoll_too(if Path::new(attribute).exists() {
        attribute
    } else {
        other
    });
}

/// A FIFO in a directory of its own, opened without blocking.
fn fifo(flags: OFlags) -> (tempfile::TempDir, File) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("fifo");
    mkfifoat(rustix::fs::CWD, &path, Mode::RUSR | Mode::WUSR).unwrap();
    let fifo = rustix::fs::open(&path, flags | OFlags::NONBLOCK, Mode::empty()).unwrap();
    (directory, fifo.into())
}

#[test]
fn a_fifo_that_never_had_a_writer_is_not_ready() {
    on_every_backend(|l| {
        let (directory, fifo) = fifo(OFlags::RDONLY);
        becomes_ready(l, &fifo, Interest::READABLE, || {
            let path = directory.path().join("fifo");
            File::options()
                .write(true)
                .open(path)
                .unwrap()
                .write_all(b"x")
                .unwrap();
        });
    });
}

#[test]
fn a_fifo_whose_writers_are_gone_is_hung_up() {
    on_every_backend(|l| {
        let (directory, fifo) = fifo(OFlags::RDONLY);
        let path = directory.path().join("fifo");
        drop(File::options().write(true).open(path).unwrap());
        let ready = is_ready(l, &fifo, Interest::READABLE, Route::Epoll);
        assert!(ready.is_read_closed(), "{}: {ready:?}", l.name);
    });
}

#[test]
fn a_fifo_without_readers_ends_the_wait_of_its_writer() {
    on_every_backend(|l| {
        let (directory, reader) = fifo(OFlags::RDONLY);
        let path = directory.path().join("fifo");
        let mut writer = File::options().write(true).open(path).unwrap();
        drop(reader);
        let ready = is_ready(l, &writer, Interest::WRITABLE, Route::Epoll);
        assert!(ready.is_writable(), "{}: {ready:?}", l.name);
        let error = writer.write(b"x").unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
    });
}

/// Two wait queues for one file, which the ring's poll could not hold before Linux 5.8: then it is epoll's.
#[test]
fn a_fifo_opened_both_ways_has_both_kinds_of_readiness() {
    on_every_backend(|l| {
        let (_directory, mut fifo) = fifo(OFlags::RDWR);
        let _current = l.handle().enter();
        let both = AsyncFd::new(fifo.try_clone().unwrap()).unwrap();
        let mut reader = l.park(both.readable());
        l.block_on(async { both.writable().await.unwrap().retain_ready() });
        assert!(!reader.is_woken(), "{}", l.name);
        fifo.write_all(b"x").unwrap();
        assert!(l.next("the byte", &mut reader).is_ready());
        fifo.read_exact(&mut [0]).unwrap();
    });
}
