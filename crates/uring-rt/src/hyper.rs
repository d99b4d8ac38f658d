//! What hyper asks of a runtime: feature `hyper`.
//!
//! Its `Read` and `Write` are implemented by [`TcpStream`](crate::net::TcpStream), [`UnixStream`](crate::net::UnixStream)
//! and their halves, so a stream is handed over as it is. [`Executor`] and [`Timer`] take the places of hyper-util's
//! `TokioExecutor` and `TokioTimer`. Services need not be `Send`.
//!
//! ```
//! use http_body_util::{BodyExt, Empty, Full};
//! use hyper::{Request, Response, body::Bytes, client, server, service::service_fn};
//! use uring_rt::hyper::Timer;
//! use uring_rt::net::{TcpListener, TcpStream};
//!
//! #[uring_rt::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let address = listener.local_addr()?;
//!     uring_rt::spawn(async move {
//!         while let Ok((stream, _peer)) = listener.accept().await {
//!             let hello = service_fn(async |_request| {
//!                 Ok::<_, hyper::Error>(Response::new(Full::new(Bytes::from("hello"))))
//!             });
//!             let connection = server::conn::http1::Builder::new()
//!                 .timer(Timer::new())
//!                 .serve_connection(stream, hello);
//!             uring_rt::spawn(connection);
//!         }
//!     });
//!
//!     let stream = TcpStream::connect(address).await?;
//!     let (mut sender, connection) = client::conn::http1::handshake(stream).await?;
//!     uring_rt::spawn(connection);
//!     let request = Request::get("/").header("host", "localhost").body(Empty::<Bytes>::new())?;
//!     let response = sender.send_request(request).await?;
//!     assert_eq!(response.into_body().collect().await?.to_bytes(), "hello");
//!     Ok(())
//! }
//! ```

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt;

use crate::{task, time};

/// Spawns hyper's tasks on the current runtime, as HTTP/2 asks for. They need not be `Send`.
///
/// Corresponds to `hyper_util::rt::TokioExecutor`, and where the futures are not `Send` to the executor that each
/// program writes for itself.
///
/// # Panics
///
/// When hyper spawns outside of a runtime.
///
/// ```
/// use uring_rt::hyper::Executor;
///
/// let server = hyper::server::conn::http2::Builder::new(Executor::new());
/// # drop(server);
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Executor {}

impl Executor {
    /// The executor; it has no settings.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// use hyper::rt::Executor as _;
    /// use std::{cell::Cell, rc::Rc};
    ///
    /// let done = Rc::new(Cell::new(false));
    /// let task = Rc::clone(&done);
    /// uring_rt::hyper::Executor::new().execute(async move { task.set(true) }); // not `Send`
    /// uring_rt::task::yield_now().await;
    /// assert!(done.get());
    /// # }
    /// ```
    pub fn new() -> Executor {
        Executor {}
    }
}

impl<F> rt::Executor<F> for Executor
where
    F: Future + 'static,
    F::Output: 'static,
{
    #[track_caller]
    fn execute(&self, future: F) {
        drop(task::spawn(future));
    }
}

/// Lets hyper's timeouts wait on the current runtime, whose clock tests can pause.
///
/// Corresponds to `hyper_util::rt::TokioTimer`.
///
/// # Panics
///
/// When hyper sets a timeout outside of a runtime.
///
/// ```
/// use std::time::Duration;
/// use uring_rt::hyper::Timer;
///
/// let mut server = hyper::server::conn::http1::Builder::new();
/// server.timer(Timer::new()).header_read_timeout(Duration::from_secs(5));
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Timer {}

impl Timer {
    /// The timer; it has no settings.
    ///
    /// ```
    /// # #[uring_rt::main(start_paused = true)]
    /// # async fn main() {
    /// use hyper::rt::Timer as _;
    /// use std::time::Duration;
    ///
    /// let timer = uring_rt::hyper::Timer::new();
    /// let start = timer.now();
    /// timer.sleep(Duration::from_secs(60)).await; // the clock is paused here: no minute passes
    /// assert_eq!(timer.now() - start, Duration::from_secs(60));
    /// # }
    /// ```
    pub fn new() -> Timer {
        Timer {}
    }
}

impl rt::Timer for Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(Sleep(time::sleep(duration)))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(Sleep(time::sleep_until(deadline.into())))
    }

    fn now(&self) -> Instant {
        time::Instant::now().into_std()
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn rt::Sleep>>, new_deadline: Instant) {
        match sleep.as_mut().downcast_mut_pin::<Sleep>() {
            // Stays where it is: no allocation for each of hyper's timeouts.
            Some(mut ours) => Pin::new(&mut ours.0).reset(new_deadline.into()),
            None => *sleep = self.sleep_until(new_deadline),
        }
    }
}

/// hyper's trait is not ours, and neither is the crate of the sleep.
#[derive(Debug)]
struct Sleep(time::Sleep);

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl rt::Sleep for Sleep {}
