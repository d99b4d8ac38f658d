//! The command line.

use crate::bench::Selection;
use crate::matrix::Filter;
use crate::sanitize::Sanitizer;

/// What was asked for.
#[derive(Debug, PartialEq)]
pub(crate) enum Task {
    Ci {
        full: bool,
    },
    Test {
        release: bool,
    },
    Lint,
    Fmt {
        check: bool,
    },
    Tidy,
    Package,
    Examples,
    Syscalls,
    Instructions {
        record: bool,
    },
    Matrix(Filter),
    /// All of them, if none is named.
    Sanitize(Option<Sanitizer>),
    Soak {
        minutes: f64,
        record: bool,
    },
    Loom,
    Fuzz {
        seconds: u32,
    },
    Sim {
        seeds: u64,
        from: u64,
        /// Also tells which lines they reach.
        coverage: bool,
    },
    Bench(Selection),
    Help,
}

/// Programs of the simulation, if nobody says how many.
pub(crate) const SEEDS: u64 = 200;

pub(crate) const USAGE: &str = "\
Usage: cargo xtask <task>

  ci [--full]       run every check, in the order in which they fail fastest;
                    --full adds what takes long: fuzz, sanitizers, soak,
                    matrix
  test [--release]  run all tests, doc tests included
  lint              run clippy; a warning is an error
  fmt [--check]     format the code, or only say what is not formatted
  tidy              check the house rules that no other tool knows
  package           pack the crates that are published, complete, and build them
                    from the packages
  examples          build the examples and run them, echo on every backend
  syscalls          count the system calls of the echo example, with strace
  instructions [--record]
                    count the instructions of a spawn, a wake and so on, with
                    valgrind, and compare with the record, or renew it
  matrix            run the tests on other kernels, in virtual machines;
                    --kernel VERSION, --program PART and --test PART select
  sanitize [WHAT]   run the tests under a sanitizer: address, leak or thread;
                    needs a nightly toolchain, and installs none
  fuzz --seconds N  run each fuzz target for so long; needs nightly and c++
  loom              check the handshakes between threads in every order
  soak --minutes N  let everything come and go, on both backends, and see that
                    nothing grows; --record writes docs/bench/soak.md
  sim [--seeds N] [--from S] [--coverage]
                    run N random programs (200) of 1000 steps each on a
                    simulated kernel, from seed S (0) on; --coverage prints
                    which lines of the reactor they reach, and needs LLVM
  bench [--quick] [--full] [--only NAME]
                    measure against other runtimes, which it downloads and
                    builds; NAME is a group of workloads or one of them;
                    --full adds builds from nothing
  help              print this";

/// The task, or one line about what is wrong with the arguments.
pub(crate) fn parse(args: &[String]) -> Result<Task, String> {
    let Some((name, options)) = args.split_first() else {
        return Err("a task is missing".to_owned());
    };
    let (task, rest) = match name.as_str() {
        "ci" => {
            let (full, rest) = flag(options, "--full");
            (Task::Ci { full }, rest)
        }
        "test" => {
            let (release, rest) = flag(options, "--release");
            (Task::Test { release }, rest)
        }
        "lint" => (Task::Lint, options),
        "fmt" => {
            let (check, rest) = flag(options, "--check");
            (Task::Fmt { check }, rest)
        }
        "tidy" => (Task::Tidy, options),
        "package" => (Task::Package, options),
        "examples" => (Task::Examples, options),
        "syscalls" => (Task::Syscalls, options),
        "instructions" => {
            let (record, rest) = flag(options, "--record");
            (Task::Instructions { record }, rest)
        }
        "matrix" => {
            let (filter, rest) = filter(options);
            (Task::Matrix(filter), rest)
        }
        "sanitize" => {
            let only = options.first().and_then(|name| Sanitizer::from_name(name));
            (
                Task::Sanitize(only),
                &options[usize::from(only.is_some())..],
            )
        }
        "soak" => soak(options)?,
        "loom" => (Task::Loom, options),
        "fuzz" => {
            let seconds = match options {
                [name, seconds, ..] if name == "--seconds" => seconds.parse().ok(),
                _ => None,
            };
            let seconds = seconds.ok_or("`fuzz` needs `--seconds N`")?;
            (Task::Fuzz { seconds }, &options[2..])
        }
        "sim" => sim(options)?,
        "bench" => bench(options),
        "help" | "--help" | "-h" => (Task::Help, options),
        _ => return Err(format!("there is no task `{name}`")),
    };
    match rest.first() {
        None => Ok(task),
        Some(unknown) => Err(format!("`{name}` does not take `{unknown}`")),
    }
}

/// The time, which is not optional: nobody knows how long one has.
fn soak(options: &[String]) -> Result<(Task, &[String]), String> {
    let [name, minutes, rest @ ..] = options else {
        return Err("`soak` needs `--minutes N`".to_owned());
    };
    let minutes = minutes.parse().ok();
    let minutes = minutes.filter(|minutes: &f64| name == "--minutes" && *minutes > 0.0);
    let minutes = minutes.ok_or("`soak` needs `--minutes N`")?;
    let (record, rest) = flag(rest, "--record");
    Ok((Task::Soak { minutes, record }, rest))
}

/// How many programs, and from which seed on.
fn sim(options: &[String]) -> Result<(Task, &[String]), String> {
    let (mut seeds, mut from, mut coverage) = (SEEDS, 0, false);
    let mut rest = options;
    loop {
        let (is_here, after) = flag(rest, "--coverage");
        coverage |= is_here;
        rest = after;
        let [name, value, after @ ..] = rest else {
            break;
        };
        let field = match name.as_str() {
            "--seeds" => &mut seeds,
            "--from" => &mut from,
            _ => break,
        };
        let number = value.parse();
        *field = number.map_err(|_| format!("`{name}` takes a number, not `{value}`"))?;
        rest = after;
    }
    let task = Task::Sim {
        seeds,
        from,
        coverage,
    };
    Ok((task, rest))
}

/// How much, and what of it, in any order.
fn bench(options: &[String]) -> (Task, &[String]) {
    let mut selection = Selection::default();
    let mut rest = options;
    loop {
        rest = match rest {
            [name, after @ ..] if name == "--quick" && !selection.quick => {
                selection.quick = true;
                after
            }
            [name, after @ ..] if name == "--full" && !selection.full => {
                selection.full = true;
                after
            }
            [name, value, after @ ..] if name == "--only" && selection.only.is_none() => {
                selection.only = Some(value.clone());
                after
            }
            _ => return (Task::Bench(selection), rest),
        };
    }
}

/// Whether the first option is this one, and the options after it.
fn flag<'a>(options: &'a [String], name: &str) -> (bool, &'a [String]) {
    match options.split_first() {
        Some((first, rest)) if first == name => (true, rest),
        _ => (false, options),
    }
}

/// The options that select, each with its value, and the options after them.
fn filter(options: &[String]) -> (Filter, &[String]) {
    let mut filter = Filter::default();
    let mut rest = options;
    while let [name, value, after @ ..] = rest {
        let field = match name.as_str() {
            "--kernel" => &mut filter.kernel,
            "--program" => &mut filter.program,
            "--test" => &mut filter.test,
            _ => break,
        };
        *field = Some(value.clone());
        rest = after;
    }
    (filter, rest)
}

#[cfg(test)]
mod tests {
    use super::{Task, parse};
    use crate::bench::Selection;
    use crate::matrix::Filter;
    use crate::sanitize::Sanitizer;

    fn parsed(line: &str) -> Result<Task, String> {
        parse(
            &line
                .split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn each_task_has_its_name_and_flag() {
        assert_eq!(parsed("ci"), Ok(Task::Ci { full: false }));
        assert_eq!(parsed("ci --full"), Ok(Task::Ci { full: true }));
        assert_eq!(parsed("loom"), Ok(Task::Loom));
        assert_eq!(parsed("fuzz --seconds 5"), Ok(Task::Fuzz { seconds: 5 }));
        assert_eq!(parsed("sanitize"), Ok(Task::Sanitize(None)));
        assert_eq!(
            parsed("sanitize leak"),
            Ok(Task::Sanitize(Some(Sanitizer::Leak)))
        );
        assert_eq!(
            parsed("soak --minutes 0.5 --record"),
            Ok(Task::Soak {
                minutes: 0.5,
                record: true
            })
        );
        assert_eq!(parsed("test"), Ok(Task::Test { release: false }));
        assert_eq!(parsed("test --release"), Ok(Task::Test { release: true }));
        assert_eq!(parsed("lint"), Ok(Task::Lint));
        assert_eq!(parsed("fmt"), Ok(Task::Fmt { check: false }));
        assert_eq!(parsed("fmt --check"), Ok(Task::Fmt { check: true }));
        let sim = |seeds, from, coverage| {
            Ok(Task::Sim {
                seeds,
                from,
                coverage,
            })
        };
        assert_eq!(parsed("sim"), sim(super::SEEDS, 0, false));
        assert_eq!(parsed("sim --from 7 --seeds 1"), sim(1, 7, false));
        assert_eq!(parsed("sim --seeds 9 --coverage"), sim(9, 0, true));
        assert_eq!(parsed("sim --coverage --seeds 9"), sim(9, 0, true));
        assert_eq!(
            parsed("sim --seeds many"),
            Err("`--seeds` takes a number, not `many`".to_owned())
        );
        let bench = |quick, full, only: Option<&str>| {
            let only = only.map(str::to_owned);
            Ok(Task::Bench(Selection { quick, full, only }))
        };
        assert_eq!(parsed("bench"), bench(false, false, None));
        assert_eq!(parsed("bench --quick"), bench(true, false, None));
        let all = bench(true, true, Some("a"));
        assert_eq!(parsed("bench --only a --full --quick"), all);
        assert_eq!(parsed("bench --quick --only a --full"), all);
        assert_eq!(parsed("tidy"), Ok(Task::Tidy));
        assert_eq!(parsed("package"), Ok(Task::Package));
        assert_eq!(parsed("examples"), Ok(Task::Examples));
        assert_eq!(parsed("syscalls"), Ok(Task::Syscalls));
        assert_eq!(parsed("--help"), Ok(Task::Help));
        assert_eq!(parsed("matrix"), Ok(Task::Matrix(Filter::default())));
        let filter = Filter {
            kernel: Some("6.1".to_owned()),
            test: Some("close::".to_owned()),
            ..Filter::default()
        };
        assert_eq!(
            parsed("matrix --test close:: --kernel 6.1"),
            Ok(Task::Matrix(filter))
        );
    }

    #[test]
    fn what_is_unknown_is_named() {
        assert_eq!(parsed(""), Err("a task is missing".to_owned()));
        assert_eq!(parsed("tets"), Err("there is no task `tets`".to_owned()));
        assert_eq!(
            parsed("ci --fast"),
            Err("`ci` does not take `--fast`".to_owned())
        );
        assert_eq!(
            parsed("sanitize heap"),
            Err("`sanitize` does not take `heap`".to_owned())
        );
        let no_minutes = Err("`soak` needs `--minutes N`".to_owned());
        assert_eq!(parsed("soak"), no_minutes);
        assert_eq!(parsed("soak --minutes soon"), no_minutes);
        let no_seconds = Err("`fuzz` needs `--seconds N`".to_owned());
        assert_eq!(parsed("fuzz --seconds"), no_seconds);
        assert_eq!(
            parsed("soak --minutes 1 --forever"),
            Err("`soak` does not take `--forever`".to_owned())
        );
        assert_eq!(
            parsed("test --release --release"),
            Err("`test` does not take `--release`".to_owned())
        );
        assert_eq!(
            parsed("bench --only"),
            Err("`bench` does not take `--only`".to_owned())
        );
        assert_eq!(
            parsed("matrix --kernel"),
            Err("`matrix` does not take `--kernel`".to_owned())
        );
    }
}
