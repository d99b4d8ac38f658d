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
pub(crate) async fn echo_all<R: Runtime, S: Stream>(
    accept: impl AsyncFn() -> io::Result<S>,
    buffer: usize,
) -> io::Result<()> {
    loop {
        let stream = accept().await?;
        R::detach(async move {
            // An error is the end of the connection; whoever makes the load has noticed it.
            let _ = echo(stream, buffer).await;
        });
    }
}

/// Sends a message of this size to one who echoes, and receives it, so many times.
pub(crate) async fn ping<S: Stream>(
    stream: &mut S,
    size: usize,
    round_trips: usize,
) -> Result<(), String> {
    let mut buffer = vec![b'x'; size];
    for _ in 0..round_trips {
        let (sent, back) = stream.write_all(buffer, size).await;
        sent.map_err(|error| error.to_string())?;
        // A Unix stream of one writer does not tear a message of a few bytes.
        let (received, back) = stream.read(back).await;
        let received = received.map_err(|error| error.to_string())?;
        if received != size || back.iter().any(|&byte| byte != b'x') {
            return Err("the message did not come back".to_owned());
        }
        buffer = back;
    }
    Ok(())
}
