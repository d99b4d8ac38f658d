//! A loop for tests, and the list of backends to run each of them on.

use std::future::Future;
use std::io;
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use uring_reactor::{AsyncFd, Choice, Handle, Options, Reactor, Rung, TimerMode, Turn};

/// A reactor that polls one future at a time.
pub(crate) struct Loop {
    pub(crate) reactor: Reactor,
    pub(crate) name: String,
}

struct Flag {
    is_set: AtomicBool,
    unparker: Waker,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.is_set.store(true, Ordering::Release);
        self.unparker.wake_by_ref();
    }
}

impl Loop {
    pub(crate) fn new(name: &str, options: Options) -> Loop {
        let reactor = Reactor::new(options).unwrap_or_else(|e| panic!("{name}: {e}"));
        Loop {
            reactor,
            name: name.into(),
        }
    }

    pub(crate) fn handle(&self) -> Handle {
        self.reactor.handle()
    }

    /// Polls `future` whenever it was woken, with a turn in between.
    pub(crate) fn block_on<F: Future>(&mut self, future: F) -> F::Output {
        let handle = self.handle();
        let _current = handle.enter();
        let flag = Arc::new(Flag {
            is_set: AtomicBool::new(true),
            unparker: handle.unparker(),
        });
        let waker = Waker::from(Arc::clone(&flag));
        let mut future = pin!(future);
        loop {
            if flag.is_set.swap(false, Ordering::AcqRel)
                && let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker))
            {
                return output;
            }
            let is_woken = flag.is_set.load(Ordering::Acquire);
            self.turn(if is_woken { Turn::Poll } else { Turn::Wait });
        }
    }

    pub(crate) fn turn(&mut self, turn: Turn) {
        self.reactor
            .turn(turn)
            .unwrap_or_else(|e| panic!("{}: {e}", self.name));
    }
}

/// Runs `test` on every rung of the ladder, with both kinds of timers where there is a choice, and on epoll.
pub(crate) fn on_every_backend(test: impl Fn(&mut Loop)) {
    let rings = Rung::ALL.map(|rung| {
        let options = Options::new().choice(Choice::IoUring).top_rung(rung);
        (format!("rung {}", rung.name()), options)
    });
    let timerfd = Options::new()
        .choice(Choice::IoUring)
        .timer(TimerMode::TimerFd);
    let epoll = Options::new().choice(Choice::Epoll);
    let others = [
        ("best rung, timerfd".to_owned(), timerfd),
        ("epoll".to_owned(), epoll.clone()),
        ("epoll, timerfd".to_owned(), epoll.timer(TimerMode::TimerFd)),
    ];
    for (name, options) in rings.into_iter().chain(others) {
        let is_ring = name.contains("rung");
        if is_ring && let Err(error) = Reactor::new(options.clone()) {
            println!("skipped on {name}: {error}");
            continue;
        }
        println!("on {name}");
        let mut under_test = Loop::new(&name, options);
        test(&mut under_test);
        under_test.reactor.verify();
    }
}

/// A connected pair: the first end non-blocking, for the reactor; the second blocking, for the test.
pub(crate) fn socket_pair() -> (UnixStream, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    (ours, theirs)
}

/// Writes until nothing fits any more. Returns how much that was.
pub(crate) fn fill(stream: &UnixStream) -> usize {
    let mut total = 0;
    loop {
        match io::Write::write(&mut &*stream, &[7; 4096]) {
            Ok(count) => total += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return total,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Reads one byte the tokio way: guard, try, clear.
pub(crate) async fn read_byte(fd: &AsyncFd<UnixStream>) -> io::Result<Option<u8>> {
    let mut byte = [0];
    loop {
        let mut guard = fd.readable().await?;
        if let Ok(result) = guard.try_io(|fd| io::Read::read(&mut fd.get_ref(), &mut byte)) {
            return result.map(|count| (count == 1).then_some(byte[0]));
        }
    }
}
