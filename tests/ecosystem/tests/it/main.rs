//! One module for each crate.

mod async_channel;
mod async_fs;
mod async_lock;
mod futures_util;
mod support;
mod tokio_sync;
