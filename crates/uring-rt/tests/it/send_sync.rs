//! What may go to other threads. Checked by the compiler; there is nothing to run.

use uring_rt::io::AsyncFd;
use uring_rt::net::{TcpListener, TcpStream, UdpSocket, UnixListener, UnixStream};
use uring_rt::runtime::{Builder, Driver, Handle, RuntimeMetrics};
use uring_rt::signal::unix::Signal;
use uring_rt::task::{AbortHandle, JoinError, JoinHandle, JoinSet};
use uring_rt::time::{Instant, Interval, Sleep, Timeout};

const fn send<T: Send>() {}
const fn send_sync_unpin<T: Send + Sync + Unpin>() {}

const _: () = {
    send::<Builder>();
    send_sync_unpin::<Handle>();
    send_sync_unpin::<Driver>();
    send_sync_unpin::<RuntimeMetrics>();
    send_sync_unpin::<AsyncFd<std::fs::File>>();
    send_sync_unpin::<TcpListener>();
    send_sync_unpin::<TcpStream>();
    send_sync_unpin::<UdpSocket>();
    send_sync_unpin::<UnixListener>();
    send_sync_unpin::<UnixStream>();
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

#[test]
fn futures_of_sockets_and_timers_are_send() {
    fn is_send<F: Future + Send>(_: F) {}
    let address = "127.0.0.1:0";
    is_send(TcpListener::bind(address));
    is_send(TcpStream::connect(address));
    is_send(UdpSocket::bind(address));
    is_send(UnixStream::connect("path"));
    is_send(uring_rt::net::lookup_host(address));
    is_send(async {
        let (stream, _) = TcpListener::bind("").await.unwrap().accept().await.unwrap();
        stream.readable().await.unwrap();
        uring_rt::time::timeout(std::time::Duration::MAX, stream.peek(&mut [0])).await
    });
}
