//! Another backend in the place of the one that runs: because that is lost, too small, or a parent's.

use std::io;

use super::Reactor;
use crate::backend::{Backend, ladder};
use crate::driver::{Driver, Refusal};

impl Reactor {
    /// Puts another backend in the place of one that is lost. Every arm is asked for again; since a poll looks at the
    /// level when it is armed, no event is lost.
    pub(super) fn replace_backend(&mut self, loss: io::Error) -> io::Result<()> {
        let replaced = self.replace_after(&loss);
        if replaced.is_err() {
            // The one that is there must not be asked again: it has forgotten what it could not finish.
            self.loss = Some(loss);
        }
        replaced
    }

    fn replace_after(&mut self, error: &io::Error) -> io::Result<()> {
        let env = self.local.shared.env.clone();
        let former = self.driver();
        let refusal = Refusal::new(format!("{}, while running", former.backend()), error);
        let mut refused = former.refused;
        // A ring that goes on may be lost in the same way again, as often as the kernel has no memory.
        if !refused.contains(&refusal) {
            refused.push(refusal);
        }
        // The entries of the nested set, or of the lost one, are nobody's any more.
        env.drop_epoll_set();
        let (backend, driver) = match self.ring_after_loss(error, &mut refused) {
            Some(successor) => successor,
            None => ladder::epoll(&self.options, &env, Vec::new())?,
        };
        self.install(backend, Driver { refused, ..driver });
        env.counters.switches.add(1);
        Ok(())
    }

    /// Where only completions were lost, a ring can go on: a larger one, as they were too many. One that is as large
    /// as can be goes to epoll, unless it was memory that the kernel lacked, and not room.
    fn ring_after_loss(
        &mut self,
        error: &io::Error,
        refused: &mut Vec<Refusal>,
    ) -> Option<(Backend, Driver)> {
        let Driver {
            rung, sq_entries, ..
        } = self.driver();
        let rung = rung?;
        if !matches!(error.raw_os_error(), Some(libc::EOVERFLOW | libc::EBADR)) {
            return None;
        }
        let is_largest = sq_entries.saturating_mul(2) > self.options.most_entries;
        if is_largest && !self.local.backend.borrow().keeps_completions() {
            return None;
        }
        let entries = if is_largest {
            sq_entries
        } else {
            sq_entries * 2
        };
        match ladder::larger(&self.options, &self.local.shared.env, rung, entries) {
            Ok(successor) => {
                self.options.entries = entries;
                Some(successor)
            }
            Err(error) => {
                refused.push(Refusal::new(format!("{entries} entries"), &error));
                None
            }
        }
    }

    /// Gives a ring whose completions overflow again and again a successor with twice the entries, which exists before
    /// the old one goes. Without one it goes on as it is: that loses nothing, and takes more enters.
    pub(super) fn grow_if_crowded(&mut self) {
        if !self.local.backend.borrow().is_crowded() {
            return;
        }
        let mut former = self.driver();
        let Some(rung) = former.rung else { return };
        let entries = former.sq_entries.saturating_mul(2);
        if entries > self.options.most_entries {
            self.local.backend.borrow_mut().stay_small();
            return;
        }
        let env = self.local.shared.env.clone();
        match ladder::larger(&self.options, &env, rung, entries) {
            Ok((backend, driver)) => {
                self.options.entries = entries;
                env.drop_epoll_set();
                let refused = former.refused;
                self.install(backend, Driver { refused, ..driver });
                env.counters.growths.add(1);
            }
            Err(error) => {
                self.local.backend.borrow_mut().stay_small();
                let step = format!("{entries} entries");
                former.refused.push(Refusal::new(step, &error));
                *self.local.shared.driver.lock() = former;
            }
        }
    }

    /// Puts `backend` in the place of the one that runs, which lets go of everything first.
    fn install(&mut self, backend: Backend, driver: Driver) {
        let mut former = self.local.backend.borrow_mut();
        former.shut_down();
        *former = backend;
        drop(former);
        if let Some(outlet) = self.outlet.get_mut() {
            outlet.forget_backend();
        }
        self.become_driver(driver);
    }

    /// Builds everything anew in a forked child, which has copies of what is its parent's. What waits is asked for
    /// again; deadlines are as they were.
    pub(super) fn rebuild_in_child(&mut self) -> io::Result<()> {
        let env = self.local.shared.env.clone();
        env.notifier.renew()?;
        env.drop_epoll_set();
        let (backend, driver) = ladder::open(&self.options, &env)?;
        // Dropped without a word to the kernel: only this process's copies are closed.
        drop(self.local.backend.replace(backend));
        env.process.adopt();
        // The parent's set, shared: what this process did to it would be done to the parent's.
        self.outlet.take();
        self.become_driver(driver);
        env.counters.rebuilds.add(1);
        Ok(())
    }

    /// The new backend knows of no arm, and is not the one that was lost.
    fn become_driver(&mut self, driver: Driver) {
        let is_epoll = driver.rung.is_none();
        *self.local.shared.driver.lock() = driver;
        self.loss = None;
        let mut sources = self.local.shared.sources.lock();
        sources.rearm_all(is_epoll, &mut self.wakes);
    }
}
