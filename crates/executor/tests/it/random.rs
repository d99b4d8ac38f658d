//! Random programs against a model of a task's life. A failing seed is printed; `SEED=n` runs it alone.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::mpsc::{Sender, channel};
use std::task::{Poll, Waker};

use futures_util::FutureExt;
use uring_executor::{AbortHandle, Config, Executor, JoinError, JoinHandle};

use crate::support::{DropToken, Drops, FakePark, executor_with};

/// xorshift64*: a test needs no better one.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(bits).unwrap() % end
    }
}

/// What a task does when it is next polled.
#[derive(Clone, Copy, PartialEq)]
enum Plan {
    Wait,
    WakeItself,
    Finish,
    Panic,
    AbortItself,
}

/// A task and what must be true of it.
struct Subject {
    plan: Rc<Cell<Plan>>,
    polls: Rc<Cell<u32>>,
    waker: Rc<RefCell<Option<Waker>>>,
    abort: AbortHandle,
    handle: Option<JoinHandle<DropToken>>,
    future_drops: Drops,
    output_drops: Drops,
    /// It was woken since it was last polled, so it must be polled.
    woken: bool,
    polls_then: u32,
    aborted: bool,
}

impl Subject {
    fn new(executor: &Executor) -> Self {
        let plan = Rc::new(Cell::new(Plan::Wait));
        let polls = Rc::new(Cell::new(0));
        let waker = Rc::new(RefCell::new(None));
        let itself: Rc<RefCell<Option<AbortHandle>>> = Rc::default();
        let (future_drops, output_drops) = (Drops::default(), Drops::default());
        let handle = executor.spawn({
            let (plan, polls) = (Rc::clone(&plan), Rc::clone(&polls));
            let (waker, itself) = (Rc::clone(&waker), Rc::clone(&itself));
            let token = future_drops.token();
            let mut output = Some(output_drops.token());
            poll_fn(move |cx| {
                let _ = &token;
                polls.set(polls.get() + 1);
                *waker.borrow_mut() = Some(cx.waker().clone());
                match plan.replace(Plan::Wait) {
                    Plan::Wait => return Poll::Pending,
                    Plan::WakeItself => cx.waker().wake_by_ref(),
                    Plan::Finish => return Poll::Ready(output.take().unwrap()),
                    Plan::Panic => std::panic::resume_unwind(Box::new("planned")),
                    Plan::AbortItself => itself.borrow().as_ref().unwrap().abort(),
                }
                Poll::Pending
            })
        });
        *itself.borrow_mut() = Some(handle.abort_handle());
        Self {
            plan,
            polls,
            waker,
            abort: handle.abort_handle(),
            handle: Some(handle),
            future_drops,
            output_drops,
            woken: true,
            polls_then: 0,
            aborted: false,
        }
    }

    /// One random thing. `elsewhere` runs closures on another thread.
    fn step(&mut self, random: &mut Random, elsewhere: &Elsewhere) {
        match random.below(10) {
            0..=1 => self.wake(|waker| waker.wake_by_ref()),
            2..=3 => self.wake(|waker| {
                let waker = waker.clone();
                elsewhere.run(move || waker.wake());
            }),
            4 => self.plan.set(Plan::WakeItself),
            5 => self
                .plan
                .set([Plan::Finish, Plan::Panic, Plan::AbortItself, Plan::Finish][random.below(4)]),
            6 if random.below(4) == 0 => {
                self.aborted = true;
                self.abort.abort();
            }
            7 if random.below(4) == 0 => {
                self.aborted = true;
                let abort = self.abort.clone();
                elsewhere.run(move || abort.abort());
            }
            8 if random.below(4) == 0 => self.handle = None,
            9 if random.below(4) == 0 => {
                let handle = self.handle.take();
                elsewhere.run(move || drop(handle));
            }
            _ => {}
        }
    }

    fn wake(&mut self, wake: impl Fn(&Waker)) {
        if let Some(waker) = &*self.waker.borrow() {
            self.woken = true;
            wake(waker);
        }
    }

    /// After the executor has come to rest.
    fn check(&mut self) {
        let finished = self.abort.is_finished();
        assert_eq!(
            self.future_drops.count(),
            usize::from(finished),
            "the future is dropped when the task is finished, and only then, and once"
        );
        if self.woken && !finished {
            assert!(self.polls.get() > self.polls_then, "a wake was lost");
        }
        assert!(finished || !self.aborted, "an aborted task finishes");
        self.woken = false;
        self.polls_then = self.polls.get();
        if finished && let Some(handle) = self.handle.take() {
            match handle.now_or_never().expect("a finished task has a result") {
                Ok(token) => drop(token),
                Err(error) => check_error(&error),
            }
            assert_eq!(self.output_drops.count(), 1);
        }
    }
}

fn check_error(error: &JoinError) {
    assert!(error.is_cancelled() || error.to_string().ends_with("\"planned\""));
}

/// Another thread that runs closures one after the other.
struct Elsewhere(Sender<Box<dyn FnOnce() + Send>>);

impl Elsewhere {
    fn new() -> Self {
        let (sender, receiver) = channel::<Box<dyn FnOnce() + Send>>();
        std::thread::spawn(move || receiver.into_iter().for_each(|run| run()));
        Self(sender)
    }

    fn run(&self, closure: impl FnOnce() + Send + 'static) {
        self.0.send(Box::new(closure)).unwrap();
    }

    fn wait(&self) {
        let (done, wait) = channel();
        self.run(move || done.send(()).unwrap());
        wait.recv().unwrap();
    }
}

fn rest(executor: &Executor, park: &mut FakePark, elsewhere: &Elsewhere) {
    elsewhere.wait();
    let _ = park;
    while executor.run_pass() {}
}

fn program(seed: u64, elsewhere: &Elsewhere) {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    // Half of them in the order of the queue, half in one of their own.
    let (executor, mut park) = executor_with(Config {
        seed: seed.is_multiple_of(2).then_some(seed),
        ..Config::default()
    });
    let mut subjects = Vec::new();
    let mut all_drops = Vec::new();
    for _ in 0..60 {
        match random.below(10) {
            0 => {
                let subject = Subject::new(&executor);
                all_drops.push((subject.future_drops.clone(), subject.output_drops.clone()));
                subjects.push(subject);
            }
            1 if !subjects.is_empty() => drop(subjects.swap_remove(random.below(subjects.len()))),
            2 => drop(executor.run_pass()),
            3 => {
                rest(&executor, &mut park, elsewhere);
                subjects.iter_mut().for_each(Subject::check);
            }
            _ if !subjects.is_empty() => {
                let which = random.below(subjects.len());
                subjects[which].step(&mut random, elsewhere);
            }
            _ => {}
        }
    }
    if random.below(2) == 0 {
        rest(&executor, &mut park, elsewhere);
        subjects.iter_mut().for_each(Subject::check);
    }
    drop(executor);
    elsewhere.wait();
    assert!(subjects.iter().all(|subject| subject.abort.is_finished()));
    drop(subjects);
    elsewhere.wait();
    for (future, output) in all_drops {
        assert_eq!((future.count(), output.count()), (1, 1), "a leak");
    }
}

#[test]
fn random_programs_keep_to_the_model() {
    let elsewhere = Elsewhere::new();
    if let Ok(seed) = std::env::var("SEED") {
        program(seed.parse().unwrap(), &elsewhere);
        return;
    }
    for seed in 1..=3000 {
        let run = std::panic::AssertUnwindSafe(|| program(seed, &elsewhere));
        if let Err(payload) = std::panic::catch_unwind(run) {
            panic!("SEED={seed}: {}", crate::support::text(&*payload));
        }
    }
}
