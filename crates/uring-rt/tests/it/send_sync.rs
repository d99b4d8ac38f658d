//! What may go to other threads. Checked by the compiler; there is nothing to run.

use uring_rt::io::AsyncFd;
use uring_rt::net::unix::{self, pipe};
use uring_rt::net::{
    Incoming, TcpListener, TcpSocket, TcpStream, UdpSocket, UnixDatagram, UnixListener,
    UnixSeqpacket, UnixSeqpacketListener, UnixSocket, UnixStream, tcp,
};
use uring_rt::runtime::{Builder, Driver, EnterGuard, Handle, RuntimeMetrics};
use uring_rt::shard::{self, Shards};
use uring_rt::signal::unix::Signal;
use uring_rt::task::{AbortHandle, JoinError, JoinHandle, JoinSet};
use uring_rt::time::{Instant, Interval, Sleep, Timeout};

const fn send<T: Send>() {}
const fn sync<T: Sync>() {}
const fn send_sync_unpin<T: Send + Sync + Unpin>() {}

const _: () = {
    send::<Builder>();
    // Not `Send`: it is dropped where it was made.
    sync::<EnterGuard<'static>>();
    send_sync_unpin::<Handle>();
    send::<shard::Builder>();
    send_sync_unpin::<Shards>();
    send_sync_unpin::<shard::Stopping>();
    send_sync_unpin::<shard::ShutdownError>();
    send_sync_unpin::<Driver>();
    send_sync_unpin::<RuntimeMetrics>();
    send_sync_unpin::<AsyncFd<std::fs::File>>();
    send_sync_unpin::<TcpListener>();
    send_sync_unpin::<TcpStream>();
    send_sync_unpin::<UdpSocket>();
    send_sync_unpin::<UnixListener>();
    send_sync_unpin::<UnixStream>();
    send_sync_unpin::<TcpSocket>();
    send_sync_unpin::<UnixSocket>();
    send_sync_unpin::<UnixDatagram>();
    send_sync_unpin::<UnixSeqpacket>();
    send_sync_unpin::<UnixSeqpacketListener>();
    send_sync_unpin::<Incoming<'static, std::net::TcpListener>>();
    send_sync_unpin::<tcp::ReadHalf<'static>>();
    send_sync_unpin::<tcp::WriteHalf<'static>>();
    send_sync_unpin::<tcp::OwnedReadHalf>();
    send_sync_unpin::<tcp::OwnedWriteHalf>();
    send_sync_unpin::<tcp::ReuniteError>();
    send_sync_unpin::<unix::ReadHalf<'static>>();
    send_sync_unpin::<unix::WriteHalf<'static>>();
    send_sync_unpin::<unix::OwnedReadHalf>();
    send_sync_unpin::<unix::OwnedWriteHalf>();
    send_sync_unpin::<unix::ReuniteError>();
    send_sync_unpin::<unix::SocketAddr>();
    send_sync_unpin::<unix::UCred>();
    send_sync_unpin::<unix::Received>();
    send_sync_unpin::<pipe::OpenOptions>();
    send_sync_unpin::<pipe::Sender>();
    send_sync_unpin::<pipe::Receiver>();
    send_sync_unpin::<Sleep>();
    send_sync_unpin::<Instant>();
    send_sync_unpin::<Interval>();
    send_sync_unpin::<Timeout<Sleep>>();
    send_sync_unpin::<Signal>();
    send_sync_unpin::<JoinHandle<u8>>();
    send_sync_unpin::<JoinSet<u8>>();
    send_sync_unpin::<AbortHandle>();
    send_sync_unpin::<JoinError>();
};

const fn unwind_safe<T: std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}

const _: () = {
    unwind_safe::<AbortHandle>();
    unwind_safe::<JoinHandle<u8>>();
    unwind_safe::<TcpListener>();
    unwind_safe::<TcpSocket>();
    unwind_safe::<TcpStream>();
    unwind_safe::<UdpSocket>();
    unwind_safe::<UnixDatagram>();
    unwind_safe::<UnixListener>();
    unwind_safe::<UnixSeqpacket>();
    unwind_safe::<UnixStream>();
    unwind_safe::<tcp::OwnedWriteHalf>();
    unwind_safe::<pipe::Receiver>();
};

#[test]
fn futures_of_sockets_and_timers_are_send() {
    fn is_send<F: Future + Send + Sync>(_: F) {}
    let address = "127.0.0.1:0";
    is_send(TcpListener::bind(address));
    is_send(TcpStream::connect(address));
    is_send(UdpSocket::bind(address));
    is_send(UnixStream::connect("path"));
    is_send(UnixSeqpacket::connect("path"));
    is_send(async { TcpSocket::new_v4()?.connect(address.parse().unwrap()).await });
    is_send(async {
        let (ours, _theirs) = UnixStream::pair()?;
        ours.send_fds(b"x", &[&ours]).await?;
        ours.recv_fds(&mut [0], 1).await
    });
    is_send(uring_rt::net::lookup_host(address));
    is_send(async {
        let (stream, _) = TcpListener::bind("").await.unwrap().accept().await.unwrap();
        stream.readable().await.unwrap();
        uring_rt::time::timeout(std::time::Duration::MAX, stream.peek(&mut [0])).await
    });
}
