//! What `#[uring_rt::main]` and `#[uring_rt::test]` accept. What they refuse
//! is in `tests/ui`.

use std::error::Error;
use std::fmt::Debug;
use std::future::ready;
use std::process::{ExitCode, Termination};

/// A crate that re-exports the runtime under another name.
mod renamed {
    pub(crate) use uring_rt as runtime_crate;
}

#[derive(Debug)]
struct Refused;

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("refused")
    }
}

impl Error for Refused {}

#[uring_rt::main]
async fn number() -> usize {
    ready(()).await;
    1
}

#[test]
fn main_makes_an_ordinary_function() {
    assert_eq!(number(), 1);
}

#[uring_rt::main]
async fn coerced(refuse: bool) -> Result<u8, Box<dyn Error>> {
    if refuse {
        return Err(Box::new(Refused));
    }
    let parsed = "7".parse()?;
    ready(()).await;
    Ok(parsed)
}

#[test]
fn the_return_type_guides_the_body() {
    assert_eq!(coerced(false).unwrap(), 7);
    assert_eq!(coerced(true).unwrap_err().to_string(), "refused");
}

#[uring_rt::main]
async fn default_of<T, const N: usize>() -> [T; N]
where
    T: Copy + Default,
{
    [T::default(); N]
}

#[uring_rt::main]
async fn longest<'a>(mut first: &'a str, second: &'a str) -> &'a str {
    ready(()).await;
    if second.len() > first.len() {
        first = second;
    }
    first
}

#[uring_rt::main]
async fn printed(value: impl Debug) -> impl Debug {
    ready(()).await;
    format!("{value:?}")
}

#[test]
fn a_function_with_parameters_and_generics_keeps_them() {
    assert_eq!(default_of::<u8, 3>(), [0; 3]);
    assert_eq!(longest("a", "bb"), "bb");
    assert_eq!(format!("{:?}", printed(1)), "\"1\"");
}

struct Counter(u32);

impl Counter {
    #[uring_rt::main]
    async fn starting() -> Self {
        Self(3)
    }

    #[uring_rt::main]
    async fn increase(&mut self) -> &u32 {
        ready(()).await;
        self.0 += 1;
        &self.0
    }
}

trait Application {
    fn run(self) -> u32;
}

impl Application for Counter {
    #[uring_rt::main]
    async fn run(self) -> u32 {
        ready(self.0).await
    }
}

#[test]
fn methods_may_use_self_in_both_spellings() {
    let mut counter = Counter::starting();
    assert_eq!(*counter.increase(), 4);
    assert_eq!(counter.run(), 4);
}

#[uring_rt::test]
async fn a_test_may_return_nothing() {
    ready(()).await;
}

#[uring_rt::test]
async fn a_test_may_return_a_result() -> Result<(), Box<dyn Error>> {
    let number: u8 = "1".parse()?;
    if number != ready(1).await {
        return Err(Box::new(Refused));
    }
    Ok(())
}

#[uring_rt::test]
async fn a_test_may_return_an_exit_code() -> ExitCode {
    ExitCode::SUCCESS
}

#[uring_rt::test]
async fn a_test_may_return_an_opaque_type() -> impl Termination {
    ready(ExitCode::SUCCESS).await
}

#[uring_rt::test]
#[should_panic(expected = "as it should")]
async fn a_test_may_have_to_panic() {
    panic!("as it should");
}

#[uring_rt::main]
async fn never() -> ! {
    panic!("as it should")
}

#[uring_rt::main]
async fn never_with(text: &str) -> ! {
    panic!("{text}")
}

#[test]
fn a_function_may_never_return() {
    assert!(std::panic::catch_unwind(|| never()).is_err());
    assert!(std::panic::catch_unwind(|| never_with("as it should")).is_err());
}

#[uring_rt::test]
#[ignore = "would fail if the attribute were lost"]
async fn other_attributes_are_kept() {
    panic!("ran although ignored");
}

#[uring_rt::test(
    backend = "epoll",
    entries = 0x8,
    start_paused = false,
    seed = 0x7,
    flavor = "current_thread"
)]
async fn all_arguments_go_together() {}

#[uring_rt::main(seed = "random")]
async fn seeded() -> u8 {
    ready(()).await;
    8
}

#[test]
fn a_function_may_have_a_random_seed() {
    assert_eq!(seeded(), 8);
}

#[uring_rt::test()]
async fn parentheses_may_be_empty() {}

#[uring_rt::test(crate = "renamed::runtime_crate", backend = "auto")]
async fn the_crate_may_be_a_string() {}

#[uring_rt::test(crate = crate::renamed::runtime_crate)]
async fn the_crate_may_be_a_path() {}

#[uring_rt::test]
async fn r#match() {}

/// The body, the name, the visibility and a value, all handed on.
macro_rules! tests {
    ($(#[$meta:meta])* $visibility:vis $name:ident, $entries:literal, $output:ty, $body:block) => {
        #[uring_rt::test(entries = $entries)]
        $(#[$meta])*
        $visibility async fn $name() -> $output $body
    };
}

tests!(from_macro_rules, 8, Result<(), u8>, {
    ready(()).await;
    Ok(())
});
tests!(#[should_panic] pub(crate) public_from_macro_rules, 16, (), {
    panic!();
});

/// Names that the expansion uses, redefined around it.
mod shadowing {
    mod core {}
    mod std {}
    #[expect(dead_code, reason = "it only has to be in scope")]
    enum Option {
        Some,
        None,
    }
    #[expect(dead_code, reason = "it only has to be in scope")]
    struct Result;

    #[::uring_rt::test]
    async fn redefined_names_do_no_harm() {}

    #[::uring_rt::main]
    async fn in_place(value: u8) -> u8 {
        value
    }

    #[test]
    fn redefined_names_do_no_harm_in_place() {
        assert_eq!(in_place(1), 1);
    }
}

#[uring_rt::test]
async fn the_body_calls_the_function_and_not_the_future() {
    fn is_sync(_: fn()) {}
    is_sync(the_body_calls_the_function_and_not_the_future);
}

/// A program, as far as its `main` goes.
mod program {
    #[uring_rt::main]
    pub(crate) async fn main() {}
}

#[test]
#[ignore = "ends the process; run by the test below, in one of its own"]
fn a_program_that_cannot_start() {
    program::main();
}

#[test]
fn a_program_with_a_bad_environment_says_so_in_one_line_and_exits_with_1() {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "a_program_that_cannot_start",
            "--ignored",
            "--nocapture",
        ])
        .env("URING_RT_BACKEND", "kqueue")
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(
        stderr.contains("URING_RT_BACKEND") && stderr.contains("kqueue"),
        "{stderr}"
    );
}
