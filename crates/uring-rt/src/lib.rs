//! A Linux async runtime.
