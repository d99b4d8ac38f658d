//! The client: says what it is given, shows what it hears.

use std::io::{self, Write};
use std::path::Path;
use std::pin::pin;
use std::thread;

use futures_channel::mpsc::{UnboundedReceiver, unbounded};
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use futures_util::io::{AsyncWriteExt, BufReader};
use uring_rt::net::UnixStream;

use crate::{Outcome, next_line};

/// Joins a chat from standard input, and to standard output.
pub(crate) async fn join(path: &Path, name: &str) -> Outcome {
    let stream = UnixStream::connect(path)
        .await
        .map_err(|error| format!("cannot connect to {}: {error}", path.display()))?;
    let (lines, input) = unbounded();
    // A thread that blocks is enough for this; the example `stdin_lines` does without. It ends with the input,
    // or with the process.
    thread::spawn(move || {
        let lines_of_input = io::stdin().lines().map_while(Result::ok);
        for line in lines_of_input {
            if lines.unbounded_send(line).is_err() {
                break;
            }
        }
    });
    // One line, whatever the name is.
    let name = name.replace(char::is_control, " ");
    let show = |line| writeln!(io::stdout(), "{line}");
    Ok(converse(&stream, &name, input, show).await?)
}

/// A client: says `name` and what comes from `input`, until that ends; shows what it hears, until the server
/// ends the connection.
pub(crate) async fn converse(
    stream: &UnixStream,
    name: &str,
    mut input: UnboundedReceiver<String>,
    mut show: impl FnMut(String) -> io::Result<()>,
) -> io::Result<()> {
    let say = async {
        let mut stream = stream;
        stream.write_all(format!("{name}\n").as_bytes()).await?;
        while let Some(line) = input.next().await {
            stream.write_all(format!("{line}\n").as_bytes()).await?;
        }
        // Only our half: what is on its way to us still arrives, and then the server's end.
        stream.close().await
    };
    let hear = async {
        let mut lines = BufReader::new(stream);
        while let Some(line) = next_line(&mut lines).await? {
            show(line)?;
        }
        Ok(())
    };
    match select(pin!(say), pin!(hear)).await {
        Either::Left((said, hear)) => said.and(hear.await),
        Either::Right((heard, _)) => heard,
    }
}
