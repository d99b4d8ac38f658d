//! What comes and goes: connections, waits that are given up, timers, tasks that are aborted, wakes from other threads.

use std::fmt;
use std::io;
use std::net::Shutdown;
use std::ops::AddAssign;
use std::time::{Duration, Instant};

use futures_channel::oneshot;
use futures_util::{AsyncReadExt, AsyncWriteExt, FutureExt};
use uring_rt::AsyncFd;
use uring_rt::net::{TcpListener, TcpStream, UnixStream};
use uring_rt::runtime::Handle;
use uring_rt::task::{JoinSet, spawn_blocking, yield_now};
use uring_rt::time::{sleep, timeout};

use crate::random::Random;

/// Tasks of each kind at a time.
const WORKERS: usize = 8;
/// Longer than a round: a timer that fires is a mistake.
const NEVER: Duration = Duration::from_secs(3600);

/// How often each kind has come and gone.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    connections: u64,
    given_up: u64,
    timers: u64,
    aborted: u64,
    remote_wakes: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.connections += other.connections;
        self.given_up += other.given_up;
        self.timers += other.timers;
        self.aborted += other.aborted;
        self.remote_wakes += other.remote_wakes;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} connections, {} waits given up, {} timers, {} tasks aborted, {} wakes from threads",
            self.connections, self.given_up, self.timers, self.aborted, self.remote_wakes
        )
    }
}

/// All kinds at once, for so long; returns when nothing of it is left.
///
/// # Panics
///
/// When a byte is wrong, a call fails, or something does not end.
pub(crate) async fn round(length: Duration, random: &mut Random) -> Counts {
    let end = Instant::now() + length;
    let mut workers = JoinSet::new();
    for _ in 0..WORKERS {
        workers.spawn(until(end, random.fork(), connection));
        workers.spawn(until(end, random.fork(), given_up));
        workers.spawn(until(end, random.fork(), timers));
        workers.spawn(until(end, random.fork(), aborted));
    }
    workers.spawn(until(end, random.fork(), remote_wakes));
    let mut total = Counts::default();
    while let Some(counts) = workers.join_next().await {
        match counts {
            Ok(Ok(counts)) => total += counts,
            Ok(Err(error)) => panic!("a call failed: {error}"),
            Err(error) => panic!("a worker ended: {error}"),
        }
    }
    // Aborted tasks give back what they hold when they are next polled.
    while Handle::current().metrics().num_alive_tasks() > 0 {
        yield_now().await;
    }
    total
}

/// One after the other until the time is over.
async fn until(
    end: Instant,
    mut random: Random,
    work: impl AsyncFn(&mut Random) -> io::Result<Counts>,
) -> io::Result<Counts> {
    let mut total = Counts::default();
    while Instant::now() < end {
        total += work(&mut random).await?;
        yield_now().await;
    }
    Ok(total)
}

/// A connection that carries up to 100 KB there and back.
async fn connection(random: &mut Random) -> io::Result<Counts> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = uring_rt::spawn(async move {
        let (stream, _) = listener.accept().await?;
        let (read, mut write) = stream.split();
        futures_util::io::copy(read, &mut write).await?;
        write.close().await
    });
    let client = TcpStream::connect(address).await?;
    // A reset at the end instead of TIME_WAIT: ports are few.
    client.set_zero_linger()?;
    let first = random.below(256);
    let sent: Vec<u8> = (first..first + random.below(100_000))
        .map(|byte| byte.to_le_bytes()[0])
        .collect();
    let mut received = Vec::new();
    let (mut read, mut write) = (&client).split();
    let send = async {
        write.write_all(&sent).await?;
        write.close().await
    };
    futures_util::try_join!(send, read.read_to_end(&mut received))?;
    server.await.map_err(io::Error::other)??;
    assert!(received == sent, "a byte is wrong");
    Ok(Counts {
        connections: 1,
        ..Counts::default()
    })
}

/// Waits that the kernel has when they are given up; also by a writer without room whose peer has ended its half.
async fn given_up(random: &mut Random) -> io::Result<Counts> {
    let (near, far) = std::os::unix::net::UnixStream::pair()?;
    near.set_nonblocking(true)?;
    if random.below(4) == 0 {
        while io::Write::write(&mut &near, &[0; 65_536]).is_ok() {}
        far.shutdown(Shutdown::Write)?;
    }
    let twin = AsyncFd::new(near.try_clone()?)?;
    let near = AsyncFd::new(near)?;
    drop(near.readable().now_or_never());
    drop(twin.writable().now_or_never());
    if random.below(2) == 0 {
        yield_now().await;
    }
    match random.below(3) {
        0 => drop(far),
        1 => drop(twin),
        _ => near.close().await?,
    }
    Ok(Counts {
        given_up: 2,
        ..Counts::default()
    })
}

/// Timers that fire, that are moved, and that never come.
async fn timers(random: &mut Random) -> io::Result<Counts> {
    let mut far: Vec<_> = (0..8).map(|_| sleep(NEVER)).collect();
    for sleep in &mut far {
        assert!(sleep.now_or_never().is_none(), "an hour has passed");
    }
    let start = uring_rt::time::Instant::now();
    let short = Duration::from_micros(random.below(3000));
    sleep(short).await;
    assert!(start.elapsed() >= short, "a timer was early");
    if let Some(moved) = far.last_mut() {
        moved.reset(start);
        moved.await;
    }
    assert!(
        timeout(short / 4, std::future::pending::<()>())
            .await
            .is_err()
    );
    Ok(Counts {
        timers: 10,
        ..Counts::default()
    })
}

/// Tasks that wait for something each, and are aborted.
async fn aborted(random: &mut Random) -> io::Result<Counts> {
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        match random.below(3) {
            0 => tasks.spawn(sleep(NEVER)),
            1 => {
                let (near, far) = UnixStream::pair()?;
                tasks.spawn(async move {
                    let read = (&near).read(&mut [0; 16]).await;
                    panic!("{read:?} with {far:?} still open");
                })
            }
            _ => {
                let listener = TcpListener::bind("127.0.0.1:0").await?;
                tasks.spawn(async move {
                    let accepted = listener.accept().await;
                    panic!("nobody connects: {accepted:?}");
                })
            }
        };
    }
    for _ in 0..random.below(3) {
        yield_now().await;
    }
    tasks.abort_all();
    let mut aborted = 0;
    while let Some(ended) = tasks.join_next().await {
        assert!(ended.is_err_and(|error| error.is_cancelled()));
        aborted += 1;
    }
    Ok(Counts {
        aborted,
        ..Counts::default()
    })
}

/// Values and tasks that other threads send.
async fn remote_wakes(random: &mut Random) -> io::Result<Counts> {
    let handle = Handle::current();
    let sent = random.below(1000);
    let (tell, told) = oneshot::channel();
    let remote = spawn_blocking(move || {
        let task = handle.spawn(async move { sent });
        // The receiver waits below.
        let _ = tell.send(sent);
        task
    });
    assert_eq!(told.await, Ok(sent));
    let task = remote.await.map_err(io::Error::other)?;
    assert_eq!(task.await.map_err(io::Error::other)?, sent);
    Ok(Counts {
        remote_wakes: 2,
        ..Counts::default()
    })
}
