//! Seeded orders, and who hears of the seed. What a seed does to the order is tested in the executor.

use std::cell::RefCell;
use std::process::Command;
use std::rc::Rc;

use uring_rt::runtime::{Builder, Runtime};
use uring_rt::task::JoinSet;
use uring_rt::time::{Duration, sleep};

/// How the test that is made for it shall fail, in a child process.
const FAIL: &str = "URING_RT_SEED_TEST_FAIL";
const SEED: &str = "URING_RT_SEED";

/// In what order tasks come to an end, some of which sleep to the same deadline.
fn course(builder: &mut Builder) -> Vec<u32> {
    let runtime = builder.start_paused(true).build().unwrap();
    let ended = Rc::new(RefCell::new(Vec::new()));
    runtime.block_on(async {
        let sleeper = |number: u32| {
            let ended = Rc::clone(&ended);
            async move {
                sleep(Duration::from_secs((number % 3).into())).await;
                ended.borrow_mut().push(number);
            }
        };
        (0..30)
            .map(sleeper)
            .collect::<JoinSet<_>>()
            .join_all()
            .await;
    });
    ended.take()
}

#[expect(clippy::print_stderr, reason = "nothing is left out silently")]
fn is_overridden() -> bool {
    let is_set = std::env::var_os(SEED).is_some();
    if is_set {
        eprintln!("skipped: a test asks for a seed, and {SEED} overrides it");
    }
    is_set
}

#[test]
fn the_same_seed_takes_the_same_course_and_another_one_another() {
    if is_overridden() {
        return;
    }
    let seeded = |seed| course(Builder::new().seed(seed));
    assert_eq!(seeded(1), seeded(1));
    assert_ne!(seeded(1), seeded(2));
    assert_ne!(seeded(1), course(&mut Builder::new()));
    // Deadlines are kept all the same.
    let rounds: Vec<_> = seeded(1).iter().map(|number| number % 3).collect();
    assert!(rounds.is_sorted(), "{rounds:?}");
}

#[test]
fn a_runtime_tells_its_seed_and_has_none_by_itself() {
    if is_overridden() {
        return;
    }
    let seed = |builder: &mut Builder| builder.build().unwrap().seed();
    assert_eq!(seed(Builder::new().seed(u64::MAX)), Some(u64::MAX));
    assert_eq!(seed(&mut Builder::new()), None);
    let mut random = Builder::new();
    random.random_seed();
    assert_ne!(seed(&mut random), seed(&mut random));
    // It was a random one.
    let known = seed(&mut random).unwrap();
    assert_eq!(
        course(Builder::new().seed(known)),
        course(Builder::new().seed(known))
    );
}

#[uring_rt::test(seed = "random", start_paused = true)]
async fn made_to_fail() -> Result<(), String> {
    match std::env::var(FAIL).as_deref() {
        Ok("panic") => panic!("as it was told to"),
        Ok("error") => Err("as it was told to".to_owned()),
        _ => Ok(()),
    }
}

#[test]
fn made_to_panic_outside_of_an_attribute() {
    if std::env::var_os(FAIL).is_some() {
        let runtime = Builder::new().seed(5).build().unwrap();
        runtime.block_on(async { panic!("as it was told to") })
    }
}

/// Whether the test passes in a process with these variables, and what the process writes.
fn outcome(name: &str, variables: &[(&str, &str)]) -> (bool, String) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([&format!("seed::{name}"), "--exact"])
        .env_remove(SEED)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(text.contains("running 1 test"), "{text}");
    (output.status.success(), text)
}

#[test]
fn a_test_that_fails_tells_its_seed_once_and_one_that_passes_does_not() {
    for way in ["panic", "error"] {
        let (passed, text) = outcome("made_to_fail", &[(FAIL, way)]);
        assert!(!passed, "{text}");
        assert_eq!(text.matches("has the seed").count(), 1, "{way}: {text}");
        let (_, rest) = text.split_once("URING_RT_SEED=").unwrap();
        let seed = rest.split(' ').next().unwrap();
        let (_, repeated) = outcome("made_to_fail", &[(FAIL, way), (SEED, seed)]);
        assert!(
            repeated.contains(&format!("has the seed {seed};")),
            "{repeated}"
        );
    }
    let (passed, text) = outcome("made_to_fail", &[]);
    assert!(passed && !text.contains("has the seed"), "{text}");
}

#[test]
fn a_runtime_that_is_dropped_by_a_panic_tells_its_seed() {
    let name = "made_to_panic_outside_of_an_attribute";
    let (passed, text) = outcome(name, &[(FAIL, "1")]);
    assert!(!passed && text.contains("has the seed 5;"), "{text}");
    let (passed, text) = outcome(name, &[(FAIL, "1"), (SEED, "6")]);
    assert!(!passed && text.contains("has the seed 6;"), "{text}");
    let (_, text) = outcome(name, &[(FAIL, "1"), (SEED, "")]);
    assert!(text.contains("has the seed 5;"), "empty is not set: {text}");
}

#[test]
fn a_variable_that_is_no_number_is_an_error_where_a_seed_was_asked_for() {
    let (passed, text) = outcome("made_to_fail", &[(SEED, "seven")]);
    assert!(
        !passed && text.contains("URING_RT_SEED is a number from 0 to"),
        "{text}"
    );
    let (passed, text) = outcome("needs_no_seed", &[(SEED, "seven")]);
    assert!(passed, "{text}");
}

#[test]
fn needs_no_seed() {
    assert_eq!(Runtime::new().unwrap().seed(), None);
}
