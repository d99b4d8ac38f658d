//! The executor as its users see it, over a driver that is a condition variable. One module per behaviour.

mod abort;
mod block_on;
mod coop;
mod embedding;
mod join;
mod join_set;
mod lifetime;
mod listing;
mod metrics;
mod observer;
mod order;
mod panics;
mod random;
mod reluctant;
mod remote;
mod seed;
mod shutdown;
mod stall;
mod support;
mod wake;
