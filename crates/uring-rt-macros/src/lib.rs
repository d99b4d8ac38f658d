//! Attributes of uring-rt.
