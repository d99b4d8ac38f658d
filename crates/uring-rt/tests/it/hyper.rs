//! hyper's servers and clients over our streams, executor and timer.

use std::cell::Cell;
use std::convert::Infallible;
use std::pin::pin;
use std::rc::Rc;

use futures_util::{AsyncReadExt, AsyncWriteExt};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::rt::{Read, Sleep, Timer as _, Write};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, client, server};
use uring_rt::hyper::{Executor, Timer};
use uring_rt::net::{SocketStream, StreamSocket, TcpListener, TcpStream, UnixStream, tcp, unix};
use uring_rt::task::{JoinSet, yield_now};
use uring_rt::time::{Duration, Instant};

use crate::support::{backends, for_each_backend, pattern, tcp_pair};

const _: () = {
    const fn reads<T: Read + Unpin + Send + Sync>() {}
    const fn writes<T: Write + Unpin + Send + Sync>() {}
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

type Answer = Result<Response<Full<Bytes>>, Infallible>;

/// Answers with what came.
async fn echo(request: Request<Incoming>) -> Answer {
    let body = request.into_body().collect().await.unwrap().to_bytes();
    Ok(Response::new(Full::new(body)))
}

fn post(body: Vec<u8>) -> Request<Full<Bytes>> {
    Request::post("http://localhost/")
        .header("host", "localhost")
        .body(Full::new(body.into()))
        .unwrap()
}

async fn body_of(response: Response<Incoming>) -> Bytes {
    assert_eq!(response.status(), StatusCode::OK);
    response.into_body().collect().await.unwrap().to_bytes()
}

#[test]
fn one_connection_carries_many_requests() {
    for_each_backend(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        // Not `Send`, as no service here has to be.
        let accepted = Rc::new(Cell::new(0));
        let count = Rc::clone(&accepted);
        let server = uring_rt::spawn(async move {
            loop {
                let (stream, _peer) = listener.accept().await.unwrap();
                count.set(count.get() + 1);
                let connection = server::conn::http1::Builder::new()
                    .timer(Timer::new())
                    .serve_connection(stream, service_fn(echo));
                uring_rt::spawn(connection);
            }
        });
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut sender, connection) = client::conn::http1::handshake(stream).await.unwrap();
        let connection = uring_rt::spawn(connection);
        // The last ones are more than a read brings at once.
        for length in [0, 1, 1000, 70_000, 1_000_000] {
            let sent = pattern(7, length);
            let response = sender.send_request(post(sent.clone())).await.unwrap();
            assert!(body_of(response).await == sent, "{length}");
        }
        assert_eq!(accepted.get(), 1);
        drop(sender);
        connection.await.unwrap().unwrap();
        server.cancel().await.unwrap_err();
    });
}

/// HTTP/2 with several requests at once, over whatever carries bytes.
async fn http2_carries_requests_at_once<S: StreamSocket>(
    ours: SocketStream<S>,
    theirs: SocketStream<S>,
) {
    let server = server::conn::http2::Builder::new(Executor::new())
        .timer(Timer::new())
        .serve_connection(theirs, service_fn(echo));
    let server = uring_rt::spawn(server);
    let (sender, connection) = client::conn::http2::Builder::new(Executor::new())
        .timer(Timer::new())
        .handshake(ours)
        .await
        .unwrap();
    let connection = uring_rt::spawn(connection);
    let mut requests = JoinSet::new();
    for seed in 0..8 {
        let mut sender = sender.clone();
        requests.spawn(async move {
            let sent = pattern(seed, 100_000);
            let response = sender.send_request(post(sent.clone())).await.unwrap();
            assert!(body_of(response).await == sent);
        });
    }
    while let Some(result) = requests.join_next().await {
        result.unwrap();
    }
    drop(sender);
    // Both end. Not always with Ok: whoever says goodbye last may find the other one gone, EPIPE on a Unix socket.
    drop(connection.await.unwrap());
    drop(server.await.unwrap());
}

#[test]
fn http2_runs_its_tasks_here() {
    for_each_backend(async || {
        let (ours, theirs) = tcp_pair().await;
        http2_carries_requests_at_once(ours, theirs).await;
        let (ours, theirs) = UnixStream::pair().unwrap();
        http2_carries_requests_at_once(ours, theirs).await;
    });
}

#[test]
fn a_header_that_does_not_come_ends_the_connection_in_time() {
    const LIMIT: Duration = Duration::from_secs(30);
    for (_, mut builder) in backends() {
        let runtime = builder.start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (mut ours, theirs) = tcp_pair().await;
            let start = Instant::now();
            let server = server::conn::http1::Builder::new()
                .timer(Timer::new())
                .header_read_timeout(LIMIT)
                .serve_connection(theirs, service_fn(echo));
            let server = uring_rt::spawn(server);
            ours.write_all(b"GET / HTTP/1.1\r\nhost: local")
                .await
                .unwrap();
            let error = server.await.unwrap().unwrap_err();
            assert!(error.is_timeout(), "{error}");
            assert!(start.elapsed() >= LIMIT);
        });
    }
}

#[test]
fn a_graceful_shutdown_answers_the_request_that_is_under_way() {
    for_each_backend(async || {
        let (ours, theirs) = tcp_pair().await;
        let is_begun = Rc::new(Cell::new(false));
        let may_answer = Rc::new(Cell::new(false));
        let (begun, may) = (Rc::clone(&is_begun), Rc::clone(&may_answer));
        let service = service_fn(move |_: Request<Incoming>| {
            begun.set(true);
            let may = Rc::clone(&may);
            async move {
                while !may.get() {
                    yield_now().await;
                }
                Answer::Ok(Response::new(Full::new(Bytes::from("the last"))))
            }
        });
        let (mut sender, connection) = client::conn::http1::handshake(ours).await.unwrap();
        let client = uring_rt::spawn(connection);
        let answer = uring_rt::spawn(async move {
            let response = sender.send_request(post(Vec::new())).await.unwrap();
            assert_eq!(response.headers()["connection"], "close");
            body_of(response).await
        });
        let mut server =
            pin!(server::conn::http1::Builder::new().serve_connection(theirs, service));
        while !is_begun.get() {
            let turn = pin!(yield_now());
            futures_util::future::select(server.as_mut(), turn).await;
        }
        server.as_mut().graceful_shutdown();
        may_answer.set(true);
        server.await.unwrap();
        assert_eq!(answer.await.unwrap(), "the last");
        client.await.unwrap().unwrap();
    });
}

#[test]
fn hyper_sees_the_end_that_a_peer_makes() {
    for_each_backend(async || {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let server = server::conn::http1::Builder::new()
            .half_close(true)
            .serve_connection(theirs, service_fn(echo));
        let server = uring_rt::spawn(server);
        ours.write_all(b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 3\r\n\r\nyes")
            .await
            .unwrap();
        ours.close().await.unwrap();
        let mut answer = String::new();
        ours.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("\r\n\r\nyes"), "{answer}");
        server.await.unwrap().unwrap();
    });
}

#[test]
fn a_sleep_of_hypers_timer_is_set_anew_where_it_is() {
    const FAR: Duration = Duration::from_secs(3600);
    let runtime = crate::support::paused_runtime();
    runtime.block_on(async {
        let timer = Timer::new();
        let start = timer.now();
        let mut sleep = timer.sleep(FAR);
        let address = std::ptr::from_ref::<dyn Sleep>(&*sleep).addr();
        timer.reset(&mut sleep, start + 2 * FAR);
        assert_eq!(std::ptr::from_ref::<dyn Sleep>(&*sleep).addr(), address);
        sleep.await;
        // The clock is the runtime's: no hour has passed.
        assert!(timer.now() - start >= 2 * FAR);
        let mut until = timer.sleep_until(timer.now() + FAR);
        timer.reset(&mut until, timer.now());
        let before = timer.now();
        until.await;
        assert!(timer.now() - before < FAR);
    });
}
