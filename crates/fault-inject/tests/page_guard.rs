//! The runtime under the page guard: connections, timers, cancelled waits, wakes from other threads, and an end with
//! everything under way. Whoever used freed memory, this process or the kernel for it, would meet a fault.

#![forbid(unsafe_code)]

use std::time::Duration;

use futures_util::{AsyncReadExt, AsyncWriteExt, FutureExt};
use uring_fault_inject::PageGuard;
use uring_rt::net::{TcpListener, TcpStream, UdpSocket, UnixStream};
use uring_rt::runtime::{Backend, Builder, Rung, Runtime};
use uring_rt::task::{JoinSet, yield_now};
use uring_rt::time::{sleep, timeout};

#[global_allocator]
static ALLOCATOR: PageGuard = PageGuard::new();

const CYCLES: usize = 300;

/// A buffer of its own each time, gone with its user.
fn heap(len: usize) -> Box<[u8]> {
    vec![0; len].into_boxed_slice()
}

async fn echo_once(mut stream: TcpStream) -> std::io::Result<TcpStream> {
    let mut buffer = heap(512);
    stream.read_exact(&mut buffer).await?;
    stream.write_all(&buffer).await?;
    Ok(stream)
}

/// One connection that is served, and one wait of each kind that is dropped while the kernel has it.
async fn cycle(round: usize, listener: &TcpListener) {
    let address = listener.local_addr().unwrap();
    let mut client = TcpStream::connect(address).await.unwrap();
    let (accepted, _) = listener.accept().await.unwrap();
    let server = uring_rt::spawn(echo_once(accepted));
    let sent: Vec<u8> = (0..512_usize)
        .map(|at| (at * round).to_le_bytes()[0])
        .collect();
    client.write_all(&sent).await.unwrap();
    let mut answer = heap(512);
    let limit = Duration::from_secs(60);
    timeout(limit, client.read_exact(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(answer[..], sent[..]);
    let accepted = server.await.unwrap().unwrap();

    let mut abandoned = heap(64);
    assert!(client.read(&mut abandoned).now_or_never().is_none());
    yield_now().await;
    drop(abandoned);
    client.set_zero_linger().unwrap();
    drop((client, accepted));

    let (one, other) = UnixStream::pair().unwrap();
    let waits = uring_rt::spawn(async move { one.readable().await });
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let receives = uring_rt::spawn(async move { socket.recv(&mut heap(128)).await });
    let sleeps = uring_rt::spawn(sleep(limit));
    let mut napping = Box::new(sleep(limit));
    assert!((&mut *napping).now_or_never().is_none());
    yield_now().await;
    if round.is_multiple_of(2) {
        drop(other);
        assert!(waits.await.unwrap().is_ok());
    } else {
        waits.abort();
    }
    receives.abort();
    sleeps.abort();
    drop(napping);
    let (tell, told) = futures_channel::oneshot::channel();
    let thread = std::thread::spawn(move || tell.send(Box::new(round)));
    assert_eq!(*told.await.unwrap(), round);
    thread.join().unwrap().unwrap();
}

fn runs_under_the_guard(runtime: Runtime) {
    let left = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        for round in 0..CYCLES {
            cycle(round, &listener).await;
        }
        // What the end finds under way.
        let mut left = JoinSet::new();
        for _ in 0..50 {
            let (near, far) = UnixStream::pair().unwrap();
            left.spawn(async move { (&near).read(&mut heap(64)).await.map(|_| far) });
            drop(uring_rt::spawn(sleep(Duration::from_secs(60))));
        }
        yield_now().await;
        left
    });
    drop(runtime);
    drop(left);
}

#[test]
#[expect(clippy::print_stdout, reason = "nothing is left out silently")]
fn neither_the_kernel_nor_the_runtime_touches_what_was_freed() {
    let ring = |rung| {
        let mut builder = Builder::new();
        builder.backend(Backend::IoUring).top_rung(rung);
        builder
    };
    let mut epoll = Builder::new();
    epoll.backend(Backend::Epoll);
    for mut builder in [
        ring(Rung::A),
        ring(Rung::C),
        ring(Rung::E),
        ring(Rung::F),
        epoll,
    ] {
        let before = ALLOCATOR.freed();
        match builder.build() {
            Ok(runtime) => runs_under_the_guard(runtime),
            Err(error) => {
                println!("skipped: {error}");
                continue;
            }
        }
        let freed = ALLOCATOR.freed() - before;
        assert!(freed > CYCLES, "{freed} allocations were guarded");
        assert_eq!(ALLOCATOR.unguarded(), 0);
    }
}
