//! One client: bytes in, commands, replies, bytes out.

use std::cell::RefCell;
use std::rc::Rc;

use ecosystem_examples::server::{Failure, Stop};
use futures_util::future::{Either, select};
use futures_util::{AsyncReadExt, AsyncWriteExt};
use uring_rt::net::TcpStream;

use crate::protocol::{Reply, parse};
use crate::store::{Next, Store};

/// How much is read at once, and how many bytes of replies are kept back for those that follow.
const CHUNK: usize = 16 * 1024;

/// Serves a client until it leaves, breaks the protocol, or the server stops.
pub(crate) async fn serve(
    mut stream: TcpStream,
    stop: Stop,
    store: Rc<RefCell<Store>>,
) -> Result<(), Failure> {
    stream.set_nodelay(true)?;
    let mut input = Vec::new();
    let mut replies = Vec::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        let count = match select(stream.read(&mut chunk), stop.clone()).await {
            Either::Left((count, _)) => count?,
            Either::Right(((), _)) => 0,
        };
        if count == 0 {
            return Ok(());
        }
        input.extend_from_slice(&chunk[..count]);
        if answer(&mut stream, &mut input, &mut replies, &store).await? == Next::Close {
            return Ok(stream.close().await?);
        }
    }
}

/// Carries out every command that is complete, and takes it out of `input`. The replies are written once for all, or
/// as soon as they fill a chunk: a client that sends and does not read is not read from for ever.
async fn answer(
    stream: &mut TcpStream,
    input: &mut Vec<u8>,
    replies: &mut Vec<u8>,
    store: &RefCell<Store>,
) -> Result<Next, Failure> {
    let mut done = 0;
    let mut next = Next::GoOn;
    while next == Next::GoOn {
        match parse(&input[done..]) {
            Ok(None) => break,
            Ok(Some((command, length))) => {
                // Not borrowed across an await: other clients' tasks run there.
                next = store.borrow_mut().execute(&command, replies);
                done += length;
            }
            Err(broken) => {
                // Where the next command begins cannot be known any more.
                Reply::Error(&broken.to_string()).write(replies);
                next = Next::Close;
            }
        }
        if replies.len() >= CHUNK {
            stream.write_all(replies).await?;
            replies.clear();
        }
    }
    stream.write_all(replies).await?;
    replies.clear();
    input.drain(..done);
    Ok(next)
}
