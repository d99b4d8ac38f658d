//! An HTTPS server as one would deploy it: a runtime on each core, HTTP/1.1 and HTTP/2, limits on time, a graceful
//! shutdown, and a log that says what it runs on and what holds it up.
//!
//! ```text
//! https_sharded [ADDRESS [FILE [SECONDS]]]     until Ctrl-C or SIGTERM; 127.0.0.1:8443 by default
//!
//! curl --cacert FILE https://localhost:8443/
//! curl --cacert FILE https://localhost:8443/late      answered after SECONDS, by what takes too long
//! curl --cacert FILE https://localhost:8443/stall     holds its core for 200 ms, and is found in the log
//! ```
//!
//! The certificate is made anew at each start, and put into FILE for clients to trust. The log is standard error.

use std::sync::Arc;

use ecosystem_examples::http;
use ecosystem_examples::server::{Failure, Stop, announce, publish, serve, stop_signal};
use ecosystem_examples::tls::Identity;
use futures_util::FutureExt;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio_rustls::TlsAcceptor;
use uring_rt::net::{TcpListener, TcpStream};
use uring_rt::runtime::Runtime;
use uring_rt::shard;
use uring_rt::time::{Duration, timeout};

/// How long a handshake may take.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// A task that holds its core for so long is named in the log, with the line that spawned it.
const STALL: Duration = Duration::from_millis(100);
/// How long connections may take to end. A little longer than each shard gives them, so that it can say what it cut off.
const PATIENCE: Duration = Duration::from_secs(11);

#[derive(Clone)]
struct Site {
    acceptor: TlsAcceptor,
    /// For one request.
    limit: Duration,
}

#[expect(clippy::print_stderr, reason = "a server's log")]
fn main() -> Result<(), Failure> {
    let mut args = std::env::args().skip(1);
    let address = args.next();
    let limit = match args.nth(1) {
        Some(seconds) => Duration::try_from_secs_f64(seconds.parse()?)?,
        None => Duration::from_secs(5),
    };
    let identity = Identity::generate()?;
    publish(&identity.pem)?;
    let mut config = identity.server_config()?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let site = Site {
        acceptor: TlsAcceptor::from(Arc::new(config)),
        limit,
    };

    // This thread waits with a runtime of its own: signals are for the process, and not for a shard.
    let runtime = Runtime::new()?;
    let stop = runtime.block_on(async { stop_signal() })?;
    let shards = shard::Builder::new()
        .runtime(|_, runtime| {
            runtime.stall_threshold(STALL);
        })
        .build()?;
    eprintln!(
        "{} shards, each on:\n{}",
        shards.count(),
        shards.handle(0).driver()
    );
    let listeners = shards.listen(address.as_deref().unwrap_or("127.0.0.1:8443"))?;
    announce("https", listeners.local_addr())?;
    let servers = listeners.serve(move |listener| serve_shard(listener, site));
    runtime.block_on(stop);
    shards.shutdown(PATIENCE)?;
    for server in servers {
        runtime.block_on(server)??;
    }
    Ok(())
}

async fn serve_shard(listener: TcpListener, site: Site) -> Result<(), Failure> {
    let stop: Stop = shard::stopping().boxed_local().shared();
    serve(listener, stop, move |stream, stop| {
        serve_connection(stream, site.clone(), stop)
    })
    .await
}

async fn serve_connection(stream: TcpStream, site: Site, stop: Stop) -> Result<(), Failure> {
    stream.set_nodelay(true)?;
    let stream = timeout(HANDSHAKE_LIMIT, site.acceptor.accept(stream)).await??;
    let answer = move |request| async move {
        match timeout(site.limit, answer(request)).await {
            Ok(response) => Ok(response),
            Err(_) => Ok(text(StatusCode::GATEWAY_TIMEOUT, "It took too long.\n")),
        }
    };
    // hyper-util's adapter, as the stream is tokio-rustls'.
    http::serve_over(TokioIo::new(stream), stop, answer).await
}

async fn answer(request: Request<Incoming>) -> Response<Full<Bytes>> {
    match request.uri().path() {
        "/" => text(StatusCode::OK, "Hello, world!\n"),
        "/late" => std::future::pending().await,
        "/stall" => {
            // What one must not do: everything else on this core waits, too.
            std::thread::sleep(2 * STALL);
            text(StatusCode::OK, "That was 200 ms of a core.\n")
        }
        _ => text(StatusCode::NOT_FOUND, "There is nothing here.\n"),
    }
}

fn text(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response
}
