//! Tasks that have a name.

use std::future::Future;
use std::io;
use std::sync::Arc;

use uring_executor::JoinHandle;

use crate::runtime::{Handle, no_runtime};
use crate::task::home_spawner;

/// Spawns a task that has a name, by which reports call it: those of panics
/// ([`Builder::on_task_panic`](crate::runtime::Builder::on_task_panic)) and of stalls
/// ([`Builder::stall_threshold`](crate::runtime::Builder::stall_threshold)).
///
/// Corresponds to `tokio::task::Builder`, where it is unstable. As there, the calls give a `Result`, and no call of this
/// version ends in an error.
///
/// ```
/// use uring_rt::task;
///
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// let peer = "192.0.2.1";
/// let task = task::Builder::new().name(&format!("connection of {peer}")).spawn(async { 7 })?;
/// assert_eq!(task.await.unwrap(), 7);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "a builder does nothing before a task is spawned"]
pub struct Builder<'a> {
    name: Option<&'a str>,
}

impl<'a> Builder<'a> {
    /// Without a name, what it spawns is as [`spawn`](crate::spawn) does it.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let task = uring_rt::task::Builder::new().spawn(async { 1 })?;
    /// assert_eq!(task.await.unwrap(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn new() -> Builder<'a> {
        Builder::default()
    }

    /// What the task is to be called. Several may be called the same.
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    /// use uring_rt::{runtime, task};
    ///
    /// let seen = Arc::new(Mutex::new(None));
    /// let told = Arc::clone(&seen);
    /// let runtime = runtime::Builder::new()
    ///     .on_task_panic(move |panic| *told.lock().unwrap() = panic.name().map(str::to_owned))
    ///     .build()?;
    /// runtime.block_on(async {
    ///     let task = task::Builder::new().name("worker 7").spawn(async { panic!("of no use") });
    ///     let _: Result<(), _> = task.unwrap().await;
    /// });
    /// assert_eq!(seen.lock().unwrap().as_deref(), Some("worker 7"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn name(self, name: &'a str) -> Builder<'a> {
        Builder { name: Some(name) }
    }

    /// As [`task::spawn`](crate::task::spawn).
    ///
    /// # Errors
    ///
    /// None.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, and on another thread than the runtime's own.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let local = std::rc::Rc::new(1);
    /// let task = uring_rt::task::Builder::new().name("counter").spawn(async move { *local })?;
    /// assert_eq!(task.await.unwrap(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn<F: Future + 'static>(self, future: F) -> io::Result<JoinHandle<F::Output>> {
        let spawner = home_spawner("task::Builder::spawn", "`Builder::spawn_on`");
        Ok(match self.name {
            None => spawner.spawn_local(future),
            Some(name) => spawner.named(name).spawn_local(future),
        })
    }

    /// The same as [`spawn`](Self::spawn).
    ///
    /// # Errors
    ///
    /// None.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let task = uring_rt::task::Builder::new().name("counter").spawn_local(async { 1 })?;
    /// assert_eq!(task.await.unwrap(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn_local<F: Future + 'static>(self, future: F) -> io::Result<JoinHandle<F::Output>> {
        self.spawn(future)
    }

    /// As [`Handle::spawn`], from any thread.
    ///
    /// # Errors
    ///
    /// None.
    ///
    /// ```
    /// use uring_rt::{runtime::Runtime, task::Builder};
    ///
    /// let runtime = Runtime::new()?;
    /// let handle = runtime.handle().clone();
    /// let elsewhere = std::thread::spawn(move || Builder::new().name("from afar").spawn_on(async { 4 }, &handle));
    /// let task = elsewhere.join().unwrap()?;
    /// assert_eq!(runtime.block_on(task).unwrap(), 4);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn spawn_on<F>(self, future: F, handle: &Handle) -> io::Result<JoinHandle<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let spawner = handle.spawner();
        Ok(match self.name {
            None => spawner.spawn(future),
            Some(name) => spawner.named(name).spawn(future),
        })
    }

    /// As [`task::spawn_blocking`](crate::task::spawn_blocking). The name is that of the task that waits for the call,
    /// not of the thread.
    ///
    /// # Errors
    ///
    /// None.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, and when not even one thread can be started.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let sum = uring_rt::task::Builder::new().name("sum").spawn_blocking(|| (1..=100).sum::<u32>())?;
    /// assert_eq!(sum.await.unwrap(), 5050);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn_blocking<F, R>(self, call: F) -> io::Result<JoinHandle<R>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        match Handle::try_current() {
            Ok(handle) => self.spawn_blocking_on(call, &handle),
            Err(_) => no_runtime("task::Builder::spawn_blocking"),
        }
    }

    /// The same on another runtime's pool.
    ///
    /// # Errors
    ///
    /// None.
    ///
    /// ```
    /// let runtime = uring_rt::runtime::Runtime::new()?;
    /// let named = uring_rt::task::Builder::new().name("sum");
    /// let sum = named.spawn_blocking_on(|| (1..=100).sum::<u32>(), runtime.handle())?;
    /// assert_eq!(runtime.block_on(sum).unwrap(), 5050);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn spawn_blocking_on<F, R>(self, call: F, handle: &Handle) -> io::Result<JoinHandle<R>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        Ok(handle.spawn_blocking_named(self.name.map(Arc::from), call))
    }
}
