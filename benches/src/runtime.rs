//! What a workload may ask of a runtime: the text of each is the same for all of them.

use std::future::Future;
use std::io::{self, PipeReader};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::time::Duration;

use hyper::rt;

use crate::idle_timeout::Remade;

/// One runtime, on one thread. A new peer is an implementation of this in a file of its own, and a line in the
/// table of `runtimes.rs`.
pub(crate) trait Runtime: 'static {
    type Unix: Stream;
    type UnixListener;
    type Listener;
    type Tcp: Stream;

    /// Builds the runtime and runs the future on it.
    fn block_on<F: Future>(future: F) -> F::Output;

    /// A task, and what waits for it. What becomes of the task when that is dropped differs; no workload does it.
    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + 'static
    where
        F: Future + 'static,
        F::Output: 'static;

    /// A task that nobody waits for.
    fn detach<F>(future: F)
    where
        F: Future<Output = ()> + 'static;

    /// Begins at the call, or at the first poll.
    fn sleep(duration: Duration) -> impl Future<Output = ()> + 'static;

    /// A sleep whose deadline is changed again and again. Where the runtime cannot do that, each is a new sleep.
    fn idle_timeout(duration: Duration) -> impl IdleTimeout + 'static {
        Remade::new(Self::sleep, duration)
    }

    /// Lets the other tasks run. Where the runtime has nothing of its own, the waker is woken at once.
    fn yield_now() -> impl Future<Output = ()> {
        let mut yielded = false;
        std::future::poll_fn(move |context| {
            if yielded {
                return std::task::Poll::Ready(());
            }
            yielded = true;
            context.waker().wake_by_ref();
            std::task::Poll::Pending
        })
    }

    /// Two ends of a stream socket.
    fn unix_pair() -> io::Result<(Self::Unix, Self::Unix)>;

    /// Listens on a name among the abstract ones.
    fn listen_unix(name: &str) -> io::Result<Self::UnixListener>;

    /// The next connection.
    async fn accept_unix(listener: &Self::UnixListener) -> io::Result<Self::Unix>;

    /// Listens on a port of the loopback that the system chooses.
    async fn listen() -> io::Result<(Self::Listener, SocketAddr)>;

    /// The next connection, with `TCP_NODELAY`.
    async fn accept(listener: &Self::Listener) -> io::Result<Self::Tcp>;

    /// What this runtime counts of itself, to be asked by another thread.
    fn counters() -> Counters {
        Box::new(Vec::new)
    }
}

/// Names and values.
pub(crate) type Counters = Box<dyn Fn() -> Vec<(&'static str, u64)> + Send>;

/// Anywhere, on the loopback.
pub(crate) const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A stream, as much of it as readiness and completions have in common: the buffer is lent by value.
pub(crate) trait Stream: 'static {
    /// Fills the buffer from its start, with at most as much as it had room for when it was made. Where the length of
    /// the vector stands afterwards differs: only the returned count tells.
    async fn read(&mut self, buffer: Vec<u8>) -> (io::Result<usize>, Vec<u8>);

    /// Writes the first `length` bytes of the buffer, all of them.
    async fn write_all(&mut self, buffer: Vec<u8>, length: usize) -> (io::Result<()>, Vec<u8>);
}

/// A sleep that is pushed back, as the timeout of a connection is by each message.
pub(crate) trait IdleTimeout: Future<Output = ()> {
    /// From now on it lasts so long.
    fn reset(self: Pin<&mut Self>, duration: Duration);
}

/// A runtime that waits for descriptors of any kind, and not only for its own streams.
pub(crate) trait Readiness: Runtime {
    type Pipe: Readable;

    /// The pipe does not block.
    fn register(pipe: PipeReader) -> io::Result<Self::Pipe>;
}

/// A descriptor that is read by whoever waits for it.
pub(crate) trait Readable: 'static {
    /// Waits until there is something, and reads once. A read that fills less than the buffer has emptied the pipe, and
    /// a runtime that remembers readiness is told so.
    async fn read_when_ready(&self, buffer: &mut [u8]) -> io::Result<usize>;
}

/// A runtime whose streams can lend their buffers as hyper does it.
pub(crate) trait Http: Runtime {
    /// Most have a crate of adapters.
    fn for_hyper(stream: Self::Tcp) -> impl rt::Read + rt::Write + Unpin + 'static;
}

/// Whether this result of a read says that there is no more.
pub(crate) fn is_emptied(read: &io::Result<usize>, room: usize) -> bool {
    match read {
        Ok(count) => *count < room,
        Err(error) => error.kind() == io::ErrorKind::WouldBlock,
    }
}

/// Runs the future as a task, as nearly all code of an application does, and not as the one that the runtime blocks on.
pub(crate) fn run<R: Runtime, F>(future: F) -> F::Output
where
    F: Future + 'static,
    F::Output: 'static,
{
    R::block_on(async { R::spawn(future).await })
}
