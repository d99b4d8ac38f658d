//! The parts of io_uring that the loop makes use of where they are, by the names of the report.

/// A part of io_uring that a ring may have or lack. What is lacking is done in another way.
///
/// ```
/// use uring_reactor::{Feature, Options, Reactor};
///
/// let driver = Reactor::new(Options::new())?.driver();
/// for feature in Feature::ALL {
///     let used = driver.has(feature);
///     println!("{:<20} {used:<5} Linux {:<5} {}", feature.name(), feature.since(), feature.purpose());
/// }
///
/// let since_6_1 = [Feature::DeferredTaskWork];
/// let older = [
///     Feature::WaitTimeout,
///     Feature::SilentRemoval,
///     Feature::MultishotWake,
///     Feature::CancelAll,
///     Feature::NoLostCompletions,
/// ];
/// assert!(since_6_1.iter().all(|feature| feature.since() == "6.1"));
/// assert!(older.iter().all(|feature| feature.since().starts_with("5.")));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Feature {
    /// `IORING_SETUP_DEFER_TASKRUN`.
    DeferredTaskWork,
    /// `IORING_ENTER_EXT_ARG`.
    WaitTimeout,
    /// `IOSQE_CQE_SKIP_SUCCESS`.
    SilentRemoval,
    /// `IORING_POLL_ADD_MULTI`.
    MultishotWake,
    /// `IORING_ASYNC_CANCEL_ANY`.
    CancelAll,
    /// `IORING_FEAT_NODROP`.
    NoLostCompletions,
}

impl Feature {
    /// All of them, as the report lists them.
    ///
    /// See the example of [`Feature`].
    pub const ALL: [Feature; 6] = [
        Feature::DeferredTaskWork,
        Feature::WaitTimeout,
        Feature::SilentRemoval,
        Feature::MultishotWake,
        Feature::CancelAll,
        Feature::NoLostCompletions,
    ];

    /// The name used in [`Driver::features`](crate::Driver::features).
    ///
    /// ```
    /// use uring_reactor::{Feature, Options, Reactor};
    ///
    /// let driver = Reactor::new(Options::new())?.driver();
    /// for name in &driver.features {
    ///     assert!(Feature::ALL.iter().any(|feature| feature.name() == *name));
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            Feature::DeferredTaskWork => "deferred task work",
            Feature::WaitTimeout => "wait timeout",
            Feature::SilentRemoval => "silent removal",
            Feature::MultishotWake => "multishot wake",
            Feature::CancelAll => "cancel all",
            Feature::NoLostCompletions => "no lost completions",
        }
    }

    /// The first Linux release whose rings have it.
    ///
    /// ```
    /// use uring_reactor::Feature;
    ///
    /// assert_eq!(Feature::WaitTimeout.since(), "5.11");
    /// ```
    pub const fn since(self) -> &'static str {
        match self {
            Feature::DeferredTaskWork => "6.1",
            Feature::WaitTimeout => "5.11",
            Feature::SilentRemoval => "5.17",
            Feature::MultishotWake => "5.13",
            Feature::CancelAll => "5.19",
            Feature::NoLostCompletions => "5.5",
        }
    }

    /// What the loop has of it, in one sentence.
    ///
    /// ```
    /// use uring_reactor::Feature;
    ///
    /// println!("without it not: {}", Feature::MultishotWake.purpose());
    /// # assert!(Feature::ALL.iter().all(|feature| !feature.purpose().is_empty()));
    /// ```
    pub const fn purpose(self) -> &'static str {
        match self {
            Feature::DeferredTaskWork => {
                "completions appear when the loop asks, and interrupt nothing"
            }
            Feature::WaitTimeout => "a deadline travels with the wait, and costs no system call",
            Feature::SilentRemoval => "taking a poll back posts no completion of its own",
            Feature::MultishotWake => "one request reports every wake from another thread",
            Feature::CancelAll => "one request takes everything back when the loop ends",
            Feature::NoLostCompletions => {
                "completions that do not fit are kept, and not asked for again"
            }
        }
    }
}
