//! One fd at a reactor: the part of `AsyncFd` that does not know what the fd belongs to.

use std::future::poll_fn;
use std::io;
use std::os::fd::RawFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crate::backend::Route;
use crate::closing::Ticket;
use crate::context;
use crate::handle::Handle;
use crate::interest::{Direction, Interest, Ready};
use crate::readiness::{Event, Readiness};
use crate::shared::Shared;
use crate::sources::Waiting;

/// What is left of the readiness after a call that made progress.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Left {
    /// The call got all that it asked for, or says nothing about it.
    Unknown,
    /// A short call, and for this kind of file and direction that is a proof.
    Nothing,
    /// A short read of a TCP socket: a proof, unless urgent data has ever been reported.
    NothingUnlessUrgent,
    /// A short read of a file that may end a read before its data ends.
    PerhapsMore,
}

/// Owns a slot of the reactor. The fd was captured once, as a number: nothing that its owner does later can
/// make the reactor ask about another one.
#[derive(Debug)]
pub(crate) struct Registration {
    shared: Arc<Shared>,
    readiness: Arc<Readiness>,
    slot: u32,
    /// The slot is somebody else's: [`Registration::release`] has run.
    is_released: bool,
}

impl Registration {
    /// Registers with the current reactor. The kernel hears of it when somebody first waits.
    #[track_caller]
    pub(crate) fn new(fd: RawFd, interest: Interest) -> io::Result<Registration> {
        let shared = context::require("AsyncFd");
        if fd < 0 {
            return Err(io::Error::from_raw_os_error(libc::EBADF));
        }
        let readiness = Arc::new(Readiness::new());
        let slot = shared.register(fd, interest, &readiness)?;
        Ok(Registration {
            shared,
            readiness,
            slot,
            is_released: false,
        })
    }

    pub(crate) fn reactor(&self) -> Handle {
        Handle {
            shared: Arc::clone(&self.shared),
        }
    }

    /// Ends the registration, as the drop does, and gives a future that ends when the kernel has let go of the file.
    pub(crate) fn release(mut self) -> Released {
        self.is_released = true;
        Released {
            ticket: self.shared.deregister(self.slot),
            shared: Arc::clone(&self.shared),
        }
    }

    pub(crate) fn route(&self) -> Route {
        self.shared.sources.lock().route(self.slot)
    }

    pub(crate) fn is_edge(&self) -> bool {
        self.readiness.is_edge()
    }

    /// Takes `ready` for granted until a call would block.
    pub(crate) fn assume(&self, ready: Ready) {
        // R1: bits are set under the lock.
        let sources = self.shared.sources.lock();
        self.readiness.set(ready);
        drop(sources);
    }

    /// Waits as the one poller of this direction: the last waker given is the one that is woken.
    pub(crate) fn poll_ready(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Event>> {
        ready!(self.shared.pace(cx));
        loop {
            if let Some(event) = self.event(direction.interest()) {
                self.shared.spend();
                return Poll::Ready(Ok(event));
            }
            match self.shared.wait(self.slot, Waiting::Poller(direction), cx) {
                None => return Poll::Pending,
                Some(result) => result?,
            }
        }
    }

    /// The readiness for `interest`, when there is some, without a lock.
    fn event(&self, interest: Interest) -> Option<Event> {
        let event = self.readiness.event();
        let event = Event {
            ready: event.ready.intersection(interest),
            ..event
        };
        (!event.ready.is_empty() && !self.readiness.is_failed()).then_some(event)
    }

    /// Waits with an entry of its own: any number of futures may do so at once.
    ///
    /// Cancel safe: dropping the future takes its entry back and loses no event, as those stay in the
    /// readiness until they are cleared.
    pub(crate) async fn ready(&self, interest: Interest) -> io::Result<Event> {
        let mut enlisted = Enlisted {
            registration: self,
            key: None,
        };
        poll_fn(|cx| enlisted.poll(interest, cx)).await
    }

    /// Forgets `what`, unless the kernel has reported something since `seen`.
    pub(crate) fn clear(&self, seen: Event, what: Ready) {
        self.readiness.clear(seen, what);
    }

    /// Tries `op` until it does not block, waiting for `direction` in between.
    ///
    /// `progress` says of a result what is left after it.
    pub(crate) fn poll_op<R>(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        mut op: impl FnMut() -> io::Result<R>,
        progress: impl Fn(&R) -> Left,
    ) -> Poll<io::Result<R>> {
        ready!(self.shared.pace(cx));
        loop {
            let event = self.event(direction.interest());
            let event = match event {
                Some(event) => event,
                None if self.readiness.is_presumed(direction) => self.readiness.event(),
                None => match self.shared.wait(self.slot, Waiting::Poller(direction), cx) {
                    None => return Poll::Pending,
                    Some(result) => {
                        result?;
                        continue;
                    }
                },
            };
            match op() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.readiness.disprove(direction);
                    // The call is the proof: also of closed states, which a FIFO leaves again when the next
                    // writer opens it.
                    self.clear(event, direction.mask());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => {
                    if let Ok(done) = &result {
                        self.account(direction, event, progress(done));
                    }
                    self.shared.spend();
                    return Poll::Ready(result);
                }
            }
        }
    }

    /// A call that got less than it asked for has used up what was ready: the next one waits, without a
    /// system call that would only say so. Not when the end or an error was seen: those stay, and an
    /// edge-triggered set does not report them again.
    ///
    /// Nor is a short read always a proof: it also ends where fds were passed over a unix socket, at the urgent
    /// mark of TCP, and with the line of a tty. A poll request finds the rest when it is armed; an edge that is
    /// past does not come again, so there the loop looks before it sleeps.
    fn account(&self, direction: Direction, event: Event, left: Left) {
        let is_proven = match left {
            Left::Unknown => return,
            Left::Nothing => true,
            Left::NothingUnlessUrgent => {
                // An event of a request that stays names urgent data in any case, so it tells nothing of it.
                !self.is_edge()
                    || !self.readiness.stays() && !self.readiness.event().ready.is_priority()
            }
            Left::PerhapsMore => !self.is_edge(),
        };
        self.readiness.disprove(direction);
        let last = Ready::READ_CLOSED | Ready::WRITE_CLOSED | Ready::ERROR;
        if !(self.readiness.event().ready & last).is_empty() {
            return;
        }
        if is_proven {
            self.clear(event, direction.mask());
        } else {
            self.readiness.clear_unproven(event);
        }
    }

    /// Waits for `interest` and tries `op`, until it does not block.
    pub(crate) async fn async_op<R>(
        &self,
        interest: Interest,
        mut op: impl FnMut() -> io::Result<R>,
    ) -> io::Result<R> {
        loop {
            let event = self.ready(interest).await?;
            match op() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.clear(event, interest.mask());
                }
                result => return result,
            }
        }
    }

    /// Tries `op` only when `interest` is known to be ready. Otherwise the kernel is asked, so that a later try
    /// finds out, although nobody waits meanwhile.
    pub(crate) fn try_op<R>(
        &self,
        interest: Interest,
        op: impl FnOnce() -> io::Result<R>,
    ) -> io::Result<R> {
        let Some(event) = self.event(interest) else {
            self.shared.ask(self.slot, interest)?;
            return Err(io::ErrorKind::WouldBlock.into());
        };
        let result = op();
        if matches!(&result, Err(error) if error.kind() == io::ErrorKind::WouldBlock) {
            self.clear(event, interest.mask());
            self.shared.ask(self.slot, interest)?;
        }
        result
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if !self.is_released {
            self.shared.deregister(self.slot);
        }
    }
}

/// Ends when the loop's thread has taken back what an ended registration had in the kernel. Dropped earlier, that
/// happens all the same.
#[derive(Debug)]
pub(crate) struct Released {
    shared: Arc<Shared>,
    /// `None`: it is done.
    ticket: Option<Ticket>,
}

impl Future for Released {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(ticket) = self.ticket else {
            return Poll::Ready(());
        };
        let waker = cx.waker().clone();
        let looked = self.shared.sources.lock().closing.look(ticket, waker);
        if !looked.is_done {
            return Poll::Pending;
        }
        self.ticket = None;
        Poll::Ready(())
    }
}

impl Drop for Released {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            let waker = self.shared.sources.lock().closing.forget(ticket);
            drop(waker);
        }
    }
}

/// A future's entry among the waiters, taken back when the future goes.
struct Enlisted<'a> {
    registration: &'a Registration,
    key: Option<u64>,
}

impl Enlisted<'_> {
    fn poll(&mut self, interest: Interest, cx: &mut Context<'_>) -> Poll<io::Result<Event>> {
        let registration = self.registration;
        ready!(registration.shared.pace(cx));
        loop {
            if let Some(event) = registration.event(interest) {
                registration.shared.spend();
                return Poll::Ready(Ok(event));
            }
            let waiting = Waiting::Future(interest, &mut self.key);
            match registration.shared.wait(registration.slot, waiting, cx) {
                None => return Poll::Pending,
                Some(result) => result?,
            }
        }
    }
}

impl Drop for Enlisted<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let Registration { shared, slot, .. } = self.registration;
            let waker = shared.sources.lock().forget(*slot, key);
            drop(waker);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, Reactor};

    #[test]
    fn what_is_no_number_is_not_registered() {
        let reactor = Reactor::new(Options::new()).unwrap();
        let _current = reactor.handle().enter();
        let error = Registration::new(-1, Interest::READABLE).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EBADF));
        assert_eq!(reactor.handle().metrics().sources, 0);
    }
}
