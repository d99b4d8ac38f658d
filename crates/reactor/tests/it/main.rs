//! The reactor on every backend that this kernel gives.

mod clock;
mod readiness;
mod support;
