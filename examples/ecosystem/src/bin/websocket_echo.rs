//! A WebSocket echo server by async-tungstenite, over the futures-io traits of our streams.
//!
//! ```text
//! websocket_echo [ADDRESS]     until Ctrl-C or SIGTERM; 127.0.0.1:9001 by default
//! ```

use std::pin::pin;

use async_tungstenite::accept_async;
use async_tungstenite::tungstenite::protocol::CloseFrame;
use async_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use ecosystem_examples::server::{Failure, Stop, listen, serve, stop_signal};
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use uring_rt::net::TcpStream;
use uring_rt::time::{Duration, timeout};

/// How long a handshake may take.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);

#[uring_rt::main]
async fn main() -> Result<(), Failure> {
    let stop = stop_signal()?;
    let listener = listen("127.0.0.1:9001", "ws").await?;
    serve(listener, stop, echo).await
}

async fn echo(stream: TcpStream, mut stop: Stop) -> Result<(), Failure> {
    let mut socket = timeout(HANDSHAKE_LIMIT, accept_async(stream)).await??;
    loop {
        match select(pin!(socket.next()), stop).await {
            // Pings are answered, and closings completed, by the crate, while we wait for the next message.
            Either::Left((Some(message), still)) => {
                let message = message?;
                if message.is_text() || message.is_binary() {
                    socket.send(message).await?;
                }
                stop = still;
            }
            Either::Left((None, _)) => return Ok(()),
            Either::Right(((), _)) => break,
        }
    }
    let goodbye = CloseFrame {
        code: CloseCode::Away,
        reason: "the server stops".into(),
    };
    socket.close(Some(goodbye)).await?;
    // Until the client has said goodbye, too. What it still sends is not answered any more.
    while let Some(message) = socket.next().await {
        message?;
    }
    Ok(())
}
