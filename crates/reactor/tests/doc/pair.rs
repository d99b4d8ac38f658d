// Included by the examples of `AsyncFd`: a stream registered with a reactor, its peer, and somebody to turn the reactor.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::task::{Context, Poll};
use uring_reactor::{AsyncFd, Options, Reactor, Turn};

fn with_pair(
    example: impl AsyncFnOnce(AsyncFd<UnixStream>, UnixStream) -> io::Result<()>,
) -> io::Result<()> {
    let mut reactor = Reactor::new(Options::new())?;
    let _current = reactor.handle().enter();
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let mut example = std::pin::pin!(example(AsyncFd::new(ours)?, theirs));
    let waker = reactor.handle().unparker();
    loop {
        if let Poll::Ready(result) = example.as_mut().poll(&mut Context::from_waker(&waker)) {
            return result;
        }
        reactor.turn(Turn::Wait)?;
    }
}
