//! A loop for tests, and the list of backends to run each of them on.

use std::future::Future;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use parking_lot::{RwLock, RwLockReadGuard};
use tokio_test::task::{self, Spawn};
use uring_reactor::{
    AsyncFd, AsyncFdReadyGuard, Choice, Handle, Instant, Options, Reactor, Rung, TimerMode, Turn,
};

/// A turn that sleeps longer than this has lost a wake: nothing in these tests takes as long.
const WATCHDOG: Duration = Duration::from_secs(20);
/// Set in the child of a test that runs in a process of its own.
const CHILD_VARIABLE: &str = "REACTOR_TEST_CHILD";

/// Held by tests that look for the end of a stream, against those that start a process: between its fork and
/// its exec, the child has a copy of every fd.
static NO_SPAWNS: RwLock<()> = RwLock::new(());

/// A reactor that polls one future at a time.
pub(crate) struct Loop {
    pub(crate) reactor: Reactor,
    pub(crate) name: String,
    _no_spawns: RwLockReadGuard<'static, ()>,
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
            // A test may have several loops.
            _no_spawns: NO_SPAWNS.read_recursive(),
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

    /// Sleeps in turns until `is_done`. A sleep that nothing ends is a lost wake.
    pub(crate) fn until(&mut self, what: &str, mut is_done: impl FnMut() -> bool) {
        while !is_done() {
            let limit = Instant::now() + WATCHDOG;
            self.turn(Turn::WaitUntil(limit));
            assert!(
                Instant::now() < limit,
                "{}: slept and never saw: {what}",
                self.name
            );
        }
    }

    /// Waits until the task is woken, and polls it.
    pub(crate) fn next<F: Future>(&mut self, what: &str, task: &mut Spawn<F>) -> Poll<F::Output> {
        self.until(what, || task.is_woken());
        task.poll()
    }

    /// Turns without sleeping until all that is under way has arrived.
    pub(crate) fn settle(&mut self) {
        (0..30).for_each(|_| self.turn(Turn::Poll));
    }

    /// Takes a task to the point where it waits, with its arm in the kernel.
    pub(crate) fn park<F: Future>(&mut self, future: F) -> Spawn<F> {
        let mut task = task::spawn(future);
        assert!(
            task.poll().is_pending(),
            "{}: nothing to wait for",
            self.name
        );
        self.turn(Turn::Poll);
        while task.is_woken() {
            assert!(
                task.poll().is_pending(),
                "{}: nothing to wait for",
                self.name
            );
            self.turn(Turn::Poll);
        }
        task
    }

    /// Waits for read readiness, and gives the guard that found it.
    pub(crate) fn await_read<'a>(
        &mut self,
        fd: &'a AsyncFd<UnixStream>,
    ) -> AsyncFdReadyGuard<'a, UnixStream> {
        self.block_on(fd.readable()).unwrap()
    }

    pub(crate) fn is_epoll(&self) -> bool {
        self.reactor.driver().rung.is_none()
    }
}

/// Runs `test` on every rung of the ladder, with both kinds of timers where there is a choice, and on epoll.
pub(crate) fn on_every_backend(test: impl Fn(&mut Loop)) {
    on_every_backend_with(|options| options, test);
}

/// The same with the options changed.
#[expect(
    clippy::print_stdout,
    reason = "what is skipped is said, and a failure is below its backend"
)]
pub(crate) fn on_every_backend_with(change: impl Fn(Options) -> Options, test: impl Fn(&mut Loop)) {
    let rungs = Rung::ALL.into_iter().filter(|&rung| has_rung(rung));
    let rings = rungs.map(|rung| {
        let options = Options::new().choice(Choice::IoUring).top_rung(rung);
        (format!("rung {}", rung.name()), options)
    });
    let timerfd = Options::new()
        .choice(Choice::IoUring)
        .timer(TimerMode::TimerFd);
    let multishot = Options::new()
        .choice(Choice::IoUring)
        .multishot_after(Some(0));
    let bare = Options::new().choice(Choice::IoUring).feature_mask(0);
    let epoll = Options::new().choice(Choice::Epoll);
    let others = [
        ("best rung, timerfd".to_owned(), timerfd),
        ("best rung, no features".to_owned(), bare),
        ("best rung, multishot".to_owned(), multishot),
        ("epoll".to_owned(), epoll.clone()),
        ("epoll, timerfd".to_owned(), epoll.timer(TimerMode::TimerFd)),
    ];
    for (name, options) in rings.chain(others) {
        let options = change(options);
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

/// Whether a reactor that is asked for the rung gets it, and not the next below. Says so if not.
#[expect(clippy::print_stdout, reason = "what is skipped is said")]
pub(crate) fn has_rung(rung: Rung) -> bool {
    static BEST: OnceLock<Option<Rung>> = OnceLock::new();
    let best = *BEST.get_or_init(|| Reactor::new(Options::new()).unwrap().driver().rung);
    let has = best.is_some_and(|best| best <= rung);
    if !has {
        let best = best.map_or("G", Rung::name);
        println!(
            "skipped on rung {}: the best here is rung {best}",
            rung.name()
        );
    }
    has
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

/// A connected pair over TCP: the first end non-blocking, for the reactor.
pub(crate) fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (theirs, _) = listener.accept().unwrap();
    ours.set_nonblocking(true).unwrap();
    ours.set_nodelay(true).unwrap();
    theirs.set_nodelay(true).unwrap();
    (ours, theirs)
}

/// What a non-blocking read of the peer says right now: `Some(true)` the end, `Some(false)` data, `None`
/// neither.
pub(crate) fn sees_end_now(mut stream: &UnixStream) -> Option<bool> {
    stream.set_nonblocking(true).unwrap();
    match io::Read::read(&mut stream, &mut [0]) {
        Ok(count) => Some(count == 0),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
        Err(error) => panic!("{error}"),
    }
}

/// The same, with a second try: whoever lists `/proc/PID/fd`, such as a monitor, holds each file for a moment.
pub(crate) fn sees_end(stream: &UnixStream) -> Option<bool> {
    sees_end_now(stream).or_else(|| {
        // sleep: nothing tells when the other has let go.
        std::thread::sleep(Duration::from_millis(10));
        sees_end_now(stream)
    })
}

/// Runs `body` in a process of its own, for what would harm the other tests. `name` is the test's full name.
pub(crate) fn in_child(name: &str, body: impl FnOnce()) {
    if is_child(name) {
        return body();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    child_of(&mut command, name);
    let child = spawn(&mut command).wait_with_output().unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&child.stdout),
        String::from_utf8_lossy(&child.stderr),
    );
    assert!(child.status.success(), "{}\n{out}\n{err}", child.status);
    show_skips(&out);
    show_skips(&err);
    assert!(out.contains("1 passed"), "no such test: {name}\n{out}");
}

/// What the child skipped, the test has skipped.
#[expect(clippy::print_stdout, reason = "what is skipped is said")]
fn show_skips(output: &str) {
    for line in output.lines() {
        if let Some(at) = line.find("skipped") {
            println!("{}", &line[at..]);
        }
    }
}

/// Whether this process was started for the test of that name.
pub(crate) fn is_child(name: &str) -> bool {
    std::env::var(CHILD_VARIABLE).is_ok_and(|child| child == name)
}

/// Makes this test program run one test.
pub(crate) fn child_of<'a>(command: &'a mut Command, name: &str) -> &'a mut Command {
    command
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD_VARIABLE, name)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
}

/// Starts a process, while no test is at work that this would confuse.
pub(crate) fn spawn(command: &mut Command) -> Child {
    let _alone = NO_SPAWNS.write();
    command.spawn().unwrap()
}

/// Numbers from a seed, for programs that can be run again.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// The numbers that are open in this process.
pub(crate) fn open_fds() -> Vec<i32> {
    let listing = std::fs::read_dir("/proc/self/fd").unwrap();
    let names = listing.map(|entry| entry.unwrap().file_name());
    let mut open: Vec<i32> = names
        .map(|name| name.to_str().unwrap().parse().unwrap())
        .collect();
    open.sort_unstable();
    open
}
