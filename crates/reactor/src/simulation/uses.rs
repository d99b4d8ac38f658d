//! Short programs, each of which uses one part of the API as an application does, on a healthy kernel that the seed
//! chooses. What they do is so little that the model says exactly what must come of it.

mod clock;
mod closed;
mod ends;
mod guards;
mod readiness;
mod report;
mod waits;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::backend::deadline::TimerMode;
use crate::backend::kernel::Kernel;
use crate::backend::sim::Sim;
use crate::backend::sim::faults::Faults;
use crate::backend::sim::linux::Linux;
use crate::backend::sim::rng::Rng;
use crate::backend::sim::watch::Flag;
use crate::context::EnterGuard;
use crate::driver::Choice;
use crate::options::Options;
use crate::reactor::{Reactor, Turn};

/// Keeps these seeds apart from those of the long programs.
const SALT: u64 = 0x7573_6573;

/// Turns until what is due has happened.
const MOST_TURNS: usize = 50;

/// A kernel, and a reactor on it that is the current one.
struct Stage {
    rng: Rng,
    sim: Sim,
    _current: EnterGuard,
    reactor: Reactor,
}

/// Runs them all. What is wrong is a panic.
pub(super) fn run(seed: u64) {
    let programs: [fn(&mut Rng); 18] = [
        readiness::what_is_waited_for_and_found_are_sets,
        readiness::the_reactor_counts_what_it_does,
        guards::a_guard_by_which_one_reads,
        guards::a_guard_by_which_one_writes,
        guards::polls_that_own_their_file,
        clock::deadlines_are_the_kernel_s,
        clock::a_paused_clock_shows_what_was_added,
        clock::a_paused_clock_goes_to_the_deadline,
        report::the_environment_is_obeyed_or_named,
        report::a_driver_is_what_was_asked_for_and_is_to_be_had,
        report::a_refusal_says_why_and_what_helps,
        report::a_trouble_that_passes_is_told_so,
        closed::a_notice_arrives_by_a_closed_eventfd,
        closed::an_eventfd_that_is_closed_as_it_is_written_is_replaced,
        closed::a_deadline_arrives_by_a_closed_timerfd,
        ends::a_file_that_is_closed_elsewhere_is_let_go_of,
        waits::who_waits_for_what_is_listed,
        ends::what_outlives_its_reactor_is_told_so,
    ];
    let mut rng = Rng::new(seed ^ SALT);
    for program in programs {
        program(&mut rng);
    }
}

/// Some kernel with rings, or the newest without its rings.
fn options(rng: &mut Rng) -> Options {
    let choice = rng.pick(&[Choice::Auto, Choice::Auto, Choice::IoUring, Choice::Epoll]);
    let timer = rng.pick(&[TimerMode::WaitTimeout, TimerMode::TimerFd]);
    Options::new().choice(choice).timer(timer)
}

impl Stage {
    fn new(rng: &mut Rng) -> Stage {
        let linux = rng.pick(&Linux::ALL);
        Stage::on(rng, linux, options)
    }

    fn on(rng: &mut Rng, linux: Linux, options: impl FnOnce(&mut Rng) -> Options) -> Stage {
        let options = options(rng);
        let sim = Sim::new(rng.next(), linux, Faults::default());
        let reactor = Reactor::on(Kernel::Sim(sim.clone()), options).expect("a healthy kernel");
        Stage {
            rng: rng.clone(),
            sim,
            _current: reactor.handle().enter(),
            reactor,
        }
    }

    fn now_ns(&self) -> u64 {
        self.sim.lock().now_ns
    }

    fn turn(&mut self, turn: Turn) {
        self.sim.lock().calls = 0;
        self.reactor.turn(turn).expect("a healthy kernel");
        assert!(!self.sim.is_hung(), "a sleep that nothing would end");
        assert_eq!(self.sim.complaint(), None);
    }

    /// Lets the loop look until there is nothing new.
    fn settle(&mut self) {
        for _ in 0..4 {
            let soon = self.sim.now() + Duration::from_micros(10);
            self.turn(Turn::WaitUntil(soon));
        }
    }

    /// Polls it, and sleeps in between.
    fn finish<F: Future>(&mut self, future: F) -> F::Output {
        let mut task = Box::pin(Awaited::new(future));
        for _ in 0..MOST_TURNS {
            if let Poll::Ready(done) = task.poll() {
                return done;
            }
            for _ in 0..MOST_TURNS {
                if task.is_woken() {
                    break;
                }
                self.turn(Turn::Wait);
            }
            assert!(
                task.is_woken(),
                "turns again and again, and nobody is woken"
            );
        }
        panic!("woken again and again, and nothing comes of it");
    }
}

/// A future, and whether it has been woken.
struct Awaited<F> {
    future: Pin<Box<F>>,
    flag: Arc<Flag>,
}

impl<F: Future> Awaited<F> {
    fn new(future: F) -> Awaited<F> {
        let flag = Arc::new(Flag::default());
        Awaited {
            future: Box::pin(future),
            flag,
        }
    }

    fn is_woken(&self) -> bool {
        self.flag.is_set()
    }

    fn poll(&mut self) -> Poll<F::Output> {
        self.flag.take();
        let waker = Waker::from(Arc::clone(&self.flag));
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }
}
