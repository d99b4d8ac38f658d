//! The server: one task that accepts, one for each connection.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::Shutdown;
use std::rc::{Rc, Weak};
use std::time::Duration;

use futures_util::{AsyncReadExt, AsyncWriteExt};
use uring_rt::net::{TcpListener, TcpStream};
use uring_rt::task::{JoinHandle, JoinSet};
use uring_rt::time::sleep;

/// Larger than most messages, so that one read takes all that is there, and knows it.
const BUFFER: usize = 16 * 1024;

#[derive(Debug)]
pub(crate) struct Server {
    accepting: JoinHandle<io::Result<()>>,
    connections: Rc<Connections>,
}

#[derive(Debug, Default)]
struct Connections {
    /// To end them: each stream while its task runs.
    open: RefCell<Vec<Weak<TcpStream>>>,
    tasks: RefCell<JoinSet<()>>,
    served: Cell<u64>,
}

impl Server {
    pub(crate) fn start(listener: TcpListener) -> Server {
        let connections = Rc::new(Connections::default());
        let accepting = uring_rt::spawn(accept(listener, Rc::clone(&connections)));
        Server {
            accepting,
            connections,
        }
    }

    /// Completes when the server can accept no more, with the reason.
    pub(crate) async fn failed(&mut self) -> io::Error {
        match (&mut self.accepting).await {
            Ok(Err(error)) => error,
            Ok(Ok(())) => io::Error::other("the server has stopped accepting"),
            Err(error) => error.into(),
        }
    }

    /// Stops accepting, lets every connection finish what it has read, and says how many there were.
    pub(crate) async fn stop(self) -> io::Result<u64> {
        if let Ok(ended) = self.accepting.cancel().await {
            ended?;
        }
        for stream in self
            .connections
            .open
            .take()
            .iter()
            .filter_map(Weak::upgrade)
        {
            // The task reads what had arrived, then the end.
            let _ = socket2::SockRef::from(&*stream).shutdown(Shutdown::Read);
        }
        let mut tasks = self.connections.tasks.take();
        while tasks.join_next().await.is_some() {}
        Ok(self.connections.served.get())
    }
}

async fn accept(listener: TcpListener, connections: Rc<Connections>) -> io::Result<()> {
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _peer)) => stream,
            // Out of descriptors or memory: the connections that end make room, and asking at once again would
            // only keep them from ending.
            Err(error) if is_exhaustion(&error) => {
                sleep(Duration::from_millis(100)).await;
                continue;
            }
            // The peer was gone before it was accepted.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
            Err(error) => return Err(error),
        };
        stream.set_nodelay(true)?;
        let stream = Rc::new(stream);
        connections.served.set(connections.served.get() + 1);
        let mut open = connections.open.borrow_mut();
        open.retain(|stream| stream.strong_count() > 0);
        open.push(Rc::downgrade(&stream));
        let mut tasks = connections.tasks.borrow_mut();
        while tasks.try_join_next().is_some() {}
        tasks.spawn(async move {
            // A peer that goes away ends its own connection and nothing else.
            let _ = serve(&stream).await;
        });
    }
}

fn is_exhaustion(error: &io::Error) -> bool {
    let errnos = [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM];
    error
        .raw_os_error()
        .is_some_and(|errno| errnos.contains(&errno))
}

async fn serve(mut stream: &TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return stream.close().await;
        }
        stream.write_all(&buffer[..count]).await?;
    }
}
