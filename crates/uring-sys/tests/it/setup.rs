//! Making a ring, and failing to.

use std::error::Error;
use std::fs;
use std::os::fd::AsRawFd;
use std::process::Command;

use uring_sys::abi::{
    IORING_FEAT_EXT_ARG, IORING_FEAT_SINGLE_MMAP, IORING_OP_POLL_ADD, IORING_SETUP_CLAMP,
    IORING_SETUP_CQSIZE, IORING_SETUP_NO_SQARRAY, IORING_SETUP_R_DISABLED, IORING_SETUP_SQE128,
    IORING_SETUP_SQPOLL, IORING_SETUP_TASKRUN_FLAG,
};
use uring_sys::{Ring, Setup, SetupStage, Sqe};

use crate::support::{errno, next, ring, skip, small};

fn refusal(setup: &Setup) -> (SetupStage, Option<i32>) {
    let error = Ring::new(setup).expect_err("must be refused");
    (error.stage, error.error.raw_os_error())
}

#[test]
fn wrong_flags_and_sizes_are_einval() {
    if small(0).is_none() {
        return;
    }
    let einval = (SetupStage::Setup, Some(libc::EINVAL));
    for flags in [
        1 << 30,
        IORING_SETUP_SQE128,
        IORING_SETUP_SQPOLL,
        IORING_SETUP_TASKRUN_FLAG,
    ] {
        assert_eq!(
            refusal(&Setup {
                flags,
                ..Setup::default()
            }),
            einval,
            "{flags:#x}"
        );
    }
    assert_eq!(
        refusal(&Setup {
            entries: 0,
            ..Setup::default()
        }),
        einval
    );
    assert_eq!(
        refusal(&Setup {
            entries: 1 << 20,
            ..Setup::default()
        }),
        einval
    );
    assert_eq!(
        refusal(&Setup {
            cq_entries: Some(0),
            ..Setup::default()
        }),
        einval
    );
}

#[test]
fn a_setup_error_says_what_was_refused_and_keeps_the_cause() {
    let error = Ring::new(&Setup {
        flags: 1 << 30,
        ..Setup::default()
    })
    .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("io_uring_setup was refused: "),
        "{error}"
    );
    assert!(error.source().is_some());
}

#[test]
fn sizes_are_rounded_up_and_the_completion_size_is_obeyed() {
    let Some(ring) = ring(&Setup {
        entries: 5,
        cq_entries: Some(60),
        ..Setup::default()
    }) else {
        return;
    };
    assert_eq!((ring.sq_entries(), ring.cq_entries()), (8, 64));
    assert_ne!(ring.setup_flags() & IORING_SETUP_CQSIZE, 0);
}

#[test]
fn clamped_sizes_are_those_of_the_kernel() {
    let setup = Setup {
        entries: 1 << 20,
        flags: IORING_SETUP_CLAMP,
        ..Setup::default()
    };
    let Some(ring) = ring(&setup) else { return };
    assert!(ring.sq_entries() < 1 << 20);
    assert_eq!(ring.cq_entries(), 2 * ring.sq_entries());
}

#[test]
fn every_memory_layout_carries_thousands_of_round_trips() {
    let mut layouts = 0;
    for force_separate_mmaps in [false, true] {
        for feature_mask in [u32::MAX, !IORING_FEAT_SINGLE_MMAP] {
            for flags in [0, IORING_SETUP_NO_SQARRAY] {
                let setup = Setup {
                    entries: 4,
                    flags,
                    feature_mask,
                    force_separate_mmaps,
                    ..Setup::default()
                };
                let Some(mut ring) = ring(&setup) else {
                    continue;
                };
                round_trips(&mut ring, 3_000);
                layouts += 1;
            }
        }
    }
    if layouts < 8 {
        skip(&format!("{} of 8 layouts", 8 - layouts));
    }
}

/// Sends numbers through in batches of 1 to 4 and checks that each comes back once and in order.
fn round_trips(ring: &mut Ring, count: u64) {
    let (mut sent, mut seen) = (0, 0);
    while seen < count {
        for _ in 0..=sent % 4 {
            ring.push(Sqe::nop().with_user_data(sent)).unwrap();
            sent += 1;
        }
        ring.submit_and_wait(1, None).unwrap();
        for cqe in ring.completions() {
            assert_eq!((cqe.user_data, cqe.result), (seen, 0));
            seen += 1;
        }
    }
    assert_eq!(sent, seen);
    assert_eq!(ring.dropped_count(), 0, "the kernel found every index");
}

#[test]
fn a_masked_feature_is_hidden_and_not_used() {
    let feature_mask = !(IORING_FEAT_EXT_ARG | IORING_FEAT_SINGLE_MMAP);
    let Some(mut ring) = ring(&Setup {
        feature_mask,
        ..Setup::default()
    }) else {
        return;
    };
    assert_eq!(ring.features() & !feature_mask, 0);
    ring.push(Sqe::nop()).unwrap();
    let error = ring
        .submit_and_wait(1, Some(std::time::Duration::from_secs(1)))
        .unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::Unsupported);
    assert_eq!(ring.to_submit(), 1, "nothing was submitted");
    assert_eq!(next(&mut ring).result, 0);
}

#[test]
fn a_disabled_ring_works_once_enabled() {
    let Some(mut ring) = small(IORING_SETUP_R_DISABLED) else {
        return;
    };
    assert_eq!(
        ring.submit().unwrap(),
        0,
        "nothing to submit is not even a call"
    );
    ring.push(Sqe::nop()).unwrap();
    assert_eq!(errno(ring.submit()), Some(libc::EBADFD));
    assert_eq!(ring.to_submit(), 1);
    ring.enable().unwrap();
    assert_eq!(next(&mut ring).result, 0);
    assert_eq!(errno(ring.enable()), Some(libc::EBADFD));
}

#[test]
fn the_probe_knows_poll_and_not_everything() {
    let Some(ring) = small(0) else { return };
    let probe = match ring.probe() {
        Ok(probe) => probe,
        Err(error) => return skip(&format!("no probe: {error}")),
    };
    assert!(probe.is_supported(IORING_OP_POLL_ADD));
    assert!(!probe.is_supported(u8::MAX));
    assert!(probe.last_op() >= IORING_OP_POLL_ADD && probe.last_op() < u8::MAX);
    assert!(!probe.is_supported(probe.last_op() + 1));
}

#[test]
fn the_descriptor_is_closed_on_exec() {
    let Some(ring) = small(0) else { return };
    // SAFETY: reads a flag of an open descriptor.
    let flags = unsafe { libc::fcntl(ring.as_raw_fd(), libc::F_GETFD) };
    assert_eq!(flags & libc::FD_CLOEXEC, libc::FD_CLOEXEC);
}

/// Runs [`child_with_little_address_space`] alone in a process of its own, because the limit is the process's.
#[test]
fn a_failed_mapping_leaves_neither_descriptor_nor_memory() {
    let child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "setup::child_with_little_address_space",
            "--ignored",
            "--nocapture",
        ])
        .output()
        .unwrap();
    assert!(
        child.status.success(),
        "{}",
        String::from_utf8_lossy(&child.stdout)
    );
}

#[test]
#[ignore = "run in a process of its own by the test above"]
fn child_with_little_address_space() {
    let whole = Setup {
        entries: 32_768,
        ..Setup::default()
    };
    let Some(ring) = ring(&whole) else { return };
    drop(ring);
    // 1.1 MiB of queues and 2 MiB of entries are wanted: first not even the queues fit, then only they do.
    for spare_kib in [512, 1_700] {
        limit_address_space(spare_kib);
        let (stage, errno) = refusal(&whole);
        lift_address_space();
        assert_eq!(
            (stage, errno),
            (SetupStage::Mmap, Some(libc::ENOMEM)),
            "{spare_kib} KiB"
        );
        assert!(
            !fs::read_to_string("/proc/self/maps")
                .unwrap()
                .contains("io_uring")
        );
        let left = fs::read_dir("/proc/self/fd").unwrap().flatten().any(|fd| {
            fs::read_link(fd.path()).is_ok_and(|to| to.to_string_lossy().contains("io_uring"))
        });
        assert!(!left, "a ring is still open");
    }
}

/// Allows as much more as `spare_kib`.
fn limit_address_space(spare_kib: u64) {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let size = status
        .lines()
        .find_map(|line| line.strip_prefix("VmSize:"))
        .unwrap();
    let used_kib = size.trim().trim_end_matches(" kB").parse::<u64>().unwrap();
    set_address_space((used_kib + spare_kib) * 1024);
}

fn lift_address_space() {
    set_address_space(libc::RLIM_INFINITY);
}

fn set_address_space(soft: u64) {
    let limit = libc::rlimit {
        rlim_cur: soft,
        rlim_max: libc::RLIM_INFINITY,
    };
    // SAFETY: one live record.
    let answer = unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) };
    assert_eq!(answer, 0);
}
