//! How connections begin, end and break.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use futures_util::{AsyncReadExt, AsyncWriteExt, FutureExt};
use socket2::SockRef;
use uring_rt::io::Interest;
use uring_rt::net::{TcpListener, TcpStream, lookup_host};
use uring_rt::task::yield_now;

use crate::support::{for_each_backend, pattern, tcp_pair};

async fn a_port_that_nobody_listens_on() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

#[test]
fn an_end_in_one_direction_leaves_the_other_open() {
    for_each_backend(async || {
        let (mut client, mut server) = tcp_pair().await;
        let answer = pattern(4, 300_000);
        client.write_all(b"question").await.unwrap();
        client.close().await.unwrap();
        let mut question = Vec::new();
        server.read_to_end(&mut question).await.unwrap();
        assert_eq!(question, b"question");
        let data = answer.clone();
        let serves = uring_rt::spawn(async move {
            server.write_all(&data).await.unwrap();
        });
        let mut received = Vec::new();
        client.read_to_end(&mut received).await.unwrap();
        assert!(received == answer);
        serves.await.unwrap();
        client.close().await.expect("closing again is no error");
        let error = client.write_all(b"more").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_reader_that_waits_sees_the_end() {
    for_each_backend(async || {
        let (mut ours, theirs) = tcp_pair().await;
        let reader = uring_rt::spawn(async move { ours.read(&mut [0; 8]).await });
        yield_now().await;
        drop(theirs);
        assert_eq!(reader.await.unwrap().unwrap(), 0);
    });
}

#[test]
fn the_end_after_data_is_seen_after_the_data() {
    for_each_backend(async || {
        let (mut ours, mut theirs) = tcp_pair().await;
        theirs.write_all(b"last words").await.unwrap();
        drop(theirs);
        let mut buffer = [0; 4];
        let mut received = Vec::new();
        loop {
            match ours.read(&mut buffer).await.unwrap() {
                0 => break,
                count => received.extend_from_slice(&buffer[..count]),
            }
        }
        assert_eq!(received, b"last words");
        assert_eq!(ours.read(&mut buffer).await.unwrap(), 0, "and stays so");
    });
}

#[test]
fn a_reset_is_an_error_for_whoever_reads() {
    for_each_backend(async || {
        let (mut ours, theirs) = tcp_pair().await;
        let reader = uring_rt::spawn(async move {
            let result = ours.read(&mut [0; 8]).await;
            (result, ours)
        });
        yield_now().await;
        theirs.set_zero_linger().unwrap();
        drop(theirs);
        let (result, ours) = reader.await.unwrap();
        assert_eq!(result.unwrap_err().kind(), ErrorKind::ConnectionReset);
        let ready = ours
            .ready(Interest::READABLE | Interest::WRITABLE)
            .await
            .unwrap();
        assert!(ready.is_read_closed(), "{ready:?}");
    });
}

#[test]
fn connecting_where_nobody_listens_is_refused() {
    for_each_backend(async || {
        let address = a_port_that_nobody_listens_on().await;
        let error = TcpStream::connect(address).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert_eq!(error.raw_os_error(), Some(libc::ECONNREFUSED));
    });
}

#[test]
fn connecting_tries_each_address_until_one_answers() {
    for_each_backend(async || {
        let refused = a_port_that_nobody_listens_on().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = listener.local_addr().unwrap();
        let stream = TcpStream::connect(&[refused, open][..]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), open);
        let none: &[SocketAddr] = &[];
        let error = TcpStream::connect(none).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn a_name_will_do_as_an_address() {
    for_each_backend(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let by_text = TcpStream::connect(format!("localhost:{port}"))
            .await
            .unwrap();
        let by_pair = TcpStream::connect(("localhost", port)).await.unwrap();
        for stream in [by_text, by_pair] {
            assert_eq!(stream.peer_addr().unwrap().port(), port);
        }
        assert!(lookup_host(("localhost", port)).await.unwrap().count() > 0);
        let unknown = TcpStream::connect("name.invalid:80").await.unwrap_err();
        assert_ne!(unknown.kind(), ErrorKind::InvalidInput, "{unknown}");
        let no_port = TcpStream::connect("localhost").await.unwrap_err();
        assert_eq!(no_port.kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn a_dropped_connect_closes_its_socket() {
    for_each_backend(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        // Whether it is done at the first poll is the kernel's choice.
        drop(TcpStream::connect(address).now_or_never());
        let (mut stream, _) = listener.accept().await.unwrap();
        match stream.read(&mut [0; 1]).await {
            Ok(count) => assert_eq!(count, 0),
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
    });
}

#[test]
fn urgent_data_in_between_does_not_stop_the_reader() {
    for_each_backend(async || {
        let (mut ours, theirs) = tcp_pair().await;
        let theirs = socket2::Socket::from(theirs.into_std().unwrap());
        theirs.send(b"before").unwrap();
        theirs.send_out_of_band(b"!").unwrap();
        theirs.send(b"after").unwrap();
        theirs.shutdown(std::net::Shutdown::Write).unwrap();
        // The kernel ends a read at the mark, so the first one is short although more is there.
        let mut received = Vec::new();
        ours.read_to_end(&mut received).await.unwrap();
        assert_eq!(received, b"beforeafter");
    });
}

#[test]
fn urgent_data_in_between_does_not_stop_a_reader_that_waits_for_more() {
    for_each_backend(async || {
        let (mut ours, theirs) = tcp_pair().await;
        let theirs = socket2::Socket::from(theirs.into_std().unwrap());
        theirs.send(b"before").unwrap();
        theirs.send_out_of_band(b"!").unwrap();
        theirs.send(b"after").unwrap();
        let mut buffer = [0; 64];
        let mut received = Vec::new();
        while received.len() < b"beforeafter".len() {
            let count = ours.read(&mut buffer).await.unwrap();
            received.extend_from_slice(&buffer[..count]);
        }
        assert_eq!(received, b"beforeafter");
    });
}

#[test]
fn both_directions_wait_at_once_and_each_gets_its_own() {
    for_each_backend(async || {
        let (ours, mut theirs) = tcp_pair().await;
        // Buffers of a fixed size, of which the data does not fit into both: a full socket makes room by itself,
        // when acknowledgements come late or the receiver's buffer grows.
        SockRef::from(&ours).set_send_buffer_size(1 << 16).unwrap();
        SockRef::from(&theirs)
            .set_recv_buffer_size(1 << 16)
            .unwrap();
        let sent = std::rc::Rc::new(pattern(5, 1 << 20));
        let ours = std::rc::Rc::new(ours);
        let (reads, writes) = (std::rc::Rc::clone(&ours), ours);
        let data = std::rc::Rc::clone(&sent);
        let reader = uring_rt::spawn(async move { (&*reads).read_exact(&mut [0; 2]).await });
        let writer = uring_rt::spawn(async move { (&*writes).write_all(&data).await });
        for _ in 0..20 {
            yield_now().await;
        }
        theirs.write_all(b"hi").await.unwrap();
        reader.await.unwrap().unwrap();
        assert!(!writer.is_finished(), "it does not fit");
        let mut received = vec![0; sent.len()];
        theirs.read_exact(&mut received).await.unwrap();
        writer.await.unwrap().unwrap();
        assert!(received == *sent);
    });
}

#[test]
fn an_error_of_the_socket_is_kept_until_it_is_taken() {
    for_each_backend(async || {
        let (ours, theirs) = tcp_pair().await;
        assert!(ours.take_error().unwrap().is_none());
        theirs.set_zero_linger().unwrap();
        drop(theirs);
        ours.ready(Interest::READABLE).await.unwrap();
        let kept: io::Error = ours.take_error().unwrap().unwrap();
        assert_eq!(kept.kind(), ErrorKind::ConnectionReset);
        assert!(ours.take_error().unwrap().is_none());
    });
}
