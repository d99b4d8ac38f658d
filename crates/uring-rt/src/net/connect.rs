//! Connecting to whichever of several addresses answers first.
//!
//! RFC 8305, "happy eyeballs", without its asynchronous name lookup: the system's resolver gives all addresses at
//! once, sorted as RFC 6724 and gai.conf(5) say.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::net::address::{ToSocketAddrs, no_address, resolve};
use crate::time::{Sleep, sleep};

/// The "Connection Attempt Delay" of RFC 8305, section 5, which recommends this value.
const STAGGER: Duration = Duration::from_millis(250);

/// Connects to the first address of `name` that answers. `connect` makes one attempt.
pub(crate) async fn connect_to_any<T, F>(
    name: impl ToSocketAddrs,
    connect: impl Fn(SocketAddr) -> F,
) -> io::Result<T>
where
    F: Future<Output = io::Result<T>>,
{
    let addresses: Vec<_> = resolve(name).await?.collect();
    match addresses[..] {
        [] => Err(no_address()),
        [only] => connect(only).await,
        _ => {
            let mut race = Race {
                connect,
                waiting: interleaved(&addresses),
                running: Vec::new(),
                error: None,
                stagger: None,
            };
            poll_fn(|cx| race.poll(cx)).await
        }
    }
}

/// The addresses with their places in the name, the families taking turns; the first one's family begins.
fn interleaved(addresses: &[SocketAddr]) -> VecDeque<(usize, SocketAddr)> {
    let begins = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (mut ours, mut theirs): (VecDeque<_>, VecDeque<_>) = addresses
        .iter()
        .copied()
        .enumerate()
        .partition(|(_, address)| address.is_ipv6() == begins);
    let mut all = VecDeque::with_capacity(addresses.len());
    while !(ours.is_empty() && theirs.is_empty()) {
        all.extend(ours.pop_front());
        all.extend(theirs.pop_front());
    }
    all
}

/// Attempts that run at the same time. Dropping it ends them and closes their sockets.
struct Race<C, F> {
    connect: C,
    /// Not yet begun, next first.
    waiting: VecDeque<(usize, SocketAddr)>,
    running: Vec<Attempt<F>>,
    /// Of the last of the addresses, in the name's order, that has failed.
    error: Option<(usize, io::Error)>,
    /// Until the next one begins although none has failed; `None` when it may at once.
    stagger: Option<Sleep>,
}

struct Attempt<F> {
    /// Its place in the name.
    place: usize,
    future: Pin<Box<F>>,
}

impl<C, F, T> Race<C, F>
where
    C: Fn(SocketAddr) -> F,
    F: Future<Output = io::Result<T>>,
{
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        loop {
            if let Some(stream) = self.poll_running(cx) {
                return Poll::Ready(Ok(stream));
            }
            let Some(&(place, address)) = self.waiting.front() else {
                return match self.error.take() {
                    Some((_, error)) if self.running.is_empty() => Poll::Ready(Err(error)),
                    others_have_failed => {
                        self.error = others_have_failed;
                        Poll::Pending
                    }
                };
            };
            if let Some(stagger) = &mut self.stagger {
                ready!(Pin::new(stagger).poll(cx));
            }
            self.waiting.pop_front();
            self.running.push(Attempt {
                place,
                future: Box::pin((self.connect)(address)),
            });
            self.stagger = Some(sleep(STAGGER));
        }
    }

    /// Polls what runs. A failure makes the next one begin at once.
    fn poll_running(&mut self, cx: &mut Context<'_>) -> Option<T> {
        let mut at = 0;
        while let Some(attempt) = self.running.get_mut(at) {
            match attempt.future.as_mut().poll(cx) {
                Poll::Pending => at += 1,
                Poll::Ready(Ok(stream)) => return Some(stream),
                Poll::Ready(Err(error)) => {
                    let failed = self.running.remove(at);
                    if self
                        .error
                        .as_ref()
                        .is_none_or(|(last, _)| *last < failed.place)
                    {
                        self.error = Some((failed.place, error));
                    }
                    self.stagger = None;
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(addresses: &[&str]) -> Vec<String> {
        let addresses: Vec<_> = addresses.iter().map(|a| a.parse().unwrap()).collect();
        let order = interleaved(&addresses);
        order.into_iter().map(|(_, a)| a.to_string()).collect()
    }

    #[test]
    fn families_take_turns_and_the_first_one_begins() {
        let (a6, b6, a4, b4) = ("[::1]:1", "[::2]:1", "127.0.0.1:1", "127.0.0.2:1");
        assert_eq!(order(&[a6, b6, a4, b4]), [a6, a4, b6, b4]);
        assert_eq!(order(&[a4, b4, a6]), [a4, a6, b4]);
        assert_eq!(order(&[a4, b4]), [a4, b4]);
        assert_eq!(order(&[a6, a4, b4]), [a6, a4, b4]);
    }
}
