//! Many cores: one runtime on each, with a thread of its own, pinned.
//!
//! Nothing is shared between shards, and no task moves from one to another: each runs as a program with one thread
//! does, without locks. What goes from shard to shard goes by [`Shards::spawn_on`], by a [`Handle`], or by a channel.
//!
//! [`Shards::listen`] opens one listening socket for each shard on the same address (`SO_REUSEPORT`), and the kernel deals
//! the connections out. It deals by a hash of both addresses: even in the long run, and by chance for a few. Of 20 000
//! connections to four shards the busiest got 2.8 % more than its share and the idlest 2.7 % less; of 64, 31 % more
//! and 44 % less. The example `sharded_echo` counts them:
//! [decision 0030](https://github.com/uring-rt/uring-rt/blob/main/docs/decisions/0030-connections-are-dealt-by-the-kernel.md).
//!
//! ```
//! use std::time::Duration;
//! use futures_util::{AsyncReadExt, AsyncWriteExt, future::{Either, select}};
//! use uring_rt::{net::TcpListener, shard};
//!
//! async fn serve(listener: TcpListener) -> std::io::Result<()> {
//!     let mut stopping = shard::stopping();
//!     while let Either::Left((accepted, _)) = select(Box::pin(listener.accept()), &mut stopping).await {
//!         let (mut stream, _peer) = accepted?;
//!         let which = shard::current().expect("on a shard");
//!         uring_rt::spawn(async move { stream.write_all(format!("shard {which}\n").as_bytes()).await });
//!     }
//!     Ok(())
//! }
//!
//! let shards = shard::Builder::new().shards(2).build()?;
//! let listeners = shards.listen("127.0.0.1:0")?;
//! let address = listeners.local_addr();
//! listeners.serve(serve);
//!
//! let mut answer = String::new();
//! std::io::Read::read_to_string(&mut std::net::TcpStream::connect(address)?, &mut answer)?;
//! assert!(["shard 0\n", "shard 1\n"].contains(&answer.as_str()));
//! shards.shutdown(Duration::from_secs(5))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # When a shard falls
//!
//! The panic of a task ends that task, as on any runtime. A panic of the shard's own thread, as a hook of its runtime
//! may cause, or the loss of its event loop, ends that shard: its tasks are dropped, its sockets closed. The others go
//! on, and the kernel deals new connections to them. It is told to [`Builder::on_shard_panic`] at once, and to
//! [`Shards::shutdown`]. Blocking calls that it has begun run on, and are not waited for.
//!
//! # Fork
//!
//! A forked child has the thread that forked, and no other. [`Shards`] that are dropped there, or shut down, do nothing.

mod affinity;
mod builder;
mod listen;
mod outcome;
mod stop;
mod thread;

pub use builder::Builder;
pub use listen::Listeners;
pub use outcome::{Outcome, ShardPanic, ShutdownError};
pub use stop::Stopping;
pub use thread::{current, stopping};

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use uring_sys::identity::process_token;

use crate::runtime::Handle;
use crate::task::JoinHandle;
use stop::{Roots, Stop};
use thread::serves;

/// Runtimes on threads of their own.
///
/// Dropping them stops all, without patience: tasks are dropped where they are. The drop returns when the threads have
/// ended, but for that of a shard on whose thread, or in a blocking call of which, it happens. See
/// [`shutdown`](Self::shutdown).
///
/// ```
/// use uring_rt::shard::Shards;
///
/// let shards = Shards::new()?; // as many as there are cores for this process
/// let task = shards.spawn_on(0, || async { uring_rt::shard::current() });
/// let runtime = uring_rt::runtime::Runtime::new()?;
/// assert_eq!(runtime.block_on(task)?, Some(0));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Shards {
    members: Vec<Member>,
    stop: Arc<Stop>,
    /// The process that the threads are in.
    process: u64,
}

/// One shard, as seen from the others.
struct Member {
    handle: Handle,
    cpu: Option<usize>,
    roots: Arc<Roots>,
    /// `None` once it has been joined.
    thread: Option<std::thread::JoinHandle<Outcome>>,
}

impl Shards {
    /// One shard for each core that this process may use, each pinned to one.
    ///
    /// # Errors
    ///
    /// As for [`Builder::build`].
    ///
    /// ```
    /// let shards = uring_rt::shard::Shards::new()?;
    /// assert!((0..shards.count()).all(|shard| shards.is_running(shard)));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new() -> std::io::Result<Shards> {
        Builder::new().build()
    }

    /// How many there are, those that have fallen included.
    ///
    /// ```
    /// let shards = uring_rt::shard::Builder::new().shards(3).build()?;
    /// assert_eq!(shards.count(), 3);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn count(&self) -> usize {
        self.members.len()
    }

    /// The runtime of a shard: what it runs on, what it has done, and a way to spawn that may be sent anywhere. Tasks
    /// that are spawned by it are not waited for in [`shutdown`](Self::shutdown).
    ///
    /// # Panics
    ///
    /// When there is no such shard.
    ///
    /// ```
    /// let shards = uring_rt::shard::Builder::new().shards(2).build()?;
    /// assert_eq!(shards.handle(1).name(), Some("shard-1"));
    /// println!("{}", shards.handle(1).driver());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn handle(&self, shard: usize) -> &Handle {
        &self.member(shard).handle
    }

    /// The core that a shard is pinned to, or `None` where it was not to be, or the kernel has refused.
    ///
    /// # Panics
    ///
    /// When there is no such shard.
    ///
    /// ```
    /// let shards = uring_rt::shard::Builder::new().shards(1).pinned(false).build()?;
    /// assert_eq!(shards.cpu(0), None);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn cpu(&self, shard: usize) -> Option<usize> {
        self.member(shard).cpu
    }

    /// Whether the shard's thread still runs. In a forked child none does.
    ///
    /// # Panics
    ///
    /// When there is no such shard.
    ///
    /// ```
    /// let shards = uring_rt::shard::Builder::new().shards(1).build()?;
    /// assert!(shards.is_running(0));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn is_running(&self, shard: usize) -> bool {
        let thread = self.member(shard).thread.as_ref();
        !self.is_foreign() && thread.is_some_and(|thread| !thread.is_finished())
    }

    /// Sends `make` to a shard's thread, where it makes a future that need not be `Send`, and starts that as a task. A
    /// [`shutdown`](Self::shutdown) waits for it.
    ///
    /// On a shard that has fallen it is dropped, and its handle says that it was cancelled.
    ///
    /// # Panics
    ///
    /// When there is no such shard.
    ///
    /// ```
    /// use std::rc::Rc;
    ///
    /// let shards = uring_rt::shard::Builder::new().shards(2).build()?;
    /// let task = shards.spawn_on(1, || async {
    ///     let local = Rc::new(7); // not `Send`
    ///     uring_rt::task::yield_now().await;
    ///     *local
    /// });
    /// assert_eq!(uring_rt::runtime::Runtime::new()?.block_on(task)?, 7);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn spawn_on<C, F>(&self, shard: usize, make: C) -> JoinHandle<F::Output>
    where
        C: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        self.member(shard).spawn(make)
    }

    /// The same on each shard, with a clone of `make` that is given the shard's number. The handles are in the order
    /// of the shards; in which order the tasks begin is open.
    ///
    /// ```
    /// let shards = uring_rt::shard::Builder::new().shards(3).build()?;
    /// let tasks = shards.broadcast(|shard| async move { shard * 10 });
    /// let runtime = uring_rt::runtime::Runtime::new()?;
    /// for (shard, task) in tasks.into_iter().enumerate() {
    ///     assert_eq!(runtime.block_on(task)?, shard * 10);
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn broadcast<C, F>(&self, make: C) -> Vec<JoinHandle<F::Output>>
    where
        C: FnOnce(usize) -> F + Clone + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        // Not `map`: a closure has no caller to name.
        let mut tasks = Vec::with_capacity(self.members.len());
        for (shard, member) in self.members.iter().enumerate() {
            let make = make.clone();
            tasks.push(member.spawn(move || make(shard)));
        }
        tasks
    }

    /// Ready when [`shutdown`](Self::shutdown) has begun; for tasks on the shards there is [`stopping`] as well.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let shards = uring_rt::shard::Builder::new().shards(1).build()?;
    /// let stopping = shards.stopping();
    /// shards.shutdown(Duration::ZERO)?;
    /// uring_rt::runtime::Runtime::new()?.block_on(stopping);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stopping(&self) -> Stopping {
        Stopping::new(Arc::clone(&self.stop))
    }

    /// Stops all shards, and returns when their threads have ended.
    ///
    /// [`stopping`] becomes ready in every task that waits for it. Tasks of [`spawn_on`](Self::spawn_on),
    /// [`broadcast`](Self::broadcast) and [`Listeners::serve`] may then take `patience` to end; what they have spawned
    /// themselves is theirs to wait for. When the last of a shard has ended, or `patience` has, its runtime is
    /// dropped with all that is left. As with any runtime, that waits for blocking calls that have begun, and for a
    /// task to yield, however long they take.
    ///
    /// It blocks this thread: on one that runs a runtime, call it by [`spawn_blocking`](crate::task::spawn_blocking).
    ///
    /// # Errors
    ///
    /// When a shard has fallen, or a task had to be cut off. All have ended all the same.
    ///
    /// # Panics
    ///
    /// On a thread of one of these shards, which cannot wait for its own end, and in a blocking call of one, which waits
    /// for the call.
    ///
    /// ```
    /// use std::time::Duration;
    /// use uring_rt::shard::{Builder, Outcome, stopping};
    ///
    /// let shards = Builder::new().shards(2).build()?;
    /// shards.broadcast(|_| stopping());
    /// shards.shutdown(Duration::from_secs(5))?;
    ///
    /// let shards = Builder::new().shards(2).build()?;
    /// shards.spawn_on(1, || std::future::pending::<()>());
    /// let error = shards.shutdown(Duration::ZERO).unwrap_err();
    /// assert_eq!(error.outcomes(), [Outcome::Finished, Outcome::CutOff { tasks: 1 }]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shutdown(mut self, patience: Duration) -> Result<(), ShutdownError> {
        if self.is_foreign() {
            return Ok(());
        }
        assert!(
            !self.members.iter().any(Member::is_here),
            "Shards::shutdown was called on a thread of one of its shards, or in a blocking call of one, which cannot \
             wait for its own end"
        );
        ShutdownError::check(self.stop_and_join(patience))
    }

    fn stop_and_join(&mut self, patience: Duration) -> Vec<Outcome> {
        self.stop.begin(patience);
        let members = self.members.iter_mut();
        members.filter_map(Member::join).collect()
    }

    #[track_caller]
    fn member(&self, shard: usize) -> &Member {
        let count = self.members.len();
        match self.members.get(shard) {
            Some(member) => member,
            None => panic!("there is no shard {shard}: there are {count}, counted from 0"),
        }
    }

    /// Whether this is a forked child, which has none of the threads, and copies of locks that they may have held.
    fn is_foreign(&self) -> bool {
        self.process != process_token()
    }
}

impl Member {
    #[track_caller]
    fn spawn<C, F>(&self, make: C) -> JoinHandle<F::Output>
    where
        C: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        // Counted from here on, and not from when it begins: a shutdown in between waits for it.
        let root = self.roots.enter();
        self.handle.spawn_with(move || {
            let future = make();
            async move {
                let _root = root;
                future.await
            }
        })
    }

    /// Whether the shard's end waits for what this thread does now: it is its own, or makes a blocking call of it.
    fn is_here(&self) -> bool {
        let here = std::thread::current().id();
        let thread = self.thread.as_ref();
        thread.is_some_and(|thread| thread.thread().id() == here) || serves(&self.roots)
    }

    /// Waits for the thread's end, unless that waits for this one.
    fn join(&mut self) -> Option<Outcome> {
        if self.is_here() {
            return None;
        }
        let outcome = self.thread.take()?.join();
        Some(outcome.unwrap_or_else(|payload| Outcome::panicked(payload.as_ref())))
    }
}

impl Drop for Shards {
    fn drop(&mut self) {
        if !self.is_foreign() {
            self.stop_and_join(Duration::ZERO);
            return;
        }
        // By now another thread may have the place of one that was not forked. To drop the handle would detach that one.
        let members = self.members.iter_mut();
        members.for_each(|member| std::mem::forget(member.thread.take()));
    }
}

impl fmt::Debug for Shards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cpus: Vec<_> = self.members.iter().map(|member| member.cpu).collect();
        f.debug_struct("Shards")
            .field("cpus", &cpus)
            .finish_non_exhaustive()
    }
}
