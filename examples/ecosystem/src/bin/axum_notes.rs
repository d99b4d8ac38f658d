//! Notes to pin up and to wait for: an axum Router with layers of tower, served by hyper.
//!
//! ```text
//! axum_notes [ADDRESS [SECONDS]]     until Ctrl-C or SIGTERM; 127.0.0.1:8080 by default
//!
//! curl --data "Dear kernel" http://127.0.0.1:8080/notes
//! curl http://127.0.0.1:8080/notes/2          waits for the second note, at most SECONDS
//! ```
//!
//! axum asks for handlers that are `Send`, though ours all run on one thread. That is no hindrance: the sockets and
//! timers of uring-rt are `Send`.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use ecosystem_examples::http;
use ecosystem_examples::server::{Failure, listen, serve, stop_signal};
use tokio::sync::Notify;
use uring_rt::time::{Duration, Instant, timeout};

const ELAPSED: HeaderName = HeaderName::from_static("x-elapsed-us");

#[derive(Default)]
struct Board {
    notes: Mutex<Vec<String>>,
    has_new: Notify,
}

#[uring_rt::main]
async fn main() -> Result<(), Failure> {
    let limit = match std::env::args().nth(2) {
        Some(seconds) => Duration::try_from_secs_f64(seconds.parse()?)?,
        None => Duration::from_secs(30),
    };
    let stop = stop_signal()?;
    let listener = listen("127.0.0.1:8080", "http").await?;
    let router = Router::new()
        .route("/notes", get(list).post(pin_up))
        .route("/notes/{number}", get(wait_for))
        .layer(from_fn_with_state(limit, give_up_in_time))
        .layer(from_fn(measure))
        .with_state(Arc::<Board>::default());
    serve(listener, stop, move |stream, stop| {
        http::serve(stream, stop, http::from_tower(router.clone()))
    })
    .await
}

async fn list(State(board): State<Arc<Board>>) -> String {
    board
        .lock()
        .iter()
        .map(|note| format!("{note}\n"))
        .collect()
}

async fn pin_up(State(board): State<Arc<Board>>, note: String) -> impl IntoResponse {
    let number = {
        let mut notes = board.lock();
        notes.push(note);
        notes.len()
    };
    board.has_new.notify_waiters();
    (
        StatusCode::CREATED,
        [(LOCATION, format!("/notes/{number}"))],
    )
}

/// The note of that number, as soon as it is there.
async fn wait_for(State(board): State<Arc<Board>>, Path(number): Path<usize>) -> Response {
    let Some(at) = number.checked_sub(1) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    loop {
        // Before the look: a note that comes in between is not missed.
        let next = board.has_new.notified();
        if let Some(note) = board.lock().get(at) {
            return note.clone().into_response();
        }
        next.await;
    }
}

impl Board {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        // A list that a panic has left is a list.
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn give_up_in_time(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    match timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => (StatusCode::GATEWAY_TIMEOUT, "It did not come in time.\n").into_response(),
    }
}

async fn measure(request: Request, next: Next) -> Response {
    let start = Instant::now();
    let mut response = next.run(request).await;
    let elapsed = start.elapsed().as_micros().to_string();
    if let Ok(value) = HeaderValue::from_str(&elapsed) {
        response.headers_mut().insert(ELAPSED, value);
    }
    response
}
