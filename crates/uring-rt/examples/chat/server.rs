//! The server: a room, and a task for each member.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::rc::Rc;

use futures_channel::mpsc::{Receiver, Sender, channel};
use futures_util::StreamExt;
use futures_util::future::select;
use futures_util::io::{AsyncWriteExt, BufReader};
use uring_rt::net::{UnixListener, UnixStream};
use uring_rt::time::{Duration, sleep};

use crate::next_line;

/// Lines that wait for a member who reads slowly. One who is further behind misses some.
const MAX_BACKLOG: usize = 1000;

/// A listener, whose path goes with it.
pub(crate) struct Server {
    listener: UnixListener,
    path: PathBuf,
}

impl Server {
    pub(crate) fn bind(path: &Path) -> Result<Server, String> {
        let listener = UnixListener::bind(path)
            .map_err(|error| format!("cannot listen on {}: {error}", path.display()))?;
        let path = path.to_owned();
        Ok(Server { listener, path })
    }

    /// Accepts members, each with a task of its own. All tasks run on this thread, so they share the room
    /// without a lock.
    #[expect(clippy::print_stderr, reason = "a program reports its errors")]
    pub(crate) async fn run(&self) {
        let room = Rc::new(Room::default());
        for id in 0.. {
            match self.listener.accept().await {
                Ok((stream, _address)) => {
                    let room = Rc::clone(&room);
                    uring_rt::spawn(async move {
                        // A connection that breaks is a member who has left.
                        let _ = room.host(id, stream).await;
                        room.leave(id);
                    });
                }
                Err(error) => {
                    // Such as too many open files: it passes when somebody leaves, and trying on at once
                    // would keep the thread busy for nothing.
                    eprintln!("chat: cannot accept a connection: {error}");
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Closing a socket leaves its file behind.
        let _ = fs::remove_file(&self.path);
    }
}

#[derive(Default)]
struct Room {
    /// Never borrowed across an `await`: other tasks run there.
    members: RefCell<HashMap<u64, Member>>,
}

struct Member {
    name: String,
    outbox: Sender<Rc<str>>,
}

impl Room {
    /// Serves one member: the first line is the name, each other one is for everybody else.
    async fn host(&self, id: u64, stream: UnixStream) -> io::Result<()> {
        let mut lines = BufReader::new(&stream);
        let Some(name) = next_line(&mut lines).await? else {
            return Ok(());
        };
        let (outbox, inbox) = channel(MAX_BACKLOG);
        let member = Member {
            name: name.clone(),
            outbox,
        };
        self.members.borrow_mut().insert(id, member);
        self.tell(None, &format!("* {name} has joined"));

        let listen = async {
            while let Some(line) = next_line(&mut lines).await? {
                self.tell(Some(id), &format!("{name}: {line}"));
            }
            Ok(())
        };
        // Both at once, in one task, on one stream: whichever ends first ends the other.
        select(pin!(send_all(inbox, &stream)), pin!(listen))
            .await
            .factor_first()
            .0
    }

    /// Puts a line in the outboxes, that of the speaker left out.
    fn tell(&self, speaker: Option<u64>, line: &str) {
        let line: Rc<str> = format!("{line}\n").into();
        for (id, member) in self.members.borrow_mut().iter_mut() {
            if Some(*id) != speaker {
                // It fails when the outbox is full.
                let _ = member.outbox.try_send(Rc::clone(&line));
            }
        }
    }

    fn leave(&self, id: u64) {
        let member = self.members.borrow_mut().remove(&id);
        if let Some(Member { name, .. }) = member {
            self.tell(None, &format!("* {name} has left"));
        }
    }
}

async fn send_all(mut inbox: Receiver<Rc<str>>, mut stream: &UnixStream) -> io::Result<()> {
    while let Some(line) = inbox.next().await {
        stream.write_all(line.as_bytes()).await?;
    }
    Ok(())
}
