//! The kernels that it can be like: what they take, and how they differ.

use uring_sys::abi::{
    IORING_FEAT_CQE_SKIP, IORING_FEAT_EXT_ARG, IORING_FEAT_LINKED_FILE, IORING_FEAT_NODROP,
    IORING_FEAT_POLL_32BITS, IORING_FEAT_RSRC_TAGS, IORING_FEAT_SINGLE_MMAP, IORING_SETUP_CLAMP,
    IORING_SETUP_COOP_TASKRUN, IORING_SETUP_CQSIZE, IORING_SETUP_DEFER_TASKRUN,
    IORING_SETUP_NO_SQARRAY, IORING_SETUP_R_DISABLED, IORING_SETUP_SINGLE_ISSUER,
    IORING_SETUP_SUBMIT_ALL, IORING_SETUP_TASKRUN_FLAG,
};

/// One kernel. The numbers in the comments are the releases where a field changes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Linux {
    pub(crate) release: &'static str,
    /// What setup takes; another flag is EINVAL.
    pub(crate) setup_flags: u32,
    pub(crate) features: u32,
    /// Setup is refused with this, whatever is asked for.
    pub(crate) refuses_setup: Option<i32>,
    /// Setup passes and every enter is refused with this: a seccomp filter.
    pub(crate) refuses_enter: Option<i32>,
    pub(crate) most_entries: u32,
    /// ASYNC_CANCEL takes ANY and ALL (5.19).
    pub(crate) cancels_any: bool,
    /// The result of a poll that was removed: 0 before 5.5.
    pub(crate) cancelled: i32,
    /// RDHUP is reported unasked (5.13).
    pub(crate) reports_rdhup: bool,
    /// The overflow list shows in the flags of the ring (5.8).
    pub(crate) flags_overflow: bool,
    /// Submitting while completions overflow is refused (5.5 to 5.18).
    pub(crate) busy_when_full: bool,
    /// A file with two wait queues cannot be waited for (before 5.8).
    pub(crate) one_queue: bool,
    /// Deferred work in one call, at most (6.13).
    pub(crate) deferred_cap: usize,
}

const F_5_5: u32 = IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP;
const F_5_9: u32 = F_5_5 | IORING_FEAT_POLL_32BITS;
const F_5_11: u32 = F_5_9 | IORING_FEAT_EXT_ARG;
const F_5_13: u32 = F_5_11 | IORING_FEAT_RSRC_TAGS;
const F_5_17: u32 = F_5_13 | IORING_FEAT_CQE_SKIP | IORING_FEAT_LINKED_FILE;

const S_5_6: u32 = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
const S_5_10: u32 = S_5_6 | IORING_SETUP_R_DISABLED;
const S_5_18: u32 = S_5_10 | IORING_SETUP_SUBMIT_ALL;
const S_5_19: u32 = S_5_18 | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG;
const S_6_1: u32 = S_5_19 | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
const S_6_6: u32 = S_6_1 | IORING_SETUP_NO_SQARRAY;

impl Linux {
    pub(crate) const V6_18: Linux = Linux {
        release: "6.18 (simulated)",
        setup_flags: S_6_6,
        features: F_5_17,
        refuses_setup: None,
        refuses_enter: None,
        most_entries: 32_768,
        cancels_any: true,
        cancelled: -libc::ECANCELED,
        reports_rdhup: true,
        flags_overflow: true,
        busy_when_full: false,
        one_queue: false,
        deferred_cap: 20,
    };
    pub(crate) const V6_6: Linux = Linux {
        release: "6.6 (simulated)",
        deferred_cap: usize::MAX,
        ..Linux::V6_18
    };
    pub(crate) const V6_1: Linux = Linux {
        release: "6.1 (simulated)",
        setup_flags: S_6_1,
        ..Linux::V6_6
    };
    pub(crate) const V5_19: Linux = Linux {
        release: "5.19 (simulated)",
        setup_flags: S_5_19,
        ..Linux::V6_6
    };
    pub(crate) const V5_18: Linux = Linux {
        release: "5.18 (simulated)",
        setup_flags: S_5_18,
        cancels_any: false,
        busy_when_full: true,
        ..Linux::V6_6
    };
    pub(crate) const V5_13: Linux = Linux {
        release: "5.13 (simulated)",
        setup_flags: S_5_10,
        features: F_5_13,
        ..Linux::V5_18
    };
    pub(crate) const V5_10: Linux = Linux {
        release: "5.10 (simulated)",
        features: F_5_9,
        reports_rdhup: false,
        ..Linux::V5_13
    };
    pub(crate) const V5_6: Linux = Linux {
        release: "5.6 (simulated)",
        setup_flags: S_5_6,
        features: F_5_5,
        flags_overflow: false,
        one_queue: true,
        ..Linux::V5_10
    };
    pub(crate) const V5_5: Linux = Linux {
        release: "5.5 (simulated)",
        setup_flags: IORING_SETUP_CQSIZE,
        ..Linux::V5_6
    };
    pub(crate) const V5_1: Linux = Linux {
        release: "5.1 (simulated)",
        setup_flags: 0,
        features: 0,
        most_entries: 4096,
        cancelled: 0,
        busy_when_full: false,
        ..Linux::V5_5
    };

    /// Every kernel that has rings, newest first.
    pub(crate) const ALL: [Linux; 10] = [
        Linux::V6_18,
        Linux::V6_6,
        Linux::V6_1,
        Linux::V5_19,
        Linux::V5_18,
        Linux::V5_13,
        Linux::V5_10,
        Linux::V5_6,
        Linux::V5_5,
        Linux::V5_1,
    ];

    /// The poll bits that a request reports unasked.
    pub(super) fn unasked(&self) -> u32 {
        use uring_sys::abi::{POLLERR, POLLHUP, POLLNVAL, POLLRDHUP};
        let since_5_13 = if self.reports_rdhup {
            POLLNVAL | POLLRDHUP
        } else {
            0
        };
        POLLERR | POLLHUP | since_5_13
    }
}
