//! The reactor on every backend that this kernel gives.

mod clock;
mod directions;
mod guards;
mod half_close;
mod readiness;
mod streams;
mod support;
mod urgent_mark;
