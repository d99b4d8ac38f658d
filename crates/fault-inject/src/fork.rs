//! The end of a forked child.

/// Where it is set, a child leaves without the destructors of the process.
const AT_ONCE: &str = "URING_RT_TEST_LEAVE_AT_ONCE";

/// Ends a forked child with `code`.
///
/// As a program would, with the destructors of the process. A search for leaks is one of them, and would find all that
/// belongs to threads which the child does not have: whoever searches sets `URING_RT_TEST_LEAVE_AT_ONCE`, and sees the
/// parents only.
pub fn leave(code: i32) -> ! {
    if std::env::var_os(AT_ONCE).is_none() {
        std::process::exit(code);
    }
    // SAFETY: ends the process; nothing of it runs any more.
    unsafe { libc::_exit(code) }
}
