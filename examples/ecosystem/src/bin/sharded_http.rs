//! An HTTP/1.1 and HTTP/2 server with a runtime on each core, by hyper.
//!
//! ```text
//! sharded_http [ADDRESS [SHARDS]]     until Ctrl-C or SIGTERM; 127.0.0.1:8080 and a shard for each core by default
//!
//! curl http://127.0.0.1:8080/
//! ```
//!
//! No request meets another core than its own: the kernel deals the connections out, and each is served where it came.

use std::cell::Cell;
use std::rc::Rc;

use ecosystem_examples::http;
use ecosystem_examples::server::{Failure, Stop, announce, serve, stop_signal};
use futures_util::FutureExt;
use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use uring_rt::net::TcpListener;
use uring_rt::runtime::Runtime;
use uring_rt::shard;
use uring_rt::time::Duration;

/// How long connections may take to end. A little longer than each shard gives them, so that it can say what it cut off.
const PATIENCE: Duration = Duration::from_secs(11);

fn main() -> Result<(), Failure> {
    let mut args = std::env::args().skip(1);
    let address = args.next();
    let mut builder = shard::Builder::new();
    if let Some(count) = args.next() {
        builder.shards(count.parse::<std::num::NonZero<usize>>()?.get());
    }
    // This thread waits with a runtime of its own: signals are for the process, and not for a shard.
    let runtime = Runtime::new()?;
    let stop = runtime.block_on(async { stop_signal() })?;

    let shards = builder.build()?;
    let listeners = shards.listen(address.as_deref().unwrap_or("127.0.0.1:8080"))?;
    announce("http", listeners.local_addr())?;
    let servers = listeners.serve(serve_shard);
    runtime.block_on(stop);
    shards.shutdown(PATIENCE)?;
    for server in servers {
        runtime.block_on(server)??;
    }
    Ok(())
}

async fn serve_shard(listener: TcpListener) -> Result<(), Failure> {
    let which = shard::current().unwrap_or_default();
    // Of this shard alone, and so without a lock and without an atomic.
    let served = Rc::new(Cell::new(0_u64));
    let answer = move |_request| {
        served.set(served.get() + 1);
        let text = format!("shard {which} has served {}\n", served.get());
        async { Ok(Response::new(Full::<Bytes>::from(text))) }
    };
    let stop: Stop = shard::stopping().boxed_local().shared();
    serve(listener, stop, move |stream, stop| {
        http::serve(stream, stop, answer.clone())
    })
    .await
}
