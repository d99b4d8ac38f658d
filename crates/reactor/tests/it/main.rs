//! The reactor on every backend that this kernel gives.

mod clock;
mod close;
mod close_awaited;
mod directions;
mod elsewhere;
mod enter_errors;
mod exhausted;
mod fallback;
mod foreign_wakers;
mod fork;
mod guards;
mod half_close;
mod kinds;
mod load;
mod loss;
mod metrics;
mod random;
mod readiness;
mod refused;
mod shutdown;
mod streams;
mod support;
mod timers;
mod urgent_mark;
mod waits;
mod wake;
