//! Readiness on io_uring.
