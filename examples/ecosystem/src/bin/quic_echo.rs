//! A QUIC echo server by quinn: every stream that a client opens comes back.
//!
//! ```text
//! quic_echo [ADDRESS [FILE]]     until Ctrl-C or SIGTERM; 127.0.0.1:4433 by default
//! ```
//!
//! The certificate is made anew at each start, and put into FILE for clients to trust.

use std::net::UdpSocket;

use ecosystem_examples::quic::Runtime;
use ecosystem_examples::server::{Failure, announce, publish, stop_signal};
use ecosystem_examples::tls::Identity;
use futures_util::future::{Either, select};
use quinn::{
    Connection, ConnectionError, Endpoint, EndpointConfig, Incoming, RecvStream, SendStream,
    ServerConfig,
};
use std::pin::pin;
use uring_rt::time::{Duration, timeout};

/// How long clients may take to say goodbye.
const PATIENCE: Duration = Duration::from_secs(10);

#[uring_rt::main]
async fn main() -> Result<(), Failure> {
    let mut stop = stop_signal()?;
    let identity = Identity::generate()?;
    publish(&identity.pem)?;
    let (certificate, key) = identity.into_parts();
    let config = ServerConfig::with_single_cert(vec![certificate], key)?;

    let address = std::env::args().nth(1);
    let socket = UdpSocket::bind(address.as_deref().unwrap_or("127.0.0.1:4433"))?;
    let endpoint = Endpoint::new(
        EndpointConfig::default(),
        Some(config),
        socket,
        Runtime::current(),
    )?;
    announce("quic", endpoint.local_addr()?)?;

    while let Either::Left((Some(incoming), still)) = select(pin!(endpoint.accept()), stop).await {
        uring_rt::spawn(reported(serve(incoming)));
        stop = still;
    }
    endpoint.close(0_u32.into(), b"the server stops");
    // So that the clients hear of it, and need not wait for nothing.
    drop(timeout(PATIENCE, endpoint.wait_idle()).await);
    Ok(())
}

async fn serve(incoming: Incoming) -> Result<(), Failure> {
    let connection: Connection = incoming.await?;
    loop {
        match connection.accept_bi().await {
            Ok((send, receive)) => drop(uring_rt::spawn(reported(echo(send, receive)))),
            // One side has closed it, on purpose.
            Err(ConnectionError::ApplicationClosed(_) | ConnectionError::LocallyClosed) => {
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
    }
}

async fn echo(mut send: SendStream, mut receive: RecvStream) -> Result<(), Failure> {
    while let Some(chunk) = receive.read_chunk(usize::MAX, true).await? {
        send.write_chunk(chunk.bytes).await?;
    }
    send.finish()?;
    Ok(())
}

#[expect(clippy::print_stderr, reason = "a server reports")]
async fn reported(future: impl Future<Output = Result<(), Failure>>) {
    if let Err(error) = future.await {
        eprintln!("a connection or a stream failed: {error}");
    }
}
