//! hyper, as plain as it can be: one answer to every request, HTTP/1.1, no timeouts.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::ready;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use hyper::server::conn::http1;
use hyper::service::service_fn;

use super::announce;
use crate::runtime::{Http, run};
use crate::transport::Address;

const ANSWER: &[u8] = b"Hello, world!";

/// Beside what the runtime counts, how many connections have got an answer: `connections`, the first of all.
pub(super) fn serve<R: Http>() -> io::Result<()> {
    run::<R, _>(async move {
        let (listener, address) = R::listen().await?;
        let connections = Arc::new(AtomicU64::new(0));
        let of_runtime = R::counters();
        let answered = Arc::clone(&connections);
        let counters = move || {
            // Two processes compare it, and they speak through pipes: nothing depends on the order.
            let mut counters = vec![("connections", answered.load(Ordering::Relaxed))];
            counters.extend(of_runtime());
            counters
        };
        announce(&Address::Tcp(address.port()), Box::new(counters));
        loop {
            let stream = R::accept(&listener).await?;
            R::detach(answer_all::<R>(stream, Arc::clone(&connections)));
        }
    })
}

async fn answer_all<R: Http>(stream: R::Tcp, connections: Arc<AtomicU64>) {
    let is_first = Cell::new(true);
    let answer = service_fn(|_request| {
        if is_first.replace(false) {
            connections.fetch_add(1, Ordering::Relaxed);
        }
        let body = Full::new(Bytes::from_static(ANSWER));
        ready(Ok::<_, Infallible>(Response::new(body)))
    });
    // An error is the end of the connection; whoever makes the load has noticed it.
    let _ = http1::Builder::new()
        .serve_connection(R::for_hyper(stream), answer)
        .await;
}
