//! The rungs of the setup ladder: which flags to ask for, on which kernels they exist, and what such a kernel
//! can do besides.

use uring_sys::abi::{
    IORING_FEAT_CQE_SKIP, IORING_FEAT_EXT_ARG, IORING_FEAT_NODROP, IORING_FEAT_POLL_32BITS,
    IORING_FEAT_RSRC_TAGS, IORING_FEAT_SINGLE_MMAP, IORING_SETUP_CLAMP, IORING_SETUP_COOP_TASKRUN,
    IORING_SETUP_CQSIZE, IORING_SETUP_DEFER_TASKRUN, IORING_SETUP_NO_SQARRAY,
    IORING_SETUP_SINGLE_ISSUER, IORING_SETUP_SUBMIT_ALL, IORING_SETUP_TASKRUN_FLAG,
};

use crate::backend::feature::Feature;

const SIZES: u32 = IORING_SETUP_CLAMP | IORING_SETUP_CQSIZE;
const DEFER: u32 = SIZES
    | IORING_SETUP_SUBMIT_ALL
    | IORING_SETUP_SINGLE_ISSUER
    | IORING_SETUP_DEFER_TASKRUN
    | IORING_SETUP_TASKRUN_FLAG;
const FEATURES_5_5: u32 = IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP;
const FEATURES_5_18: u32 = FEATURES_5_5
    | IORING_FEAT_POLL_32BITS
    | IORING_FEAT_EXT_ARG
    | IORING_FEAT_RSRC_TAGS
    | IORING_FEAT_CQE_SKIP;

/// A step of the ladder on which a ring can be set up. Earlier ones are faster and need newer kernels.
///
/// ```
/// use uring_reactor::Rung;
///
/// let rung = Rung::from_name("b").unwrap();
/// assert_eq!((rung.name(), rung.since()), ("B", "6.1"));
/// assert!(Rung::A < rung); // the best comes first
/// assert_eq!(Rung::ALL, [Rung::A, Rung::B, Rung::C, Rung::D, Rung::D2, Rung::E, Rung::F]);
/// assert_eq!(Rung::ALL[1], rung);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Rung {
    /// Deferred task work, no SQ index array. Linux 6.6.
    A,
    /// Deferred task work. Linux 6.1.
    B,
    /// Cooperative task running. Linux 5.19.
    C,
    /// No help with task work; a bad request does not stop its batch. Linux 5.18.
    D,
    /// As D, but a bad request stops its batch. Linux 5.6.
    D2,
    /// The size of the completion queue is given, and nothing else. Linux 5.5.
    E,
    /// No flags at all: completions can be lost, and are armed again. Linux 5.1.
    F,
}

impl Rung {
    /// From the best to the most modest.
    ///
    /// See the example of [`Rung`].
    pub const ALL: [Rung; 7] = [
        Rung::A,
        Rung::B,
        Rung::C,
        Rung::D,
        Rung::D2,
        Rung::E,
        Rung::F,
    ];

    /// The name used in reports and in `URING_RT_RUNG`.
    ///
    /// ```
    /// assert_eq!(uring_reactor::Rung::D2.name(), "D2");
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            Rung::A => "A",
            Rung::B => "B",
            Rung::C => "C",
            Rung::D => "D",
            Rung::D2 => "D2",
            Rung::E => "E",
            Rung::F => "F",
        }
    }

    /// The first Linux release that has it.
    ///
    /// ```
    /// use uring_reactor::Rung;
    ///
    /// for rung in Rung::ALL {
    ///     println!("{} needs Linux {}", rung.name(), rung.since());
    /// }
    /// # assert_eq!(Rung::B.since(), "6.1");
    /// ```
    pub const fn since(self) -> &'static str {
        match self {
            Rung::A => "6.6",
            Rung::B => "6.1",
            Rung::C => "5.19",
            Rung::D => "5.18",
            Rung::D2 => "5.6",
            Rung::E => "5.5",
            Rung::F => "5.1",
        }
    }

    /// The rung of that name, in either case.
    ///
    /// ```
    /// use uring_reactor::Rung;
    ///
    /// for rung in Rung::ALL {
    ///     assert_eq!(Rung::from_name(rung.name()), Some(rung));
    /// }
    /// assert_eq!(Rung::from_name("G"), None);
    /// ```
    pub fn from_name(name: &str) -> Option<Rung> {
        Rung::ALL
            .into_iter()
            .find(|rung| rung.name().eq_ignore_ascii_case(name))
    }

    pub(crate) const fn setup_flags(self) -> u32 {
        match self {
            Rung::A => DEFER | IORING_SETUP_NO_SQARRAY,
            Rung::B => DEFER,
            Rung::C => {
                SIZES
                    | IORING_SETUP_SUBMIT_ALL
                    | IORING_SETUP_COOP_TASKRUN
                    | IORING_SETUP_TASKRUN_FLAG
            }
            Rung::D => SIZES | IORING_SETUP_SUBMIT_ALL,
            Rung::D2 => SIZES,
            Rung::E => IORING_SETUP_CQSIZE,
            Rung::F => 0,
        }
    }

    /// The features to make use of. A kernel that only reaches this rung has no others that matter here, so
    /// a newer kernel that was held on it by choice runs the same code.
    pub(crate) const fn feature_mask(self) -> u32 {
        match self {
            Rung::A | Rung::B | Rung::C | Rung::D => u32::MAX,
            // 5.6 to 5.17 differ much among themselves: what the kernel has is used, but for CQE_SKIP (5.17).
            Rung::D2 => FEATURES_5_18 & !IORING_FEAT_CQE_SKIP,
            Rung::E => FEATURES_5_5,
            Rung::F => 0,
        }
    }
}

/// What the ring in use can do. Decided once, at setup; tests mask it by holding the ladder on a lower rung.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capabilities {
    /// Completions appear only when the loop asks for them (6.1).
    pub(crate) defer: bool,
    /// The wait takes a timeout (5.11).
    pub(crate) wait_timeout: bool,
    /// A removal that succeeds posts no completion of its own (5.17).
    pub(crate) skip_success: bool,
    /// One request reports every wake-up (5.13).
    pub(crate) multishot_poll: bool,
    /// After so many poll requests of one fd for reading, the next stays in the ring; `None`: it never does.
    pub(crate) multishot_after: Option<u8>,
    /// One request cancels everything (5.19).
    pub(crate) cancel_all: bool,
    /// The kernel keeps completions that do not fit (5.5).
    pub(crate) no_drop: bool,
    /// And says so in the flags of the ring (5.8; a feature that tells came with 5.9).
    pub(crate) flags_overflow: bool,
}

impl Capabilities {
    pub(crate) fn of(rung: Rung, features: u32) -> Capabilities {
        let has = |feature| features & feature != 0;
        Capabilities {
            defer: rung <= Rung::B,
            wait_timeout: has(IORING_FEAT_EXT_ARG),
            skip_success: has(IORING_FEAT_CQE_SKIP),
            multishot_poll: has(IORING_FEAT_RSRC_TAGS),
            multishot_after: None,
            cancel_all: rung <= Rung::C,
            no_drop: has(IORING_FEAT_NODROP),
            flags_overflow: has(IORING_FEAT_POLL_32BITS),
        }
    }

    /// What is there, for the report.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        Feature::ALL
            .into_iter()
            .filter_map(|feature| self.has(feature).then_some(feature.name()))
            .collect()
    }

    fn has(&self, feature: Feature) -> bool {
        match feature {
            Feature::DeferredTaskWork => self.defer,
            Feature::WaitTimeout => self.wait_timeout,
            Feature::SilentRemoval => self.skip_success,
            Feature::MultishotWake => self.multishot_poll,
            Feature::CancelAll => self.cancel_all,
            Feature::NoLostCompletions => self.no_drop,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_rung() {
        for rung in Rung::ALL {
            assert_eq!(Rung::from_name(&rung.name().to_lowercase()), Some(rung));
        }
        assert_eq!(Rung::from_name("H"), None);
    }

    #[test]
    fn a_lower_rung_never_can_do_more() {
        let count = |rung: Rung| Capabilities::of(rung, rung.feature_mask()).names().len();
        assert!(
            Rung::ALL
                .windows(2)
                .all(|pair| count(pair[0]) >= count(pair[1]))
        );
        assert_eq!(count(Rung::F), 0);
    }
}
