//! Waking the loop's thread from another one, with at most one system call per sleep.

use std::io;
use std::os::fd::RawFd;
use std::sync::{Arc, Weak};
use std::task::Wake;

use parking_lot::Mutex;
use uring_sys::epoll::EPOLLIN;

use crate::backend::epoll_set::EpollSet;
use crate::backend::kernel::{EventFd, Kernel};
use crate::metrics::Counter;
use crate::token::Internal;

mod handshake;

use handshake::Handshake;

/// The [`Handshake`], and the eventfd that ends the sleep.
#[derive(Debug)]
pub(crate) struct Notifier {
    handshake: Handshake,
    /// Polled by the backend, which never has to read it where it sees edges. Behind no lock: a fork copies a lock
    /// that another thread holds, and nobody in the child would ever release it.
    eventfd: EventFd,
    /// Notifications that took a system call.
    writes: Counter,
    rescue: Mutex<Rescue>,
    kernel: Kernel,
}

/// How to reach a sleeper whose eventfd somebody has closed: its poll request, or its entry, is not of the new one.
#[derive(Debug)]
pub(crate) enum Rescue {
    /// There is no backend yet.
    Nobody,
    /// By a message to the ring of this number (Linux 5.18).
    Ring(RawFd),
    /// By an entry for the new one.
    Epoll(Weak<EpollSet>),
}

impl Drop for Notifier {
    fn drop(&mut self) {
        // To close a number that is closed already is an abort in debug builds of std. Nothing is read to find out: in
        // a forked child, the counter is the parent's.
        if !self.eventfd.is_open() {
            let _ = self.eventfd.restore();
        }
    }
}

impl Wake for Notifier {
    fn wake(self: Arc<Self>) {
        self.notify();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.notify();
    }
}

impl Notifier {
    pub(crate) fn new(kernel: &Kernel) -> io::Result<Notifier> {
        Ok(Notifier {
            handshake: Handshake::default(),
            eventfd: kernel.eventfd()?,
            writes: Counter::default(),
            rescue: Mutex::new(Rescue::Nobody),
            kernel: kernel.clone(),
        })
    }

    /// Reads the eventfd, so that it is unreadable until the next write.
    pub(crate) fn drain(&self) -> io::Result<bool> {
        self.eventfd.drain()
    }

    pub(crate) fn raw_fd(&self) -> RawFd {
        self.eventfd.raw_fd()
    }

    /// In a forked child: the eventfd that it has is its parent's.
    pub(crate) fn renew(&self) -> io::Result<()> {
        self.eventfd.renew()
    }

    /// Makes the current or the next park return. Says whether that took a system call.
    pub(crate) fn notify(&self) -> bool {
        if !self.handshake.notify() {
            return false;
        }
        // A full counter is already readable, and the wrapper reports it as success. Anything else means that
        // the fd was closed behind our back. If its number is another file's by now, that is not to be seen here.
        if self.eventfd.notify().is_err() {
            self.rescue_sleeper();
        }
        self.writes.add_shared(1);
        true
    }

    /// Says how the present backend is reached without its eventfd.
    pub(crate) fn set_rescue(&self, rescue: Rescue) {
        *self.rescue.lock() = rescue;
    }

    /// Puts an eventfd in the place of one that somebody has closed.
    pub(crate) fn restore(&self) -> io::Result<()> {
        self.eventfd.restore()
    }

    /// The sleeper polls the file that nobody can write to any more. What reaches it looks like an event of the
    /// eventfd, so it polls the new one from then on.
    #[cold]
    fn rescue_sleeper(&self) {
        let restored = self.restore().and_then(|()| self.eventfd.notify());
        if restored.is_err() {
            return;
        }
        let wake = Internal::Wake.pack();
        // Locked until the message is posted: the successor of a backend takes its place here before it is closed, so
        // the number is not another file's meanwhile.
        let reached = match &*self.rescue.lock() {
            Rescue::Nobody => Ok(()),
            Rescue::Ring(ring) => self.kernel.message(*ring, wake),
            Rescue::Epoll(set) => set
                .upgrade()
                .map_or(Ok(()), |set| set.add_internal(self.raw_fd(), EPOLLIN, wake)),
        };
        // Before Linux 5.18 there is no message to a ring: its next sleep sees the new eventfd, this one does not.
        drop(reached);
    }

    pub(crate) fn writes(&self) -> u64 {
        self.writes.get()
    }

    /// Announces a sleep. `false`: something happened since the last one, so do not sleep, look again.
    #[must_use]
    pub(crate) fn prepare_park(&self) -> bool {
        self.handshake.prepare_park()
    }

    /// Ends a sleep, whatever ended it. Says whether a notification came since it was announced.
    pub(crate) fn unpark(&self) -> bool {
        self.handshake.unpark()
    }

    /// Whether the loop's thread sleeps. Asked on that very thread, it is a foreign loop that may do so next.
    pub(crate) fn is_parked(&self) -> bool {
        self.handshake.is_parked()
    }

    /// Whether a notification waits to be seen.
    pub(crate) fn is_notified(&self) -> bool {
        self.handshake.is_notified()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_notification_before_the_park_makes_it_fail_once() {
        let notifier = Notifier::new(&Kernel::Linux).unwrap();
        assert!(!notifier.notify(), "awake: no write");
        assert!(!notifier.prepare_park());
        assert!(notifier.prepare_park());
    }

    #[test]
    fn many_notifications_of_one_sleep_cost_one_write() {
        let notifier = Notifier::new(&Kernel::Linux).unwrap();
        assert!(notifier.prepare_park());
        assert!(!notifier.unpark(), "nobody asked for attention");
        assert!(notifier.prepare_park());
        let writes = (0..1000).filter(|_| notifier.notify()).count();
        assert_eq!(writes, 1);
        assert!(notifier.drain().unwrap());
        assert!(notifier.unpark(), "somebody did");
    }

    #[test]
    fn no_notification_is_lost_between_look_and_sleep() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        const THREADS: usize = 4;
        const EACH: usize = 5_000;
        let notifier = Notifier::new(&Kernel::Linux).unwrap();
        let produced = AtomicUsize::new(0);
        let poll = uring_sys::epoll::Epoll::new().unwrap();
        poll.add(notifier.raw_fd(), uring_sys::epoll::EPOLLIN, 0)
            .unwrap();
        let mut events = uring_sys::epoll::EventBuffer::with_capacity(1);
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    for _ in 0..EACH {
                        produced.fetch_add(1, Ordering::Relaxed);
                        notifier.notify();
                    }
                });
            }
            // A lost wake leaves this loop in epoll_wait for ever, and the test hangs.
            while produced.load(Ordering::Relaxed) < THREADS * EACH {
                if notifier.prepare_park() {
                    poll.wait(&mut events, None).unwrap();
                    notifier.unpark();
                    notifier.drain().unwrap();
                }
            }
        });
    }
}
