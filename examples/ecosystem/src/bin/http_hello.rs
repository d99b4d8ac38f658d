//! An HTTP/1.1 and HTTP/2 server with timeouts and a graceful shutdown, by hyper.
//!
//! ```text
//! http_hello [ADDRESS]        until Ctrl-C or SIGTERM; 127.0.0.1:8080 by default
//!
//! curl http://127.0.0.1:8080/
//! curl --http2-prior-knowledge --data-binary @FILE http://127.0.0.1:8080/echo
//! ```

use ecosystem_examples::http;
use ecosystem_examples::server::{Failure, listen, serve, stop_signal};
use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Request, Response, StatusCode};

type Answer = Response<Either<Full<Bytes>, Incoming>>;

#[uring_rt::main]
async fn main() -> Result<(), Failure> {
    let stop = stop_signal()?;
    let listener = listen("127.0.0.1:8080", "http").await?;
    serve(listener, stop, move |stream, stop| {
        http::serve(stream, stop, answer)
    })
    .await
}

async fn answer(request: Request<Incoming>) -> Result<Answer, Failure> {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/") => Ok(text(StatusCode::OK, "Hello, world!\n")),
        // The body goes back as it comes, a piece at a time: a large one is never in memory as a whole.
        (&Method::POST, "/echo") => Ok(Response::new(Either::Right(request.into_body()))),
        (_, "/" | "/echo") => Ok(text(StatusCode::METHOD_NOT_ALLOWED, "Not like this.\n")),
        _ => Ok(text(StatusCode::NOT_FOUND, "There is nothing here.\n")),
    }
}

fn text(status: StatusCode, text: &'static str) -> Answer {
    let mut response = Response::new(Either::Left(Full::from(text)));
    *response.status_mut() = status;
    response
}
