// Included by examples: an executor that runs one example, and spins where others sleep.

use std::task::Waker;
use uring_executor::{Config, Executor, Park, ParkMode, Spawner};

struct Spin;

impl Park for Spin {
    fn park(&mut self, _: ParkMode) {}

    fn unparker(&self) -> Waker {
        Waker::noop().clone()
    }
}

fn run(example: impl AsyncFnOnce(Spawner)) {
    let executor = Executor::new(Config::default(), Spin.unparker());
    executor.block_on(&mut Spin, example(executor.spawner()));
}
