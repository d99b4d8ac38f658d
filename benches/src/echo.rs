//! Sending back what comes: what most of the workloads with streams do at one end.

use std::io;

use crate::runtime::{Runtime, Stream};

/// Sends everything back until the other end closes.
pub(crate) async fn echo<S: Stream>(mut stream: S, buffer: usize) -> io::Result<()> {
    let mut buffer = vec![0; buffer];
    loop {
        let (received, back) = stream.read(buffer).await;
        let received = received?;
        if received == 0 {
            return Ok(());
        }
        let (sent, back) = stream.write_all(back, received).await;
        sent?;
        buffer = back;
    }
}

/// A task for each connection, for ever.
pub(crate) async fn echo_all<R: Runtime>(listener: R::Listener, buffer: usize) -> io::Result<()> {
    loop {
        let stream = R::accept(&listener).await?;
        R::detach(async move {
            // An error is the end of the connection; whoever makes the load has noticed it.
            let _ = echo(stream, buffer).await;
        });
    }
}
