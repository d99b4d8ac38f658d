//! Running tasks in an order that a seed determines.

use std::collections::hash_map::RandomState;
use std::ffi::OsStr;
use std::hash::BuildHasher;
use std::io;
use std::thread;

use crate::runtime::{Builder, Runtime};

/// Overrides the seed that the program asked for.
const VARIABLE: &str = "URING_RT_SEED";

/// What the program asked for.
#[derive(Clone, Copy, Default)]
pub(super) struct Seeding {
    wanted: Wanted,
    /// The seed is said at the start.
    is_told: bool,
}

#[derive(Clone, Copy, Default)]
enum Wanted {
    /// The order of the queue.
    #[default]
    None,
    Number(u64),
    Random,
}

/// What a runtime has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seed {
    number: u64,
    is_told: bool,
}

impl Builder {
    /// Runs tasks that are ready at the same time in an order that this number determines, and the future given to
    /// `block_on` before them or after. Without a seed they run in the order in which they became ready. For tests: each
    /// seed is another course of events, which one that relies on some order may not survive. The same seed takes the
    /// same course, as far as the program has no threads, and no I/O and no time but a
    /// [paused](Self::start_paused) one.
    ///
    /// When the runtime is dropped because of a panic, it says the seed on standard error. The variable
    /// `URING_RT_SEED`, if it is set, overrides the number.
    ///
    /// In an attribute: `#[uring_rt::test(seed = 7)]`. Corresponds to `tokio::runtime::Builder::rng_seed` (unstable),
    /// which does not touch the order of tasks.
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use uring_rt::runtime::Builder;
    ///
    /// let order = |seed| {
    ///     let runtime = Builder::new().seed(seed).build().unwrap();
    ///     let (ran, order) = mpsc::channel();
    ///     for number in 0..10 {
    ///         let ran = ran.clone();
    ///         drop(runtime.spawn(async move { ran.send(number).unwrap() }));
    ///     }
    ///     runtime.block_on(uring_rt::task::yield_now());
    ///     order.try_iter().collect::<Vec<_>>()
    /// };
    /// assert_eq!(order(1), order(1));
    /// assert_ne!(order(1), order(2));
    /// ```
    pub fn seed(&mut self, seed: u64) -> &mut Builder {
        self.seeding.wanted = Wanted::Number(seed);
        self
    }

    /// The same with a seed that is another one for each runtime: see [`Runtime::seed`].
    ///
    /// In an attribute: `#[uring_rt::test(seed = "random")]`.
    ///
    /// ```
    /// let runtime = uring_rt::runtime::Builder::new().random_seed().build()?;
    /// println!("{}", runtime.seed().unwrap());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn random_seed(&mut self) -> &mut Builder {
        self.seeding.wanted = Wanted::Random;
        self
    }

    /// What the attribute of a test asks for: that the seed is said at the start. A test's output is shown when it has
    /// failed, also by an error, of which the runtime does not know.
    #[doc(hidden)]
    pub fn tell_seed(&mut self) -> &mut Builder {
        self.seeding.is_told = true;
        self
    }
}

impl Seeding {
    pub(super) fn choose(self) -> io::Result<Option<Seed>> {
        let overriding = std::env::var_os(VARIABLE).filter(|value| !value.is_empty());
        let number = match (self.wanted, overriding) {
            (Wanted::None, _) => return Ok(None),
            (_, Some(value)) => parse(&value)?,
            (Wanted::Number(number), None) => number,
            (Wanted::Random, None) => random(),
        };
        let seed = Seed {
            number,
            is_told: self.is_told,
        };
        if seed.is_told {
            seed.tell();
        }
        Ok(Some(seed))
    }
}

impl Runtime {
    /// The seed that determines the order of the tasks, where [`Builder::seed`] or [`Builder::random_seed`] was called.
    ///
    /// ```
    /// let runtime = uring_rt::runtime::Builder::new().seed(7).build()?;
    /// # if std::env::var_os("URING_RT_SEED").is_none() {
    /// assert_eq!(runtime.seed(), Some(7));
    /// # }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn seed(&self) -> Option<u64> {
        self.seed.map(Seed::number)
    }
}

impl Seed {
    pub(super) fn number(self) -> u64 {
        self.number
    }

    /// Says it when the thread is panicking, unless it was said already.
    pub(super) fn tell_on_panic(self) {
        if thread::panicking() && !self.is_told {
            self.tell();
        }
    }

    #[expect(
        clippy::print_stderr,
        reason = "a failed test shows what is printed by this macro"
    )]
    fn tell(self) {
        let number = self.number;
        eprintln!(
            "uring-rt: the order of tasks has the seed {number}; {VARIABLE}={number} repeats it"
        );
    }
}

fn parse(value: &OsStr) -> io::Result<u64> {
    let number = value.to_str().and_then(|value| value.parse().ok());
    number.ok_or_else(|| {
        let most = u64::MAX;
        let text = format!("{VARIABLE} is a number from 0 to {most}, and not {value:?}");
        io::Error::new(io::ErrorKind::InvalidInput, text)
    })
}

/// The keys of a hash map are made of what the system has that is random.
fn random() -> u64 {
    RandomState::new().hash_one(0)
}
