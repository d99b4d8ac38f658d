//! The table of workloads.

mod accept_close;
mod async_fd;
mod cold_start;
mod cross_thread;
mod echo_server;
mod fairness;
mod http_wrk;
mod idle_connections;
mod idle_fds;
mod pending_timers;
mod reset_storm;
mod sleep_cancel;
mod sleeps_fire;
mod spawn_await;
mod spawn_batch;
mod start;
mod syscalls;
mod tcp_echo;
mod tcp_echo_depth;
mod unix_echo;
mod unix_ping_pong;
mod wake_burst;
mod yield_round;

pub(crate) use cold_start::do_once;

use crate::workload::Workload;

/// In the order in which they are run and shown.
pub(crate) const ALL: [&Workload; 35] = [
    &spawn_await::WORKLOAD,
    &spawn_batch::WORKLOAD,
    &yield_round::WORKLOAD,
    &cross_thread::WORKLOAD,
    &wake_burst::WORKLOAD,
    &start::WORKLOAD,
    &cold_start::WORKLOAD,
    &sleep_cancel::WORKLOAD,
    &reset_storm::WORKLOAD,
    &sleeps_fire::WORKLOAD,
    &unix_ping_pong::WORKLOAD,
    &async_fd::ONE_OF_16,
    &async_fd::ALL_OF_16,
    &async_fd::ONE_OF_1024,
    &async_fd::QUARTER_OF_1024,
    &tcp_echo::SMALL_1,
    &tcp_echo::SMALL_64,
    &tcp_echo::SMALL_512,
    &tcp_echo::LARGE_1,
    &tcp_echo::LARGE_64,
    &tcp_echo::LARGE_512,
    &tcp_echo_depth::DEEP_1,
    &tcp_echo_depth::DEEP_64,
    &tcp_echo_depth::DEEP_512,
    &unix_echo::ECHO_1,
    &unix_echo::ECHO_64,
    &unix_echo::ECHO_512,
    &http_wrk::WORKLOAD,
    &syscalls::CALLS_1,
    &syscalls::CALLS_64,
    &accept_close::WORKLOAD,
    &idle_connections::WORKLOAD,
    &fairness::WORKLOAD,
    &idle_fds::WORKLOAD,
    &pending_timers::WORKLOAD,
];
