//! Every kind of fd, with the mechanism that serves it.

mod files;
mod objects;

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command, Stdio};

use rustix::event::{EventfdFlags, epoll, eventfd};
use rustix::fs::{Mode, OFlags, inotify};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio_test::{assert_ready, assert_ready_ok};
use uring_reactor::{AsyncFd, Interest, Ready, Route, Turn};

use crate::support::{Loop, in_child, on_every_backend, spawn, tcp_pair};

/// Waits for `interest`, lets `make_ready` happen, and returns what was found.
fn becomes_ready(
    l: &mut Loop,
    fd: &impl AsFd,
    interest: Interest,
    make_ready: impl FnOnce(),
) -> Ready {
    let _current = l.handle().enter();
    let fd = AsyncFd::with_interest(fd.as_fd(), interest).unwrap();
    let mut waiting = l.park(fd.ready(interest));
    l.settle();
    assert!(!waiting.is_woken(), "{}: ready too early", l.name);
    make_ready();
    let ready = assert_ready_ok!(l.next("the event", &mut waiting)).ready();
    let expected = if l.is_epoll() {
        Route::Epoll
    } else {
        Route::Ring
    };
    assert_eq!(fd.registration(), expected, "{}", l.name);
    ready
}

/// The same for what is ready from the start.
fn is_ready(l: &mut Loop, fd: &impl AsFd, interest: Interest, on_epoll: Route) -> Ready {
    let _current = l.handle().enter();
    let fd = AsyncFd::with_interest(fd.as_fd(), interest).unwrap();
    let ready = l.block_on(async { fd.ready(interest).await.unwrap().ready() });
    let expected = if l.is_epoll() { on_epoll } else { Route::Ring };
    assert_eq!(fd.registration(), expected, "{}", l.name);
    if on_epoll == Route::AlwaysReady {
        assert!(!ready.is_read_closed() && !ready.is_write_closed());
    }
    // It stays so, also after it was cleared, when nothing is used up.
    if on_epoll == Route::AlwaysReady {
        for _ in 0..3 {
            l.block_on(async { fd.ready(interest).await.unwrap().clear_ready() });
        }
    }
    ready
}

#[test]
fn urgent_data_of_a_file_never_comes_and_does_not_disturb_its_reader() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        let file = AsyncFd::new(tempfile::tempfile().unwrap()).unwrap();
        let urgent = l.park(file.ready(Interest::PRIORITY));
        assert_eq!(file.registration(), Route::AlwaysReady, "{}", l.name);
        l.block_on(async { file.readable().await.unwrap().clear_ready() });
        l.block_on(async { file.writable().await.unwrap().clear_ready() });
        l.settle();
        assert!(!urgent.is_woken());
    });
}

#[test]
fn pipes_report_data_room_and_ends() {
    on_every_backend(|l| {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let ready = becomes_ready(l, &reader, Interest::READABLE, || {
            writer.write_all(b"x").unwrap();
        });
        assert!(ready.is_readable());
        (&reader).read_exact(&mut [0]).unwrap();
        let ready = becomes_ready(l, &reader, Interest::READABLE, || drop(writer));
        assert!(ready.is_read_closed());

        let (reader, writer) = pipe_with(PipeFlags::NONBLOCK).unwrap();
        while rustix::io::write(&writer, &[0; 4096]).is_ok() {}
        let ready = becomes_ready(l, &writer, Interest::WRITABLE, || {
            while rustix::io::read(&reader, &mut [0; 65_536]).is_ok() {}
        });
        assert!(ready.is_writable());
        while rustix::io::write(&writer, &[0; 4096]).is_ok() {}
        let ready = becomes_ready(l, &writer, Interest::WRITABLE, || drop(reader));
        assert!(ready.is_writable(), "{}", l.name);
    });
}

#[test]
fn a_fifo_waits_for_its_first_writer_and_for_the_next_one() {
    on_every_backend(|l| {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("fifo");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, Mode::RUSR | Mode::WUSR).unwrap();
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        let fifo = rustix::fs::open(&path, flags, Mode::empty()).unwrap();
        let _current = l.handle().enter();
        let fifo = AsyncFd::with_interest(fifo, Interest::READABLE).unwrap();
        let read = |l: &mut Loop| {
            l.block_on(fifo.async_io(Interest::READABLE, |fd| {
                rustix::io::read(fd, &mut [0; 8]).map_err(std::io::Error::from)
            }))
        };
        let mut waiting = l.park(fifo.readable());
        for _ in 0..2 {
            let mut writer = File::options().write(true).open(&path).unwrap();
            writer.write_all(b"data").unwrap();
            while waiting.poll().is_pending() {
                l.turn(Turn::Wait);
            }
            assert_eq!(read(l).unwrap(), 4);
            drop(writer);
            assert_eq!(read(l).unwrap(), 0, "{}", l.name);
            waiting = tokio_test::task::spawn(fifo.readable());
        }
    });
}

#[test]
fn an_eventfd_is_readable_when_it_counts() {
    on_every_backend(|l| {
        let event = eventfd(0, EventfdFlags::NONBLOCK).unwrap();
        becomes_ready(l, &event, Interest::READABLE, || {
            rustix::io::write(&event, &1_u64.to_ne_bytes()).unwrap();
        });
        is_ready(l, &event, Interest::WRITABLE, Route::Epoll);
    });
}

#[test]
fn a_timerfd_is_readable_when_it_is_due() {
    on_every_backend(|l| {
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK).unwrap();
        becomes_ready(l, &timer, Interest::READABLE, || {
            let soon = Itimerspec {
                it_interval: Timespec::default(),
                it_value: Timespec {
                    tv_sec: 0,
                    tv_nsec: 100_000,
                },
            };
            timerfd_settime(&timer, TimerfdTimerFlags::empty(), &soon).unwrap();
        });
    });
}

#[test]
fn inotify_reports_changes() {
    on_every_backend(|l| {
        let directory = tempfile::tempdir().unwrap();
        let watch = inotify::init(inotify::CreateFlags::NONBLOCK).unwrap();
        inotify::add_watch(&watch, directory.path(), inotify::WatchFlags::CREATE).unwrap();
        becomes_ready(l, &watch, Interest::READABLE, || {
            File::create(directory.path().join("new")).unwrap();
        });
    });
}

#[test]
fn a_pidfd_reports_the_end_of_its_process() {
    // Started before the loop: a test that has one keeps others from starting processes.
    let count = 12;
    let mut children: Vec<_> = (0..count)
        .map(|_| {
            spawn(
                Command::new("cat")
                    .stdin(Stdio::piped())
                    .stdout(Stdio::null()),
            )
        })
        .collect();
    let children = std::cell::RefCell::new(&mut children);
    on_every_backend(|l| {
        let mut children = children.borrow_mut();
        let mut child = children.pop().expect("one for each backend");
        let process = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).unwrap();
        becomes_ready(l, &process, Interest::READABLE, || drop(child.stdin.take()));
        assert!(child.wait().unwrap().success());
    });
    for mut child in children.borrow_mut().drain(..) {
        drop(child.stdin.take());
        child.wait().unwrap();
    }
}

#[test]
fn a_pty_reports_both_ways_and_the_end() {
    on_every_backend(|l| {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let slave = ioctl_tiocgptpeer(&master, flags).unwrap();
        becomes_ready(l, &slave, Interest::READABLE, || {
            rustix::io::write(&master, b"line\n").unwrap();
        });
        // The echo.
        is_ready(l, &master, Interest::READABLE, Route::Epoll);
        is_ready(l, &master, Interest::WRITABLE, Route::Epoll);
        rustix::io::read(&master, &mut [0; 64]).unwrap();
        let ready = becomes_ready(l, &master, Interest::READABLE, || drop(slave));
        assert!(ready.is_read_closed());
    });
}

#[test]
fn an_epoll_set_is_readable_when_something_in_it_is() {
    on_every_backend(|l| {
        let set = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
        let event = eventfd(0, EventfdFlags::NONBLOCK).unwrap();
        let data = epoll::EventData::new_u64(0);
        epoll::add(&set, &event, data, epoll::EventFlags::IN).unwrap();
        becomes_ready(l, &set, Interest::READABLE, || {
            rustix::io::write(&event, &1_u64.to_ne_bytes()).unwrap();
        });
    });
}

/// Whoever registers it before connect(2) gets its waiters woken, and learns from the call.
fn an_unconnected_socket_is_hung_up(family: AddressFamily) {
    on_every_backend(|l| {
        let flags = SocketFlags::NONBLOCK;
        let socket = socket_with(family, SocketType::STREAM, flags, None).unwrap();
        let ready = is_ready(l, &socket, Interest::WRITABLE, Route::Epoll);
        assert!(ready.is_write_closed() && ready.is_writable());
        let ready = is_ready(l, &socket, Interest::READABLE, Route::Epoll);
        assert!(ready.is_read_closed(), "{}: {ready:?}", l.name);
    });
}

#[test]
fn a_tcp_socket_that_is_not_connected_is_hung_up() {
    an_unconnected_socket_is_hung_up(AddressFamily::INET);
}

#[test]
fn a_unix_socket_that_is_not_connected_is_hung_up() {
    an_unconnected_socket_is_hung_up(AddressFamily::UNIX);
}

#[test]
fn a_refused_connection_wakes_both_directions() {
    on_every_backend(|l| {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = nobody.local_addr().unwrap();
        drop(nobody);
        let flags = SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).unwrap();
        let begun = rustix::net::connect(&socket, &address);
        for interest in [Interest::READABLE, Interest::WRITABLE] {
            let ready = is_ready(l, &socket, interest, Route::Epoll);
            assert!(!ready.is_empty(), "{}", l.name);
        }
        // The call itself may have told, where the answer comes as fast as on loopback.
        let error = rustix::net::sockopt::socket_error(&socket).unwrap();
        let told = begun.and(error).unwrap_err();
        let told = if told == Errno::INPROGRESS {
            error.unwrap_err()
        } else {
            told
        };
        assert_eq!(told, Errno::CONNREFUSED, "{}", l.name);
    });
}

#[test]
fn a_reset_ends_the_wait_of_a_reader() {
    on_every_backend(|l| {
        let (ours, theirs) = tcp_pair();
        // With something unread, a close is a reset.
        (&ours).write_all(b"unread").unwrap();
        becomes_ready(l, &ours, Interest::READABLE, || drop(theirs));
        let error = (&ours).read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    });
}

#[test]
fn urgent_data_wakes_only_who_asks_for_it() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        let (ours, theirs) = tcp_pair();
        let ours = AsyncFd::new(ours).unwrap();
        let mut urgent = l.park(ours.ready(Interest::PRIORITY));
        rustix::net::send(&theirs, b"!", rustix::net::SendFlags::OOB).unwrap();
        let ready = assert_ready_ok!(l.next("urgent data", &mut urgent)).ready();
        assert!(ready.is_priority(), "{}: {ready:?}", l.name);
    });
}

#[test]
fn what_cannot_be_polled_gives_its_waiters_the_error_and_the_loop_goes_on() {
    on_every_backend(|l| {
        let _current = l.handle().enter();
        let path_only = rustix::fs::open("/", OFlags::PATH, Mode::empty()).unwrap();
        let path_only = AsyncFd::new(path_only).unwrap();
        let mut reader = tokio_test::task::spawn(path_only.readable());
        let mut writer = tokio_test::task::spawn(path_only.writable());
        assert!(reader.poll().is_pending() && writer.poll().is_pending());
        for error in [
            assert_ready!(l.next("the error", &mut reader)).map(drop),
            assert_ready!(l.next("the error", &mut writer)).map(drop),
        ] {
            assert_eq!(
                error.unwrap_err().raw_os_error(),
                Some(Errno::BADF.raw_os_error())
            );
        }
        drop((reader, writer));
        let (a, b) = pipe_with(PipeFlags::empty()).unwrap();
        becomes_ready(l, &a, Interest::READABLE, || {
            rustix::io::write(&b, b"x").unwrap();
        });
    });
}

#[test]
fn a_number_that_is_closed_before_the_arm_gives_its_waiters_the_error() {
    const NAME: &str = "kinds::a_number_that_is_closed_before_the_arm_gives_its_waiters_the_error";
    // Nobody else may get the number.
    in_child(NAME, || {
        on_every_backend(|l| {
            let _current = l.handle().enter();
            let (ours, _theirs) = pipe_with(PipeFlags::NONBLOCK).unwrap();
            let (stand_in, _its) = pipe_with(PipeFlags::NONBLOCK).unwrap();
            let mut ours = AsyncFd::new(ours).unwrap();
            drop::<OwnedFd>(std::mem::replace(ours.get_mut(), stand_in));
            let mut reader = tokio_test::task::spawn(ours.readable());
            assert!(reader.poll().is_pending());
            let error = assert_ready!(l.next("the error", &mut reader)).map(drop);
            assert_eq!(
                error.unwrap_err().raw_os_error(),
                Some(Errno::BADF.raw_os_error())
            );
            let again = tokio_test::task::spawn(ours.writable()).poll().map_ok(drop);
            assert_ready!(again).unwrap_err();
        });
    });
}
