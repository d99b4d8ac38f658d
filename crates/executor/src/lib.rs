//! A single-threaded executor.
