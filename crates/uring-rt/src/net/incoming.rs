//! [`Incoming`]: connections as a stream that survives the errors of accept(2).

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;

use crate::net::kind::ListenerSocket;
use crate::net::listener::SocketListener;
use crate::time::{Sleep, sleep};

/// The first pause when descriptors or memory have run out; each one without a success in between is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// The longest pause.
const LAST_PAUSE: Duration = Duration::from_secs(1);

/// The connections of a listener, as a stream that never ends. Made by
/// [`incoming`](SocketListener::incoming).
///
/// Not every error of accept(2) is one of the listener:
///
/// - One that was about a connection which is gone (`ECONNABORTED`, `EPROTO`, and the network errors that Linux hands
///   to accept(2)) is passed over: the next connection is tried.
/// - When descriptors or memory have run out (`EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`) the connection stays in the
///   backlog and the listener readable, so trying again at once would be a busy loop. It is tried again after a pause,
///   of 10 ms at first and 1 s at last.
/// - Every other error is an item. The stream can be polled on after one.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use futures_util::StreamExt;
/// use uring_rt::net::{TcpListener, TcpStream};
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let address = listener.local_addr()?;
/// let clients = uring_rt::spawn(async move { TcpStream::connect(address).await });
/// let served = listener.incoming().take(1).filter_map(async |stream| stream.ok()).count().await;
/// assert_eq!(served, 1);
/// clients.await??;
/// # Ok(())
/// # }
/// ```
#[must_use = "streams do nothing unless polled"]
pub struct Incoming<'a, L> {
    listener: &'a SocketListener<L>,
    /// Set while resources are short.
    pause: Option<Sleep>,
    /// How long the next pause is.
    pause_length: Duration,
}

impl<'a, L> Incoming<'a, L> {
    pub(crate) fn new(listener: &'a SocketListener<L>) -> Incoming<'a, L> {
        Incoming {
            listener,
            pause: None,
            pause_length: FIRST_PAUSE,
        }
    }
}

impl<L: ListenerSocket> Stream for Incoming<'_, L> {
    type Item = io::Result<L::Connection>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(Pin::new(pause).poll(cx));
                self.pause = None;
            }
            match ready!(self.listener.poll_accept(cx)) {
                Ok((connection, _peer)) => {
                    self.pause_length = FIRST_PAUSE;
                    return Poll::Ready(Some(Ok(connection)));
                }
                Err(error) => match Verdict::of(&error) {
                    Verdict::NextConnection => {}
                    Verdict::TryLater => {
                        self.pause = Some(sleep(self.pause_length));
                        self.pause_length = LAST_PAUSE.min(self.pause_length * 2);
                    }
                    Verdict::OfTheListener => return Poll::Ready(Some(Err(error))),
                },
            }
        }
    }
}

impl<L: fmt::Debug> fmt::Debug for Incoming<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("listener", self.listener)
            .field("is_paused", &self.pause.is_some())
            .finish()
    }
}

/// What an error of accept(2) is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    NextConnection,
    TryLater,
    OfTheListener,
}

impl Verdict {
    fn of(error: &io::Error) -> Verdict {
        match error.raw_os_error() {
            // The peer has given up before it was accepted; or a signal came.
            Some(libc::ECONNABORTED | libc::EINTR) => Verdict::NextConnection,
            // Linux passes an error that is pending on the new connection on as one of accept(2), see "Error
            // handling" in its man page. The connection is used up by it. That page also has EOPNOTSUPP, which is
            // left out as it is what a socket that cannot listen answers, for ever.
            Some(
                libc::EPROTO
                | libc::ENOPROTOOPT
                | libc::ENETDOWN
                | libc::ENETUNREACH
                | libc::ENONET
                | libc::EHOSTDOWN
                | libc::EHOSTUNREACH,
            ) => Verdict::NextConnection,
            // No descriptor, no memory. The connection stays in the backlog.
            Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM) => Verdict::TryLater,
            _ => Verdict::OfTheListener,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_a_connection_resources_and_the_listener_are_told_apart() {
        let verdict = |errno| Verdict::of(&io::Error::from_raw_os_error(errno));
        for errno in [libc::ECONNABORTED, libc::EPROTO, libc::EHOSTUNREACH] {
            assert_eq!(verdict(errno), Verdict::NextConnection);
        }
        for errno in [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM] {
            assert_eq!(verdict(errno), Verdict::TryLater);
        }
        for errno in [libc::EINVAL, libc::EBADF, libc::EOPNOTSUPP, libc::EPERM] {
            assert_eq!(verdict(errno), Verdict::OfTheListener);
        }
        let ours = Verdict::of(&io::Error::other("no runtime"));
        assert_eq!(ours, Verdict::OfTheListener);
    }
}
