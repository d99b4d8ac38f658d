//! Nothing. The programs are in `cases/`; `tests/on_tokio.rs` and `tests/on_uring.rs` compile them twice.
