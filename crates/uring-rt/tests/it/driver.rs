//! The report of what drives the loop, and the environment that overrides the program.

use std::process::Command;

use uring_rt::runtime::{Backend, Builder, Rung, Runtime, TimerMode};

use crate::rungs::has_rung;
use crate::support::{is_overridden, runtime};

/// Set in a child process that runs one test of this file again.
const CHILD: &str = "URING_RT_TEST_CHILD";

#[test]
fn epoll_by_choice_says_so() {
    if is_overridden() {
        return;
    }
    let driver = Builder::new()
        .backend(Backend::Epoll)
        .build()
        .unwrap()
        .driver();
    assert_eq!((driver.backend(), driver.rung), ("epoll", None));
    assert_eq!((driver.sq_entries, driver.cq_entries), (0, 0));
    let text = driver.to_string();
    assert!(text.contains("backend   epoll"), "{text}");
    assert!(text.contains("epoll was asked for"), "{text}");
}

#[test]
fn each_rung_reports_itself_and_the_better_ones_that_were_left_out() {
    if is_overridden() {
        return;
    }
    for (index, rung) in Rung::ALL.into_iter().enumerate() {
        if !has_rung(rung) {
            continue;
        }
        let runtime = Builder::new()
            .backend(Backend::IoUring)
            .top_rung(rung)
            .entries(64)
            .build();
        let driver = runtime.unwrap().driver();
        assert_eq!((driver.backend(), driver.rung), ("io_uring", Some(rung)));
        assert_eq!(driver.sq_entries, 64);
        assert!(driver.cq_entries >= 128);
        assert_eq!(driver.refused.len(), index, "{driver}");
        assert!(driver.refused.iter().all(|refusal| refusal.errno.is_none()));
        let text = driver.to_string();
        assert!(
            text.contains(&format!("rung      {} ", rung.name())),
            "{text}"
        );
        assert!(text.contains(rung.since()), "{text}");
    }
}

#[test]
fn old_rungs_keep_time_by_a_timerfd_and_say_so() {
    if is_overridden() {
        return;
    }
    let timer = |builder: &mut Builder| builder.build().unwrap().driver().timer;
    assert_eq!(timer(Builder::new().top_rung(Rung::F)), TimerMode::TimerFd);
    assert_eq!(
        timer(Builder::new().top_rung(Rung::A)),
        TimerMode::WaitTimeout
    );
    assert_eq!(
        timer(Builder::new().timer(TimerMode::TimerFd)),
        TimerMode::TimerFd
    );
}

#[test]
fn probe_says_what_a_runtime_then_has() {
    assert_eq!(uring_rt::probe().unwrap(), runtime().driver());
}

#[test]
fn a_backend_is_found_by_its_name() {
    assert_eq!(Backend::from_name("auto"), Some(Backend::Auto));
    assert_eq!(Backend::from_name("io_uring"), Some(Backend::IoUring));
    assert_eq!(Backend::from_name("epoll"), Some(Backend::Epoll));
    assert_eq!(Backend::from_name("kqueue"), None);
}

/// Runs the test `name` of this file again, in a process with these variables.
fn in_child(name: &str, variables: &[(&str, &str)]) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([format!("driver::{name}").as_str(), "--exact"])
        .env_remove("URING_RT_BACKEND")
        .env_remove("URING_RT_RUNG")
        .env(CHILD, "1")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{variables:?}: {text}"
    );
}

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

#[test]
fn a_variable_with_a_value_that_is_no_name_is_invalid_input() {
    if !is_child() {
        let name = "a_variable_with_a_value_that_is_no_name_is_invalid_input";
        for variable in ["URING_RT_BACKEND", "URING_RT_RUNG"] {
            in_child(name, &[(variable, "kqueue")]);
        }
        return;
    }
    let errors = [Runtime::new().unwrap_err(), uring_rt::probe().unwrap_err()];
    for error in errors {
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
        let text = error.to_string();
        let values = if text.contains("URING_RT_BACKEND") {
            "it can be auto, io_uring or epoll"
        } else {
            assert!(text.contains("URING_RT_RUNG"), "{text}");
            "it can be A, B, C, D, D2, E or F"
        };
        assert!(text.ends_with(values), "{text}");
    }
}

#[test]
fn a_variable_that_is_empty_is_not_set() {
    if !is_child() {
        let name = "a_variable_that_is_empty_is_not_set";
        in_child(name, &[("URING_RT_BACKEND", ""), ("URING_RT_RUNG", "")]);
        return;
    }
    let runtime = Builder::new().backend(Backend::Epoll).build().unwrap();
    assert_eq!(runtime.driver().backend(), "epoll");
}

#[test]
fn the_backend_of_the_environment_wins_over_the_program() {
    if !is_child() {
        let name = "the_backend_of_the_environment_wins_over_the_program";
        in_child(name, &[("URING_RT_BACKEND", "epoll")]);
        return;
    }
    let runtime = Builder::new().backend(Backend::IoUring).build().unwrap();
    assert_eq!(runtime.driver().backend(), "epoll");
}

#[test]
fn the_rung_of_the_environment_wins_over_the_program() {
    if !is_child() {
        let name = "the_rung_of_the_environment_wins_over_the_program";
        in_child(
            name,
            &[("URING_RT_BACKEND", "io_uring"), ("URING_RT_RUNG", "d2")],
        );
        return;
    }
    let runtime = Builder::new()
        .backend(Backend::Epoll)
        .top_rung(Rung::A)
        .build()
        .unwrap();
    assert_eq!(runtime.driver().rung, Some(Rung::D2));
}
