//! A Linux async runtime for std futures, on `io_uring` where it is good and on epoll where it is blocked.
//!
//! The kernel says *when* an fd is ready; your future then makes an ordinary non-blocking call on its own
//! buffer. So borrowed buffers work, a dropped future loses nothing, and the futures ecosystem fits unchanged.
//! Tasks run on the thread of their runtime and need not be `Send`.
//!
//! ```
//! use futures_util::{AsyncReadExt, AsyncWriteExt};
//! use uring_rt::net::{TcpListener, TcpStream};
//!
//! #[uring_rt::main]
//! async fn main() -> std::io::Result<()> {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let address = listener.local_addr()?;
//!     let server = uring_rt::spawn(async move {
//!         let (mut stream, _peer) = listener.accept().await?;
//!         let mut buffer = [0; 5];
//!         stream.read_exact(&mut buffer).await?;
//!         stream.write_all(&buffer).await
//!     });
//!
//!     let mut client = TcpStream::connect(address).await?;
//!     client.write_all(b"hello").await?;
//!     let mut answer = [0; 5];
//!     client.read_exact(&mut answer).await?;
//!     assert_eq!(&answer, b"hello");
//!     server.await?
//! }
//! ```
//!
//! `read_exact` and `write_all` are of futures-util, whose feature `io` has them. [`spawn`] starts a task beside this
//! one, [`task::spawn_blocking`] runs what would block on a thread of its own, [`time::timeout`] sets a limit. The
//! [guide](https://github.com/uring-rt/uring-rt/blob/main/docs/guide/start.md) goes on from here.
//!
//! # Where things are
//!
//! Where tokio has a name for a concept, this crate has the same name at the same path, with the same meaning.
//!
//! - [`runtime`]: build one, drive it, ask it what it runs on. [`probe`] asks without building.
//! - [`shard`]: a runtime on each core, one listening address for all, one end.
//! - [`task`]: [`spawn`], join handles, [`task::JoinSet`], [`task::yield_now`], budgets.
//! - [`net`]: TCP, UDP, Unix sockets and pipes, passing of descriptors, connects that race a name's addresses.
//! - [`time`]: sleep, timeout, interval, and a clock that tests can pause.
//! - [`io`]: [`AsyncFd`], for any file descriptor, and the standard streams.
//! - [`process`]: child processes.
//! - [`signal`]: Ctrl-C and the other Unix signals.
//!
//! # Features
//!
//! - `futures-io`, on by default: the traits of futures-io on every stream.
//! - `tokio-io`: tokio's `AsyncRead` and `AsyncWrite` on every stream. `tokio-io-util`: the rest of `tokio::io`, at [`io`].
//! - `hyper`: its `Read` and `Write` on every stream; its `Executor` and `Timer` are `uring_rt::hyper`.
//! - `tracing`: spans of the crate tracing, at the level `TRACE`. `runtime.spawn`, with the target `uring_rt::task`, is there
//!   for each task from its first poll to its end, and entered while the task is polled; it has tokio's fields (`task.id`,
//!   `task.name`, `loc.file` and so on). `runtime.turn`, with the target `uring_rt::turn`, is there for each look at the
//!   kernel (`may_sleep`, `completions`). Neither has a parent.
//! - `bytes`: `try_read_buf`, `recv_buf` and the like, which `tokio-io-util` includes.
//!
//! # Which backend runs, and why
//!
//! [`runtime::Runtime::driver`] reports the backend, the kernel features in use, and for each better step that
//! was refused the kernel's reason and the remedy. The environment variable `URING_RT_BACKEND`
//! (`auto`, `io_uring` or `epoll`) overrides what the program asked for. Under `#[uring_rt::main]`, where no
//! `Runtime` is at hand, [`Handle::driver`](runtime::Handle::driver) gives the same report; [`probe`] tells without a
//! runtime what one would run on.
#![forbid(unsafe_code)]

#[cfg(not(target_os = "linux"))]
compile_error!("uring-rt runs on Linux only");

mod blocking;
#[cfg(feature = "hyper")]
pub mod hyper;
pub mod io;
pub mod net;
pub mod process;
pub mod runtime;
pub mod shard;
pub mod signal;
pub mod task;
pub mod time;
mod unwind;

pub use io::AsyncFd;
pub use runtime::probe;
pub use task::spawn;
/// Runs an `async fn` on a runtime of its own.
///
/// ```
/// #[uring_rt::main(backend = "epoll", entries = 256)]
/// async fn main() -> std::io::Result<()> {
///     assert_eq!(uring_rt::spawn(async { 7 }).await.unwrap(), 7);
///     Ok(())
/// }
/// ```
pub use uring_rt_macros::main;
/// Makes an `async fn` a test that runs on a runtime of its own.
///
/// ```
/// use std::time::Duration;
///
/// #[uring_rt::test(start_paused = true)]
/// async fn an_hour_passes_at_once() {
///     uring_rt::time::sleep(Duration::from_secs(3600)).await;
/// }
/// ```
pub use uring_rt_macros::test;
