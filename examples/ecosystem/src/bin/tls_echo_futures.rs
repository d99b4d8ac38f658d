//! A TLS echo server by futures-rustls, over the futures-io traits of our streams.
//!
//! ```text
//! tls_echo_futures [ADDRESS [FILE]]     until Ctrl-C or SIGTERM; 127.0.0.1:8443 by default
//!
//! openssl s_client -connect 127.0.0.1:8443 -CAfile FILE -quiet
//! ```
//!
//! The certificate is made anew at each start, and put into FILE for clients to trust.

use std::sync::Arc;

use ecosystem_examples::server::{Failure, Stop, listen, publish, serve, stop_signal};
use ecosystem_examples::tls::Identity;
use futures_rustls::TlsAcceptor;
use futures_util::future::{Either, select};
use futures_util::{AsyncReadExt, AsyncWriteExt};
use uring_rt::net::TcpStream;
use uring_rt::time::{Duration, timeout};

/// How long a handshake may take.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);

#[uring_rt::main]
async fn main() -> Result<(), Failure> {
    let stop = stop_signal()?;
    let identity = Identity::generate()?;
    publish(&identity.pem)?;
    let acceptor = TlsAcceptor::from(Arc::new(identity.server_config()?));
    let listener = listen("127.0.0.1:8443", "tls").await?;
    serve(listener, stop, move |stream, stop| {
        echo(acceptor.clone(), stream, stop)
    })
    .await
}

async fn echo(acceptor: TlsAcceptor, stream: TcpStream, stop: Stop) -> Result<(), Failure> {
    let mut stream = timeout(HANDSHAKE_LIMIT, acceptor.accept(stream)).await??;
    let mut buffer = [0; 16 * 1024];
    loop {
        let count = match select(stream.read(&mut buffer), stop.clone()).await {
            Either::Left((count, _)) => count?,
            Either::Right(((), _)) => 0,
        };
        if count == 0 {
            // Says goodbye, so that the client knows that nothing was cut off.
            return Ok(stream.close().await?);
        }
        stream.write_all(&buffer[..count]).await?;
        stream.flush().await?;
    }
}
