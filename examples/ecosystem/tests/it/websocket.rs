//! `websocket_echo`.

use std::process::{Command, Stdio};

use async_tungstenite::client_async;
use async_tungstenite::tungstenite::Message;
use async_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use futures_util::StreamExt;
use uring_rt::net::TcpStream;
use uring_rt::runtime::Builder;

use crate::support::{Server, for_each_backend, output, pattern, skipped};

const ECHO: &str = env!("CARGO_BIN_EXE_websocket_echo");

#[test]
fn messages_of_every_kind_come_back_and_a_stop_is_announced() {
    for_each_backend(|backend| {
        let server = Server::start(ECHO, &[], backend);
        let runtime = Builder::new().build().unwrap();
        runtime.block_on(async {
            let stream = TcpStream::connect(server.address).await.unwrap();
            let url = format!("ws://{}/", server.address);
            let (mut socket, _) = client_async(url, stream).await.unwrap();
            let messages = [
                Message::text("Grüße"),
                Message::text(""),
                Message::binary(pattern(2_000_000)),
                Message::Ping(b"there?".to_vec().into()),
            ];
            for message in messages {
                let expected = match &message {
                    Message::Ping(data) => Message::Pong(data.clone()),
                    other => other.clone(),
                };
                socket.send(message).await.unwrap();
                assert!(socket.next().await.unwrap().unwrap() == expected);
            }
            server.terminate();
            let Message::Close(Some(goodbye)) = socket.next().await.unwrap().unwrap() else {
                panic!("no goodbye");
            };
            assert_eq!(goodbye.code, CloseCode::Away);
            // The crate answers it as it reads on.
            assert!(socket.next().await.is_none());
        });
        assert!(server.wait().success());
    });
}

/// A client in Python, whose arguments are the address and the text of a message.
const IN_PYTHON: &str = r#"
import asyncio, sys, websockets

async def main():
    async with websockets.connect(sys.argv[1], max_size=None) as socket:
        for message in [sys.argv[2], b"\x00\xff" * 500_000, ""]:
            await socket.send(message)
            assert await socket.recv() == message
        await (await socket.ping())
    # Each side has said goodbye.
    assert socket.close_code == 1000, socket.close_code

asyncio.run(main())
"#;

#[test]
fn a_client_in_python_agrees() {
    // Debian's own, for which there is the package python3-websockets.
    let python = || Command::new("/usr/bin/python3");
    let has_websockets = python()
        .args(["-c", "import websockets"])
        .stderr(Stdio::null())
        .status();
    if !has_websockets.is_ok_and(|status| status.success()) {
        return skipped("/usr/bin/python3 has no module websockets");
    }
    for_each_backend(|backend| {
        let server = Server::start(ECHO, &[], backend);
        let url = format!("ws://{}/", server.address);
        output(python().args(["-c", IN_PYTHON, &url, "Grüße"]));
        server.stop();
    });
}
