//! Bugs that tests put in on purpose, to see that the simulation finds them. Outside of tests there is none.

/// One of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Planted {
    /// A completion counts for whoever holds the slot now.
    GenerationUnchecked,
    /// A removal that finds the submission queue full is forgotten.
    RemovalDropped,
    /// Readiness that was used up stays.
    ReadyKept,
}

/// Whether the calling thread's test has put it in.
#[cfg(test)]
pub(crate) fn is_planted(bug: Planted) -> bool {
    PLANTED.get() == Some(bug)
}

#[cfg(not(test))]
pub(crate) const fn is_planted(_: Planted) -> bool {
    false
}

#[cfg(test)]
thread_local! {
    static PLANTED: std::cell::Cell<Option<Planted>> = const { std::cell::Cell::new(None) };
}

/// Puts a bug into what this thread runs from here on, in place of any other.
#[cfg(test)]
pub(crate) fn plant(bug: Option<Planted>) {
    PLANTED.set(bug);
}
