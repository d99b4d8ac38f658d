//! One program: its state, and the steps that the application takes.

use std::io;
use std::sync::Arc;
use std::task::{Poll, Waker};

use parking_lot::Mutex;

use crate::async_fd::AsyncFd;
use crate::backend::kernel::Kernel;
use crate::backend::sim::files::FileId;
use crate::backend::sim::rng::Rng;
use crate::backend::sim::socket::Quirk;
use crate::backend::sim::watch::Flag;
use crate::backend::sim::{Sim, SimFile};
use crate::context::{self, EnterGuard};
use crate::handle::{ClockHold, Handle};
use crate::interest::Interest;
use crate::reactor::{Reactor, Turn};
use crate::simulation::judge::{excuse, is_allowed, poll_task};
use crate::simulation::naps::Nap;
use crate::simulation::plan::Plan;
use crate::simulation::tasks::{self, Fd, Job, Task};

pub(super) const MOST_CONNECTIONS: usize = 10;
const MOST_TASKS: usize = 24;

/// A registered file.
pub(super) struct Connection {
    /// Never used again.
    pub(super) id: u64,
    pub(super) fd: Arc<Fd>,
    pub(super) file: FileId,
    pub(super) interest: Interest,
    /// The file's changes when it was registered.
    pub(super) since: u64,
    /// Its number was closed or given away behind our back: the model says nothing of it.
    pub(super) is_lawless: bool,
}

/// What other threads have made, to be taken over by the program.
#[derive(Default)]
pub(super) struct Arrivals {
    pub(super) connections: Vec<Connection>,
    pub(super) tasks: Vec<Task>,
    pub(super) naps: Vec<Nap>,
    pub(super) wrong: Option<String>,
    /// The files of registrations that they have dropped.
    pub(super) owed: Vec<FileId>,
    /// References to registrations that other threads hold.
    pub(super) away: usize,
}

/// What happened, line by line; kept outside of the program, which may end in a panic.
pub(super) type Story = Arc<Mutex<Vec<String>>>;

pub(super) struct Program {
    pub(super) sim: Sim,
    pub(super) rng: Rng,
    pub(super) plan: Arc<Plan>,
    pub(super) connections: Vec<Connection>,
    pub(super) tasks: Vec<Task>,
    pub(super) naps: Vec<Nap>,
    /// The other ends of our sockets.
    pub(super) peers: Vec<FileId>,
    pub(super) arrivals: Arc<Mutex<Arrivals>>,
    pub(super) handle: Handle,
    pub(super) next_id: u64,
    /// Woken at the end of a turn, with their places among what is awaited.
    pub(super) notices: Arc<Mutex<Vec<usize>>>,
    /// The backend was lost on purpose when so many had been built, and there has been no other since.
    pub(super) lost_at: Option<u64>,
    pub(super) has_forked: bool,
    /// Registrations that have ended elsewhere: the loop's next turn lets go of these files.
    pub(super) owed: Vec<FileId>,
    pub(super) hold: Option<ClockHold>,
    pub(super) story: Option<Story>,
    /// What the model has against it.
    pub(super) wrong: Option<String>,
    _current: EnterGuard,
    /// Dropped after everything that belongs to it.
    reactor: Option<Reactor>,
}

impl Drop for Program {
    fn drop(&mut self) {
        // One that fails ends before the world does.
        self.sim.forget_deeds();
    }
}

impl Program {
    /// `None`: no reactor is to be had on such a kernel, and the reason was right.
    pub(super) fn new(seed: u64, story: Option<Story>) -> Result<Option<Program>, String> {
        let mut rng = Rng::new(seed);
        let plan = Arc::new(Plan::new(&mut rng));
        if let Some(story) = &story {
            story.lock().push(format!("{plan:?}"));
        }
        let sim = Sim::new(rng.next(), plan.linux, plan.faults);
        let made = Reactor::on(Kernel::Sim(sim.clone()), plan.options.clone());
        let reactor = match made {
            Ok(reactor) => reactor,
            Err(error) => return excuse(&plan, &error).map(|()| None),
        };
        let handle = reactor.handle();
        Ok(Some(Program {
            sim,
            rng,
            plan,
            connections: Vec::new(),
            tasks: Vec::new(),
            naps: Vec::new(),
            peers: Vec::new(),
            arrivals: Arc::default(),
            next_id: 0,
            notices: Arc::default(),
            lost_at: None,
            has_forked: false,
            owed: Vec::new(),
            hold: None,
            story,
            wrong: None,
            _current: handle.enter(),
            handle,
            reactor: Some(reactor),
        }))
    }

    pub(super) fn reactor(&mut self) -> &mut Reactor {
        self.reactor.as_mut().expect("it goes last")
    }

    pub(super) fn reactor_slot(&mut self) -> &mut Option<Reactor> {
        &mut self.reactor
    }

    /// How often a backend has been put in the place of another.
    pub(super) fn builds(&self) -> u64 {
        let metrics = self.handle.metrics();
        metrics.backend_switches + metrics.rebuilds + metrics.ring_growths
    }

    pub(super) fn tell(&mut self, line: impl FnOnce() -> String) {
        if let Some(story) = &self.story {
            story.lock().push(line());
        }
    }

    pub(super) fn object(&mut self, what: impl FnOnce() -> String) {
        if self.wrong.is_none() {
            self.wrong = Some(what());
        }
    }

    /// One step, and what is wrong after it.
    pub(super) fn step(&mut self) -> Option<String> {
        self.sim.lock().calls = 0;
        match self.rng.below(64) {
            0..=5 => self.connect(),
            6..=15 => self.wait_for_something(),
            16..=27 => self.poll_woken(),
            28..=29 => self.poll_anything(),
            30..=31 => self.cancel(),
            32..=34 => self.drop_connection(),
            35 => self.own(),
            36 => self.try_io(),
            37..=38 => self.nap(),
            39 => self.change_nap(),
            40..=48 => self.world(),
            49..=51 => self.plan_ahead(),
            52 => self.trouble(),
            53 => self.play_with_time(),
            54 => self.look_around(),
            55 if self.rng.one_in(8) => self.rest(),
            _ => self.take_turn(),
        }
        self.take_over();
        self.reactor().verify();
        let complaint = self.sim.complaint();
        self.wrong.take().or(complaint)
    }

    fn connect(&mut self) {
        if self.connections.len() >= MOST_CONNECTIONS {
            return;
        }
        let kind = self.rng.below(12 * 16);
        let file = match kind % 12 {
            0 => self.sim.regular_file(),
            1 if !self.connections.is_empty() => {
                let at = self.rng.below(self.connections.len());
                if self.connections[at].is_lawless {
                    return;
                }
                self.connections[at].fd.get_ref().duplicate()
            }
            _ => {
                let quirk = match kind / 12 {
                    0 => Quirk::TwoQueues,
                    1 => Quirk::Refused(self.rng.pick(&[libc::EINVAL, libc::EOPNOTSUPP])),
                    2 => Quirk::ErrorQueue,
                    _ => Quirk::None,
                };
                let capacity = self.rng.pick(&[1, 50, 100]);
                self.sim.socket_pair(capacity, quirk).map(|(file, peer)| {
                    self.peers.push(peer);
                    file
                })
            }
        };
        // No number is free.
        let Ok(file) = file else { return };
        let interest = interest(&mut self.rng);
        let connection = register(&self.sim, self.next_id, file, interest);
        self.next_id += 1;
        self.tell(|| {
            let (id, file) = (connection.id, connection.file);
            format!("connect {id} {file:?} {interest:?}: {kind}")
        });
        if self.rng.one_in(3) {
            // So that nothing can be written.
            let _ = connection.fd.get_ref().write(1000);
        }
        self.connections.push(connection);
    }

    fn pick_connection(&mut self) -> Option<usize> {
        let count = self.connections.len();
        (count > 0).then(|| self.rng.below(count))
    }

    fn wait_for_something(&mut self) {
        let Some(at) = self.pick_connection() else {
            return;
        };
        if self.tasks.len() >= MOST_TASKS {
            return;
        }
        let connection = &self.connections[at];
        let with_urgent = connection.interest.is_priority();
        let job = tasks::choose(&mut self.rng, Arc::clone(&connection.fd), with_urgent);
        let is_taken = self
            .tasks
            .iter()
            .any(|task| task.connection == connection.id && task.place == job.place);
        // Another thread may have a task of it, and with it the place.
        let here = self.tasks.iter();
        let here = here.filter(|task| task.connection == connection.id).count();
        let is_away = Arc::strong_count(&connection.fd) > 2 + here;
        if job.place.is_some() && (is_taken || is_away) {
            return;
        }
        let task = enlist(connection, job);
        self.tasks.push(task);
        self.poll(self.tasks.len() - 1);
    }

    /// As an executor does, though in any order, and not always all.
    fn poll_woken(&mut self) {
        for _ in 0..self.tasks.len() {
            let woken = self.tasks.iter().position(|task| task.flag.is_set());
            let Some(at) = woken else { break };
            self.poll(at);
            if self.rng.one_in(8) {
                break;
            }
        }
        while let Some(at) = self.naps.iter().position(Nap::is_woken) {
            self.poll_nap(at);
            if self.rng.one_in(8) {
                break;
            }
        }
    }

    fn poll_anything(&mut self) {
        if !self.tasks.is_empty() {
            let at = self.rng.below(self.tasks.len());
            self.poll(at);
        }
        if !self.naps.is_empty() {
            let at = self.rng.below(self.naps.len());
            self.poll_nap(at);
        }
    }

    pub(super) fn poll_nap(&mut self, at: usize) {
        match self.naps[at].poll(&self.sim) {
            Ok(Poll::Pending) => {}
            Ok(Poll::Ready(())) => {
                self.naps.swap_remove(at);
            }
            Err(wrong) => self.object(|| wrong),
        }
    }

    /// Polls the task, and takes it out when it has ended.
    pub(super) fn poll(&mut self, at: usize) {
        let task = &mut self.tasks[at];
        let ended = poll_task(&self.sim, &self.plan, task);
        let (connection, interest) = (task.connection, task.interest);
        match ended {
            Ok(false) => self.tell(|| format!("task of {connection} waits for {interest:?}")),
            Ok(true) => {
                self.tell(|| format!("task of {connection} ends, {interest:?}"));
                let task = self.tasks.swap_remove(at);
                self.drop_task(task);
            }
            Err(wrong) => self.object(|| format!("connection {connection}: {wrong}")),
        }
    }

    fn cancel(&mut self) {
        if !self.tasks.is_empty() && self.rng.one_in(2) {
            let at = self.rng.below(self.tasks.len());
            let task = self.tasks.swap_remove(at);
            self.tell(|| format!("cancel a task of {}", task.connection));
            self.drop_task(task);
        } else if !self.naps.is_empty() {
            let at = self.rng.below(self.naps.len());
            let mut nap = self.naps.swap_remove(at);
            nap.unawait(&self.sim);
        }
    }

    pub(super) fn drop_task(&mut self, mut task: Task) {
        if let Some(key) = task.awaited.take() {
            self.sim.lock().unawait(key);
        }
        let (owns, file, is_lawless) = (task.owns, task.file, task.is_lawless);
        drop(task);
        if owns && !is_lawless {
            self.check_let_go(file);
        }
    }

    fn own(&mut self) {
        let Some(at) = self.pick_connection() else {
            return;
        };
        if Arc::strong_count(&self.connections[at].fd) > 1 {
            // Some task uses it.
            return;
        }
        let Connection {
            id,
            fd,
            file,
            since,
            is_lawless,
            ..
        } = self.connections.swap_remove(at);
        let fd = Arc::into_inner(fd).expect("counted above");
        let job = tasks::choose_owned(&mut self.rng, fd);
        self.tell(|| format!("connection {id} goes into a task"));
        let flag = Arc::new(Flag::default());
        self.tasks.push(Task {
            work: job.work,
            waker: Waker::from(Arc::clone(&flag)),
            flag,
            connection: id,
            file,
            since,
            interest: job.interest,
            place: None,
            is_lawless,
            awaited: None,
            is_paced: false,
            owns: true,
        });
        self.poll(self.tasks.len() - 1);
    }

    fn try_io(&mut self) {
        let Some(at) = self.pick_connection() else {
            return;
        };
        let fd = &self.connections[at].fd;
        let tried = if self.rng.one_in(2) {
            fd.try_io(Interest::READABLE, |file| file.read(20))
        } else {
            fd.try_io(Interest::WRITABLE, |file| file.write(20))
        };
        if let Err(error) = tried
            && !self.connections[at].is_lawless
            && error.kind() != io::ErrorKind::WouldBlock
            && !is_allowed(&self.plan, &error)
        {
            self.object(|| format!("try_io: {error}"));
        }
        self.sim.lock().blocked = 0;
    }

    fn look_around(&mut self) {
        let metrics = self.handle.metrics();
        // A task that another thread has polled may outlive its connection.
        let mut known: Vec<u64> = self.tasks.iter().map(|task| task.connection).collect();
        known.extend(self.connections.iter().map(|connection| connection.id));
        known.sort_unstable();
        known.dedup();
        let away = self.arrivals.lock().away;
        let known = known.len();
        if metrics.sources < known || metrics.sources > known + away {
            self.object(|| format!("{} sources, and {known} connections", metrics.sources));
        }
        if let Some(connection) = self.connections.first() {
            let reactor = connection.fd.reactor();
            assert_eq!(reactor.metrics().timers, metrics.timers);
            let _ = (
                connection.fd.registration(),
                connection.fd.is_edge_triggered(),
            );
        }
        self.tell(|| format!("{metrics:?}"));
        let driver = self.reactor().driver();
        assert!(driver.to_string().contains(driver.backend()));
        let current = Handle::try_current().is_some() && Handle::has_current();
        assert!(current, "this thread works for the reactor");
    }

    /// Takes over what other threads have made.
    pub(super) fn take_over(&mut self) {
        let mut arrivals = self.arrivals.lock();
        self.connections.append(&mut arrivals.connections);
        self.tasks.append(&mut arrivals.tasks);
        self.naps.append(&mut arrivals.naps);
        self.owed.append(&mut arrivals.owed);
        let wrong = arrivals.wrong.take();
        drop(arrivals);
        if let Some(wrong) = wrong {
            self.object(|| wrong);
        }
    }

    fn take_turn(&mut self) {
        let turn = match self.rng.below(4) {
            0 => Turn::Poll,
            1 => Turn::Wait,
            _ => {
                let limit = std::time::Duration::from_nanos(self.rng.between(0, 3_000_000));
                Turn::WaitUntil(crate::clock::Instant::now() + limit)
            }
        };
        self.tell(|| format!("turn {turn:?}"));
        self.turn(turn);
    }
}

/// A registration of `file`, with what the model has to know of it.
pub(super) fn register(sim: &Sim, id: u64, file: SimFile, interest: Interest) -> Connection {
    let (file_id, since) = (file.id(), sim.lock().changes() + 1);
    let fd = AsyncFd::with_interest(file, interest).expect("the reactor lives");
    Connection {
        id,
        fd: Arc::new(fd),
        file: file_id,
        interest,
        since,
        is_lawless: false,
    }
}

pub(super) fn interest(rng: &mut Rng) -> Interest {
    let (read, write) = (Interest::READABLE, Interest::WRITABLE);
    rng.pick(&[
        read,
        write,
        read | write,
        read | write,
        read | write | Interest::PRIORITY,
        read | Interest::ERROR,
    ])
}

pub(super) fn enlist(connection: &Connection, job: Job) -> Task {
    let flag = Arc::new(Flag::default());
    Task {
        work: job.work,
        waker: Waker::from(Arc::clone(&flag)),
        flag,
        connection: connection.id,
        file: connection.file,
        since: connection.since,
        interest: job.interest,
        place: job.place,
        is_lawless: connection.is_lawless,
        awaited: None,
        is_paced: false,
        owns: false,
    }
}

/// Runs `work` as another thread.
pub(super) fn elsewhere<R>(work: impl FnOnce() -> R) -> R {
    context::elsewhere(work)
}
