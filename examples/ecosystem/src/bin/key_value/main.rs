//! A key-value server that speaks Redis' protocol (RESP 2), for `redis-cli` and `redis-benchmark`.
//!
//! ```text
//! key_value [ADDRESS]     until Ctrl-C or SIGTERM; 127.0.0.1:6379 by default
//!
//! redis-cli -p 6379 SET greeting hello
//! redis-benchmark -p 6379 -t ping,set,get,incr -P 16 -q
//! ```
//!
//! PING, ECHO, GET, SET, DEL, EXISTS, INCR, DBSIZE, FLUSHALL and QUIT; values are in memory alone. Commands that come
//! together are answered together.

mod connection;
mod protocol;
mod store;

use std::cell::RefCell;
use std::rc::Rc;

use ecosystem_examples::server::{Failure, listen, serve, stop_signal};
use store::Store;

#[uring_rt::main]
async fn main() -> Result<(), Failure> {
    let stop = stop_signal()?;
    let listener = listen("127.0.0.1:6379", "redis").await?;
    // All connections are tasks of this thread: they share the store without a lock.
    let store = Rc::new(RefCell::new(Store::default()));
    serve(listener, stop, move |stream, stop| {
        connection::serve(stream, stop, Rc::clone(&store))
    })
    .await
}
