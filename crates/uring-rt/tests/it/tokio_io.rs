//! tokio's traits on every stream and half, as its own utilities use them.

use std::io::IoSlice;
use std::pin::Pin;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use uring_rt::net::{SocketStream, StreamSocket, TcpStream, UnixStream, tcp, unix};

use crate::support::{for_each_backend, pattern, tcp_pair};

/// Runs `test` with both kinds of streams, on each backend.
fn for_both(tcp: impl AsyncFn(TcpStream, TcpStream), unix: impl AsyncFn(UnixStream, UnixStream)) {
    for_each_backend(async || {
        let (ours, theirs) = tcp_pair().await;
        tcp(ours, theirs).await;
        let (ours, theirs) = UnixStream::pair().unwrap();
        unix(ours, theirs).await;
    });
}

const _: () = {
    const fn reads<T: AsyncRead + Unpin + Send + Sync>() {}
    const fn writes<T: AsyncWrite + Unpin + Send + Sync>() {}
    reads::<TcpStream>();
    writes::<TcpStream>();
    reads::<UnixStream>();
    writes::<UnixStream>();
    reads::<tcp::ReadHalf<'_>>();
    writes::<tcp::WriteHalf<'_>>();
    reads::<tcp::OwnedReadHalf>();
    writes::<tcp::OwnedWriteHalf>();
    reads::<unix::ReadHalf<'_>>();
    writes::<unix::WriteHalf<'_>>();
    reads::<unix::OwnedReadHalf>();
    writes::<unix::OwnedWriteHalf>();
};

#[test]
fn bytes_arrive_until_shutdown_ends_them() {
    async fn check<S: StreamSocket>(mut ours: SocketStream<S>, mut theirs: SocketStream<S>) {
        let sent = pattern(5, 400_000);
        let writer = async {
            ours.write_all(&sent).await.unwrap();
            ours.shutdown().await.unwrap();
            ours.shutdown().await.expect("the end of what has ended");
            ours.read_u32().await.unwrap()
        };
        let reader = async {
            let mut received = Vec::new();
            theirs.read_to_end(&mut received).await.unwrap();
            theirs.write_u32(7).await.unwrap();
            received
        };
        let (answer, received) = futures_util::join!(writer, reader);
        assert_eq!(answer, 7);
        assert!(received == sent);
    }
    for_both(check, check);
}

#[test]
fn copy_runs_over_lent_and_owned_halves() {
    async fn check<S: StreamSocket>(ours: SocketStream<S>, mut theirs: SocketStream<S>) {
        let (mut read, mut write) = ours.into_split();
        let echo =
            uring_rt::spawn(async move { tokio::io::copy(&mut read, &mut write).await.unwrap() });
        let sent = pattern(6, 300_000);
        let mut received = Vec::new();
        let (mut read, mut write) = theirs.split();
        futures_util::join!(
            async {
                write.write_all(&sent).await.unwrap();
                write.shutdown().await.unwrap();
            },
            async { assert_eq!(read.read_to_end(&mut received).await.unwrap(), 300_000) },
        );
        assert_eq!(echo.await.unwrap(), 300_000);
        assert!(received == sent);
    }
    for_both(check, check);
}

#[test]
fn vectored_writes_are_announced_and_made() {
    async fn check<S: StreamSocket>(ours: SocketStream<S>, mut theirs: SocketStream<S>) {
        assert!(ours.is_write_vectored());
        let (_read, mut write) = ours.into_split();
        assert!(write.is_write_vectored());
        let parts = [IoSlice::new(b"one "), IoSlice::new(b"two")];
        assert_eq!(write.write_vectored(&parts).await.unwrap(), 7);
        let mut received = [0; 7];
        theirs.read_exact(&mut received).await.unwrap();
        assert_eq!(&received, b"one two");
    }
    for_both(check, check);
}

#[test]
fn lines_of_a_buffered_half_arrive_one_by_one() {
    async fn check<S: StreamSocket>(ours: SocketStream<S>, mut theirs: SocketStream<S>) {
        let (read, _write) = ours.into_split();
        let mut lines = tokio::io::BufReader::new(read).lines();
        theirs.write_all(b"one\ntwo\n").await.unwrap();
        assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("one"));
        assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("two"));
        drop(theirs);
        assert_eq!(lines.next_line().await.unwrap(), None);
    }
    for_both(check, check);
}

#[test]
fn read_buf_keeps_what_is_filled_and_a_full_one_reads_nothing() {
    async fn check<S: StreamSocket>(mut ours: SocketStream<S>, mut theirs: SocketStream<S>) {
        theirs.write_all(b"abcdef").await.unwrap();
        let mut space = [0; 4];
        let mut buffer = ReadBuf::new(&mut space);
        buffer.put_slice(b"x");
        std::future::poll_fn(|cx| Pin::new(&mut ours).poll_read(cx, &mut buffer))
            .await
            .unwrap();
        assert_eq!(buffer.filled(), b"xabc");
        std::future::poll_fn(|cx| Pin::new(&mut ours).poll_read(cx, &mut buffer))
            .await
            .unwrap();
        assert_eq!(buffer.filled(), b"xabc");
        // Memory that nobody has written to, more than one read of it is given at once.
        let mut vec = Vec::with_capacity(1 << 20);
        assert_eq!(ours.read_buf(&mut vec).await.unwrap(), 3);
        assert_eq!(vec, b"def");
    }
    for_both(check, check);
}

#[test]
fn poll_peek_fills_a_read_buf() {
    for_each_backend(async || {
        let (ours, mut theirs) = tcp_pair().await;
        theirs.write_all(b"peek").await.unwrap();
        let mut space = [0; 2];
        let mut buffer = ReadBuf::new(&mut space);
        let count = std::future::poll_fn(|cx| ours.poll_peek(cx, &mut buffer)).await;
        assert_eq!((count.unwrap(), buffer.filled()), (2, &b"pe"[..]));
    });
}

/// A program of tokio's, with the name of the crate changed and nothing else.
#[cfg(feature = "tokio-io-util")]
mod ported {
    use uring_rt as tokio;

    use tokio::io::{self, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
    use tokio::net::{TcpListener, TcpStream};

    async fn serve(socket: TcpStream) -> io::Result<()> {
        let (reader, mut writer) = socket.into_split();
        let mut lines = BufReader::new(reader).lines();
        while let Some(line) = lines.next_line().await? {
            writer.write_all(line.to_uppercase().as_bytes()).await?;
            writer.write_u8(b'\n').await?;
        }
        writer.shutdown().await
    }

    #[tokio::test]
    async fn a_line_server_of_tokios_runs_unchanged() -> Result<(), Box<dyn std::error::Error>> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let server = tokio::spawn(async move {
            let (socket, _) = listener.accept().await?;
            serve(socket).await
        });
        let mut client = TcpStream::connect(address).await?;
        client.write_all(b"one\ntwo\n").await?;
        client.shutdown().await?;
        let mut answer = String::new();
        client.read_to_string(&mut answer).await?;
        assert_eq!(answer, "ONE\nTWO\n");
        let (mut one, mut other) = io::duplex(8);
        io::copy(&mut &b"x"[..], &mut one).await?;
        assert_eq!(other.read_u8().await?, b'x');
        server.await??;
        Ok(())
    }
}
