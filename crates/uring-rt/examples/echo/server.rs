//! The server: one task that accepts, one for each connection.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::Shutdown;
use std::rc::{Rc, Weak};

use futures_util::{AsyncReadExt, AsyncWriteExt};
use uring_rt::net::{TcpListener, TcpStream};
use uring_rt::task::{JoinHandle, JoinSet};

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
        let (stream, _peer) = listener.accept().await?;
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
