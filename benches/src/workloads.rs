//! The table of workloads.

mod cross_thread;
mod sleep_cancel;
mod sleeps_fire;
mod spawn_await;
mod spawn_batch;
mod unix_ping_pong;
mod yield_round;

use crate::workload::Workload;

/// In the order in which they are run and shown.
pub(crate) const ALL: [&Workload; 7] = [
    &spawn_await::WORKLOAD,
    &spawn_batch::WORKLOAD,
    &yield_round::WORKLOAD,
    &cross_thread::WORKLOAD,
    &sleep_cancel::WORKLOAD,
    &sleeps_fire::WORKLOAD,
    &unix_ping_pong::WORKLOAD,
];
