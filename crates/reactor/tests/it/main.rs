//! The reactor on every backend that this kernel gives.

mod readiness;
mod support;
