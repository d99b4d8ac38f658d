//! What thousands of connections leave behind: nothing. A binary of its own, as it counts the descriptors of the
//! whole process; so it is one test.

use futures_util::{AsyncReadExt, AsyncWriteExt, FutureExt};
use uring_rt::net::{TcpListener, TcpStream, UnixStream};
use uring_rt::runtime::{Backend, Builder, Rung, Runtime};
use uring_rt::time::{Duration, sleep, timeout};

const CYCLES: usize = 10_000;

fn open_fds() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Connects, exchanges a few bytes, and closes, over and over; each cycle also cancels something that waits.
async fn churn(cycles: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = uring_rt::spawn(async move {
        for _ in 0..cycles {
            let (mut stream, _) = listener.accept().await.unwrap();
            drop(uring_rt::spawn(async move {
                let mut buffer = [0; 8];
                stream.read_exact(&mut buffer).await.unwrap();
                stream.write_all(&buffer).await.unwrap();
            }));
        }
    });
    for cycle in 0..cycles {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let sent = cycle.to_le_bytes();
        let mut answer = [0; 8];
        assert!(stream.read(&mut answer).now_or_never().is_none());
        let limit = Duration::from_secs(3600);
        stream.write_all(&sent).await.unwrap();
        timeout(limit, stream.read_exact(&mut answer))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(answer, sent);
        // A reset instead of TIME_WAIT: ports are few.
        stream.set_zero_linger().unwrap();
        if cycle % 16 == 0 {
            let (one, _other) = UnixStream::pair().unwrap();
            let waits = uring_rt::spawn(async move { one.readable().await });
            assert!(sleep(limit).now_or_never().is_none());
            waits.abort();
        }
    }
    server.await.unwrap();
    while uring_rt::runtime::Handle::current()
        .metrics()
        .snapshot()
        .executor
        .tasks_alive
        > 0
    {
        uring_rt::task::yield_now().await;
    }
}

fn leaves_nothing(runtime: &Runtime, cycles: usize) {
    let before = open_fds();
    runtime.block_on(churn(cycles));
    let metrics = runtime.metrics().snapshot();
    assert_eq!(open_fds(), before, "{metrics:?}");
    assert_eq!(metrics.executor.tasks_alive, 0);
    assert_eq!(metrics.reactor.sources, 0);
    assert_eq!(metrics.reactor.timers, 0);
}

#[test]
fn ten_thousand_connections_leave_no_fd_no_task_and_no_source() {
    // What the process makes once and keeps.
    Runtime::new().unwrap().block_on(churn(1));
    let before = open_fds();
    let runtimes: [fn() -> std::io::Result<Runtime>; 4] = [
        Runtime::new,
        || Builder::new().backend(Backend::Epoll).build(),
        || Builder::new().top_rung(Rung::C).build(),
        || Builder::new().top_rung(Rung::F).build(),
    ];
    for (index, build) in runtimes.into_iter().enumerate() {
        let runtime = build().unwrap();
        let handle = runtime.handle().clone();
        leaves_nothing(&runtime, if index < 2 { CYCLES } else { CYCLES / 10 });
        let outlives = runtime.block_on(async { UnixStream::pair().unwrap() });
        drop(runtime);
        drop(outlives);
        drop(handle);
        assert_eq!(open_fds(), before, "the runtime's own descriptors");
    }
    for _ in 0..200 {
        drop(Runtime::new().unwrap());
    }
    assert_eq!(open_fds(), before);
}
