//! smol with a `LocalExecutor`.

use std::future::Future;
use std::io;
use std::time::Duration;

use smol::net::unix::UnixStream;
use smol::{LocalExecutor, Timer};

use crate::runtime::Runtime;
use crate::runtimes::futures_io::FuturesIo;

pub(crate) struct Smol;

thread_local! {
    /// Never freed: one for each thread that runs smol, until the process ends.
    static EXECUTOR: &'static LocalExecutor<'static> = Box::leak(Box::new(LocalExecutor::new()));
}

impl Runtime for Smol {
    type Unix = FuturesIo<UnixStream>;

    fn block_on<F: Future>(future: F) -> F::Output {
        EXECUTOR.with(|executor| smol::block_on(executor.run(future)))
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + 'static
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        EXECUTOR.with(|executor| executor.spawn(future))
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + 'static {
        let timer = Timer::after(duration);
        async {
            timer.await;
        }
    }

    fn yield_now() -> impl Future<Output = ()> {
        smol::future::yield_now()
    }

    fn unix_pair() -> io::Result<(Self::Unix, Self::Unix)> {
        let (one, other) = UnixStream::pair()?;
        Ok((FuturesIo(one), FuturesIo(other)))
    }
}
