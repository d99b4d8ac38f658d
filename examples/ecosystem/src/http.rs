//! One HTTP connection, of whichever version the client speaks.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};

use futures_util::future::{Either, select};
use hyper::body::{Body, Incoming};
use hyper::rt::{Read, Write};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::server::conn::auto;
use uring_rt::hyper::{Executor, Timer};
use uring_rt::net::TcpStream;
use uring_rt::time::Duration;

use crate::server::{Failure, Stop};

/// A client that has not sent its header by then is cut off.
const HEADER_LIMIT: Duration = Duration::from_secs(10);
/// An HTTP/2 client that says nothing for so long is asked whether it is still there.
const SILENCE: Duration = Duration::from_secs(30);

/// Answers the requests of a connection, HTTP/1.1 or HTTP/2 by its first bytes. From `stop` on it takes no further
/// request, answers those under way, and ends.
///
/// # Errors
///
/// What went wrong with the connection; an answer that is an error is `answer`'s.
pub async fn serve<A, F, B>(stream: TcpStream, stop: Stop, answer: A) -> Result<(), Failure>
where
    A: Fn(Request<Incoming>) -> F + 'static,
    F: Future<Output = Result<Response<B>, Failure>> + 'static,
    B: Body<Error: Into<Failure>> + 'static,
{
    stream.set_nodelay(true)?;
    serve_over(stream, stop, answer).await
}

/// The same over whatever carries bytes for hyper, such as a stream of TLS.
///
/// # Errors
///
/// As for [`serve`].
pub async fn serve_over<I, A, F, B>(io: I, stop: Stop, answer: A) -> Result<(), Failure>
where
    I: Read + Write + Unpin + 'static,
    A: Fn(Request<Incoming>) -> F + 'static,
    F: Future<Output = Result<Response<B>, Failure>> + 'static,
    B: Body<Error: Into<Failure>> + 'static,
{
    // The executor is for HTTP/2, which has a task for each request: they need not be `Send`.
    let mut builder = auto::Builder::new(Executor::new());
    builder
        .http1()
        .timer(Timer::new())
        .header_read_timeout(HEADER_LIMIT);
    builder
        .http2()
        .timer(Timer::new())
        .keep_alive_interval(SILENCE);
    let mut connection = pin!(builder.serve_connection(io, service_fn(answer)));
    match select(connection.as_mut(), stop).await {
        Either::Left((ended, _)) => ended,
        Either::Right(((), _)) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    }
}

/// Lets hyper call a service of tower: one clone for each request, as such a service answers one at a time.
pub fn from_tower<S, B>(service: S) -> impl Fn(Request<Incoming>) -> Answer<B> + 'static
where
    S: tower::Service<Request<Incoming>, Response = Response<B>, Error: Into<Failure>>,
    S: Clone + 'static,
    B: 'static,
{
    move |request| {
        let mut service = service.clone();
        Box::pin(async move {
            poll_fn(|cx| service.poll_ready(cx))
                .await
                .map_err(Into::into)?;
            service.call(request).await.map_err(Into::into)
        })
    }
}

/// A response to come.
pub type Answer<B> = Pin<Box<dyn Future<Output = Result<Response<B>, Failure>>>>;
