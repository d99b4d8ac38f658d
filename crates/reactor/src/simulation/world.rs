//! What happens around the application: peers, other threads, the process, the clock.

use std::sync::Arc;
use std::time::Duration;

use crate::backend::sim::Sim;
use crate::backend::sim::files::FileId;
use crate::backend::sim::socket::Quirk;
use crate::backend::sim::watch::{Awaited, Flag};
use crate::simulation::judge::poll_task;
use crate::simulation::naps::Nap;
use crate::simulation::program::{
    Connection, MOST_CONNECTIONS, Program, elsewhere, enlist, interest, register,
};
use crate::simulation::tasks::{self, Task};

const MOST_NAPS: usize = 8;

/// What the other end of a socket does.
#[derive(Clone, Copy, Debug)]
enum Act {
    Write(usize),
    Read(usize),
    Shut,
    Urgent,
    Close,
    Reset,
}

fn act(sim: &Sim, peer: FileId, act: Act) {
    let mut state = sim.lock();
    match act {
        // A peer that meets an error, or would block, does nothing.
        Act::Write(size) => drop(state.write(peer, size)),
        Act::Read(size) => drop(state.read(peer, size)),
        Act::Shut => state.shut_write(peer),
        Act::Urgent => state.send_urgent(peer),
        Act::Close => state.close_peer(peer, false),
        Act::Reset => state.close_peer(peer, true),
    }
}

impl Program {
    /// A peer, and what it does; one that goes is not ours any more.
    fn choose_act(&mut self) -> Option<(FileId, Act)> {
        if self.peers.is_empty() {
            return None;
        }
        let at = self.rng.below(self.peers.len());
        let peer = self.peers[at];
        let act = match self.rng.below(32) {
            0..=14 => Act::Write(self.rng.pick(&[1, 10, 60, 200])),
            15..=26 => Act::Read(self.rng.pick(&[1, 30, 200])),
            27 => Act::Shut,
            28..=29 => Act::Urgent,
            30 => Act::Close,
            _ => Act::Reset,
        };
        if matches!(act, Act::Close | Act::Reset) {
            self.peers.swap_remove(at);
        }
        Some((peer, act))
    }

    pub(super) fn world(&mut self) {
        if let Some((peer, chosen)) = self.choose_act() {
            self.tell(|| format!("peer {peer:?}: {chosen:?}"));
            act(&self.sim, peer, chosen);
        }
    }

    /// Something for later: in the middle of a sleep, or just before one returns.
    pub(super) fn plan_ahead(&mut self) {
        let kinds = if self.plan.has_threads { 12 } else { 6 };
        let deed: Box<dyn FnOnce() + Send> = match self.rng.below(kinds) {
            0..=4 => {
                let Some((peer, chosen)) = self.choose_act() else {
                    return;
                };
                self.tell(|| format!("later, peer {peer:?}: {chosen:?}"));
                let sim = self.sim.clone();
                Box::new(move || act(&sim, peer, chosen))
            }
            5 => {
                let at_ns = self.later();
                return self.sim.signal_at(at_ns);
            }
            6 => self.wake_from_afar(),
            7 | 8 => match self.drop_from_afar() {
                Some(deed) => deed,
                None => return,
            },
            9 => match self.connect_from_afar() {
                Some(deed) => deed,
                None => return,
            },
            10 => match self.poll_from_afar() {
                Some(deed) => deed,
                None => return,
            },
            _ => self.nap_from_afar(),
        };
        match self.rng.below(3) {
            0 => self.sim.at_exit(deed),
            1 => deed(),
            _ => {
                let at_ns = self.later();
                self.sim.at(at_ns, deed);
            }
        }
    }

    fn later(&mut self) -> u64 {
        let now_ns = self.sim.lock().now_ns;
        now_ns + self.rng.between(0, 2_000_000)
    }

    fn wake_from_afar(&mut self) -> Box<dyn FnOnce() + Send> {
        self.tell(|| "later, a notice".to_owned());
        let (sim, handle) = (self.sim.clone(), self.handle.clone());
        let notices = Arc::clone(&self.notices);
        Box::new(move || {
            let key = sim
                .lock()
                .await_it(Awaited::Notice, Arc::new(Flag::default()));
            notices.lock().push(key);
            elsewhere(|| handle.unparker().wake());
        })
    }

    /// A registration ends on another thread, and all who wait for it.
    fn drop_from_afar(&mut self) -> Option<Box<dyn FnOnce() + Send>> {
        if self.connections.is_empty() {
            return None;
        }
        let at = self.rng.below(self.connections.len());
        let connection = self.connections.swap_remove(at);
        self.tell(|| format!("later, connection {} is dropped elsewhere", connection.id));
        let tasks = self.take_tasks(connection.id);
        self.arrivals.lock().away += 1;
        let arrivals = Arc::clone(&self.arrivals);
        let closes = self.rng.one_in(4);
        // An entry of a number that was given away cannot be taken out while somebody else has the file open.
        let file = (!connection.is_lawless).then_some(connection.file);
        Some(Box::new(move || {
            elsewhere(|| {
                drop(tasks);
                drop_or_close(connection, closes);
            });
            let mut arrivals = arrivals.lock();
            arrivals.away -= 1;
            arrivals.owed.extend(file);
        }))
    }

    /// Another thread registers a file and waits for it.
    fn connect_from_afar(&mut self) -> Option<Box<dyn FnOnce() + Send>> {
        if self.connections.len() >= MOST_CONNECTIONS {
            return None;
        }
        let made = self.sim.socket_pair(self.rng.pick(&[1, 80]), Quirk::None);
        let (file, peer) = made.ok()?;
        self.peers.push(peer);
        let (sim, plan) = (self.sim.clone(), Arc::clone(&self.plan));
        let arrivals = Arc::clone(&self.arrivals);
        let id = self.next_id;
        self.next_id += 1;
        self.tell(|| format!("later, connect {id} elsewhere: {:?}", file.id()));
        let interest = interest(&mut self.rng);
        let mut rng = crate::backend::sim::rng::Rng::new(self.rng.next());
        Some(Box::new(move || {
            elsewhere(|| {
                let connection = register(&sim, id, file, interest);
                let job = tasks::choose(&mut rng, Arc::clone(&connection.fd), false);
                let mut task = enlist(&connection, job);
                let polled = poll_task(&sim, &plan, &mut task);
                let mut arrivals = arrivals.lock();
                arrivals.connections.push(connection);
                match polled {
                    Ok(false) => arrivals.tasks.push(task),
                    Ok(true) => {}
                    Err(wrong) => arrivals.wrong = Some(wrong),
                }
            });
        }))
    }

    /// Another thread polls a task of ours, and gives it back.
    fn poll_from_afar(&mut self) -> Option<Box<dyn FnOnce() + Send>> {
        if self.tasks.is_empty() {
            return None;
        }
        let at = self.rng.below(self.tasks.len());
        let mut task = self.tasks.swap_remove(at);
        self.tell(|| format!("later, a task of {} is polled elsewhere", task.connection));
        if let Some(key) = task.awaited.take() {
            self.sim.lock().unawait(key);
        }
        // It holds a reference to its registration, which outlives the connection.
        self.arrivals.lock().away += 1;
        let (sim, plan) = (self.sim.clone(), Arc::clone(&self.plan));
        let (arrivals, handle) = (Arc::clone(&self.arrivals), self.handle.clone());
        let file = (!task.is_lawless).then_some(task.file);
        Some(Box::new(move || {
            let before = handle.metrics().sources;
            let polled = elsewhere(|| poll_task(&sim, &plan, &mut task));
            let ended = matches!(polled, Ok(true));
            let task = if ended {
                elsewhere(|| drop(task));
                None
            } else {
                Some(task)
            };
            // It may have held the last reference to its registration. That ended elsewhere, then, and only the loop's
            // next turn lets go of the file: as after a drop elsewhere.
            let has_left = handle.metrics().sources < before;
            let mut arrivals = arrivals.lock();
            arrivals.away -= 1;
            arrivals.owed.extend(file.filter(|_| has_left));
            arrivals.tasks.extend(task);
            if let Err(wrong) = polled {
                arrivals.wrong = Some(wrong);
            }
        }))
    }

    fn nap_from_afar(&mut self) -> Box<dyn FnOnce() + Send> {
        let after = Duration::from_nanos(self.rng.between(0, 1_000_000));
        let is_timed = !self.plan.plays_with_time;
        let sim = self.sim.clone();
        let arrivals = Arc::clone(&self.arrivals);
        self.tell(|| format!("later, a timer of {after:?} elsewhere"));
        Box::new(move || {
            let mut nap = Nap::new(after, is_timed);
            let polled = elsewhere(|| nap.poll(&sim));
            let mut arrivals = arrivals.lock();
            match polled {
                Ok(polled) if polled.is_pending() => arrivals.naps.push(nap),
                Ok(_) => {}
                Err(wrong) => arrivals.wrong = Some(wrong),
            }
        })
    }

    pub(super) fn take_tasks(&mut self, connection: u64) -> Vec<Task> {
        let mut state = self.sim.lock();
        let of_it = |task: &mut Task| task.connection == connection;
        let mut tasks: Vec<Task> = self.tasks.extract_if(.., of_it).collect();
        for task in &mut tasks {
            if let Some(key) = task.awaited.take() {
                state.unawait(key);
            }
        }
        tasks
    }

    pub(super) fn drop_connection(&mut self) {
        if self.connections.is_empty() {
            return;
        }
        let at = self.rng.below(self.connections.len());
        let connection = self.connections.swap_remove(at);
        let (id, file, is_lawless) = (connection.id, connection.file, connection.is_lawless);
        let tasks = self.take_tasks(id);
        let is_shared = Arc::strong_count(&connection.fd) > 1 + tasks.len();
        let closes = self.rng.one_in(4);
        if self.plan.has_threads && self.rng.one_in(3) {
            self.tell(|| format!("connection {id} is dropped elsewhere"));
            elsewhere(|| {
                drop(tasks);
                drop_or_close(connection, closes);
            });
            self.owed.extend((!is_lawless).then_some(file));
        } else {
            self.tell(|| format!("connection {id} is dropped"));
            drop(tasks);
            drop_or_close(connection, closes);
            if !is_lawless && !is_shared {
                self.check_let_go(file);
            }
        }
    }

    /// What the plan has in store.
    pub(super) fn trouble(&mut self) {
        match self.rng.below(3) {
            // One loss at a time: the next turn has to be able to find out what is not ours any more.
            0 if self.plan.loses && self.lost_at.is_none() && self.rng.one_in(4) => self.lose(),
            1 if self.plan.tampers => self.tamper(),
            2 if self.plan.forks && self.lost_at.is_none() && self.rng.one_in(4) => {
                self.tell(|| "fork".to_owned());
                self.sim.fork();
                self.has_forked = true;
            }
            _ => {}
        }
    }

    fn lose(&mut self) {
        let kind = self.rng.below(4);
        // A set inside a ring is looked at only when it has something, and may be closed in good faith before.
        let is_seen_at_once = kind < 3 || self.reactor().driver().rung.is_none();
        let reuse = is_seen_at_once && self.rng.one_in(2);
        self.tell(|| format!("the kernel's side is lost: {kind}, {reuse}"));
        let mut state = self.sim.lock();
        let is_lost = match kind {
            0 => state.kill_rings(libc::ENXIO),
            1 => state.kill_rings(libc::EBADR),
            2 => state.close_rings(reuse),
            _ => state.close_epolls(reuse),
        };
        drop(state);
        if is_lost {
            self.lost_at.get_or_insert(self.builds());
        }
    }

    /// The number of a connection is closed behind our back; the next file gets it.
    fn tamper(&mut self) {
        if self.connections.is_empty() {
            return;
        }
        let at = self.rng.below(self.connections.len());
        let connection = &mut self.connections[at];
        let here = self.tasks.iter();
        let here = here.filter(|task| task.connection == connection.id);
        if Arc::strong_count(&connection.fd) > 1 + here.count() {
            // Another thread has a task of it, and would not know.
            return;
        }
        connection.fd.get_ref().lose();
        connection.is_lawless = true;
        let id = connection.id;
        self.tell(|| format!("the number of {id} is closed behind its back"));
        // A duplicate of it may be polled through a request that another registration of the number made.
        for task in self.tasks.iter_mut().filter(|task| task.connection == id) {
            task.is_lawless = true;
            if let Some(key) = task.awaited.take() {
                self.sim.lock().unawait(key);
            }
        }
    }

    pub(super) fn nap(&mut self) {
        if self.naps.len() >= MOST_NAPS {
            return;
        }
        let after = Duration::from_nanos(match self.rng.below(8) {
            0 => 0,
            1 => self.rng.between(0, 10_000_000_000),
            2 => u64::MAX,
            _ => self.rng.between(0, 3_000_000),
        });
        self.tell(|| format!("a timer of {after:?}"));
        self.naps.push(Nap::new(after, !self.plan.plays_with_time));
        self.poll_nap(self.naps.len() - 1);
    }

    pub(super) fn change_nap(&mut self) {
        if self.naps.is_empty() {
            return;
        }
        let at = self.rng.below(self.naps.len());
        let after = Duration::from_nanos(self.rng.between(0, 2_000_000));
        self.tell(|| format!("a timer is reset to {after:?}"));
        self.naps[at].reset(after, &self.sim);
    }

    pub(super) fn play_with_time(&mut self) {
        if !self.plan.plays_with_time {
            return;
        }
        let step = Duration::from_nanos(self.rng.between(0, 5_000_000));
        let kind = self.rng.below(5);
        self.tell(|| format!("time: {kind}, {step:?}"));
        match kind {
            0 => drop(self.handle.pause_clock()),
            1 => drop(self.handle.resume_clock()),
            2 => drop(self.handle.advance_clock(step)),
            3 => self.hold = Some(self.handle.hold_clock()),
            _ => self.hold = None,
        }
    }
}

/// Drops it; or closes it, which on the loop's thread is the same and says so.
fn drop_or_close(connection: Connection, closes: bool) {
    let Some(fd) = Arc::into_inner(connection.fd) else {
        return;
    };
    if !closes {
        // The file is still open when the registration has ended.
        drop(fd.into_inner());
    } else if !connection.is_lawless {
        let mut closing = Box::pin(fd.close());
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        let _ = closing.as_mut().poll(&mut cx);
    }
}
