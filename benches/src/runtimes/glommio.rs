//! glommio, its executor not bound to a core of its own choice: the process is bound already.

use std::future::Future;
use std::io;
use std::time::Duration;

use glommio::net::UnixStream;
use glommio::{LocalExecutorBuilder, Placement};

use crate::runtime::Runtime;
use crate::runtimes::futures_io::FuturesIo;

pub(crate) struct Glommio;

impl Runtime for Glommio {
    type Unix = FuturesIo<UnixStream>;

    fn block_on<F: Future>(future: F) -> F::Output {
        let executor = LocalExecutorBuilder::new(Placement::Unbound).make();
        executor.expect("glommio is built").run(future)
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + 'static
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        glommio::spawn_local(future)
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + 'static {
        glommio::timer::sleep(duration)
    }

    async fn yield_now() {
        glommio::executor().yield_now().await;
    }

    fn unix_pair() -> io::Result<(Self::Unix, Self::Unix)> {
        let (one, other) = UnixStream::pair()?;
        Ok((FuturesIo(one), FuturesIo(other)))
    }
}
