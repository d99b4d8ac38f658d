//! Faults for the tests of the other crates: [`answer_enters`] makes `io_uring_enter(2)` fail as it pleases, and
//! [`PageGuard`] makes any use of freed memory a fault, the kernel's own use included. [`leave`] ends a forked child.
//!
//! A crate of its own because they need `unsafe`, which the tests that use them are not to contain
//! (docs/decisions/0015). Not published, and no dependency of anything that is.

mod fork;
mod notify;
mod page_guard;

pub use fork::leave;
pub use notify::{Answer, Tally, answer_enters};
pub use page_guard::PageGuard;
