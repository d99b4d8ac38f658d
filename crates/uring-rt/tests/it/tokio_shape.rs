//! Code in tokio's shape, with tokio's paths: it has to compile and do the same.

use std::future::poll_fn;
use std::io;
use std::time::Duration;

use uring_rt as tokio;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::net::{TcpListener, TcpStream, UdpSocket, UnixStream};
use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio::time::{self, Instant, MissedTickBehavior};

#[tokio::test]
async fn the_readiness_loops_of_tokios_documentation() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let stream = TcpStream::connect(listener.local_addr()?).await?;
    let (peer, _) = listener.accept().await?;
    loop {
        let ready = stream
            .ready(Interest::READABLE | Interest::WRITABLE)
            .await?;
        if ready.is_writable() {
            match stream.try_write(b"hello world") {
                Ok(n) => {
                    assert_eq!(n, 11);
                    break;
                }
                Err(ref e) if e.kind() == io::ErrorKind::WouldBlock => continue,
                Err(e) => return Err(e),
            }
        }
    }
    let mut data = Vec::with_capacity(32);
    while data.len() < 11 {
        peer.readable().await?;
        let mut buffer = [0; 32];
        match peer.try_read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => data.extend_from_slice(&buffer[..n]),
            Err(ref e) if e.kind() == io::ErrorKind::WouldBlock => continue,
            Err(e) => return Err(e),
        }
    }
    assert_eq!(data, b"hello world");
    Ok(())
}

#[tokio::test]
async fn async_fd_with_guards() -> io::Result<()> {
    use std::io::{Read, Write};
    let (left, mut right) = std::os::unix::net::UnixStream::pair()?;
    left.set_nonblocking(true)?;
    let left = AsyncFd::new(left)?;
    right.write_all(b"guard")?;
    let mut buffer = [0; 8];
    let count = loop {
        let mut guard = left.readable().await?;
        match guard.try_io(|inner| inner.get_ref().read(&mut buffer)) {
            Ok(result) => break result?,
            Err(_would_block) => continue,
        }
    };
    assert_eq!(&buffer[..count], b"guard");
    poll_fn(|cx| left.poll_write_ready(cx))
        .await?
        .retain_ready();
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn time_in_all_its_shapes() {
    let start = Instant::now();
    let sleep = time::sleep(Duration::from_millis(50));
    let mut sleep = std::pin::pin!(sleep);
    sleep.as_mut().await;
    assert!(sleep.is_elapsed());
    let mut interval = time::interval(time::Duration::from_millis(10));
    interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
    interval.tick().await;
    interval.tick().await;
    assert_eq!(start.elapsed(), Duration::from_millis(60));
    match time::timeout(Duration::from_millis(1), std::future::pending::<()>()).await {
        Ok(()) => unreachable!(),
        Err(error) => assert_eq!(error.to_string(), "deadline has elapsed"),
    }
}

async fn joined(handle: JoinHandle<u8>) -> Result<u8, JoinError> {
    handle.await
}

#[tokio::test]
async fn tasks_in_all_their_shapes() -> Result<(), Box<dyn std::error::Error>> {
    assert_eq!(joined(tokio::spawn(async { 1 })).await?, 1);
    assert_eq!(joined(tokio::task::spawn_local(async { 2 })).await?, 2);
    assert_eq!(joined(Handle::current().spawn(async { 3 })).await?, 3);
    let mut set: JoinSet<u8> = JoinSet::new();
    set.spawn(async { 4 });
    set.spawn_local(async { 4 });
    set.spawn_on(async { 4 }, &Handle::current());
    while let Some(result) = set.join_next().await {
        assert_eq!(result?, 4);
    }
    tokio::task::yield_now().await;
    let handle = tokio::spawn(std::future::pending::<()>());
    handle.abort();
    assert!(handle.await.unwrap_err().is_cancelled());
    Ok(())
}

#[tokio::test]
async fn sockets_in_all_their_shapes() -> io::Result<()> {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).await?;
    socket.connect(socket.local_addr()?).await?;
    socket.send(b"to myself").await?;
    let mut buffer = [0; 16];
    assert_eq!(socket.recv_from(&mut buffer).await?.0, 9);
    let (left, right) = UnixStream::pair()?;
    left.writable().await?;
    left.try_write(b"x")?;
    right.readable().await?;
    assert_eq!(right.try_read(&mut buffer)?, 1);
    for address in tokio::net::lookup_host("localhost:80").await? {
        assert_eq!(address.port(), 80);
    }
    Ok(())
}

#[test]
fn a_runtime_by_hand() -> io::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let _guard = runtime.enter();
    let task = runtime.spawn(async { Handle::try_current().is_ok() });
    assert!(runtime.block_on(task).unwrap());
    Ok(())
}
