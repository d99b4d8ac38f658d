//! The command line.

use crate::matrix::Filter;

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Ci,
    Test { release: bool },
    Lint,
    Fmt { check: bool },
    Tidy,
    Examples,
    Syscalls,
    Matrix(Filter),
    Help,
}

pub(crate) const USAGE: &str = "\
Usage: cargo xtask <task>

  ci                run every check, in the order in which they fail fastest
  test [--release]  run all tests, doc tests included
  lint              run clippy; a warning is an error
  fmt [--check]     format the code, or only say what is not formatted
  tidy              check the house rules that no other tool knows
  examples          build the examples and run them, echo on every backend
  syscalls          count the system calls of the echo example, with strace
  matrix            run the tests on other kernels, in virtual machines;
                    --kernel VERSION, --program PART and --test PART select
  help              print this";

/// The task, or one line about what is wrong with the arguments.
pub(crate) fn parse(args: &[String]) -> Result<Task, String> {
    let Some((name, options)) = args.split_first() else {
        return Err("a task is missing".to_owned());
    };
    let (task, rest) = match name.as_str() {
        "ci" => (Task::Ci, options),
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
        "examples" => (Task::Examples, options),
        "syscalls" => (Task::Syscalls, options),
        "matrix" => {
            let (filter, rest) = filter(options);
            (Task::Matrix(filter), rest)
        }
        "help" | "--help" | "-h" => (Task::Help, options),
        _ => return Err(format!("there is no task `{name}`")),
    };
    match rest.first() {
        None => Ok(task),
        Some(unknown) => Err(format!("`{name}` does not take `{unknown}`")),
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
    use crate::matrix::Filter;

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
        assert_eq!(parsed("ci"), Ok(Task::Ci));
        assert_eq!(parsed("test"), Ok(Task::Test { release: false }));
        assert_eq!(parsed("test --release"), Ok(Task::Test { release: true }));
        assert_eq!(parsed("lint"), Ok(Task::Lint));
        assert_eq!(parsed("fmt"), Ok(Task::Fmt { check: false }));
        assert_eq!(parsed("fmt --check"), Ok(Task::Fmt { check: true }));
        assert_eq!(parsed("tidy"), Ok(Task::Tidy));
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
            parsed("ci --full"),
            Err("`ci` does not take `--full`".to_owned())
        );
        assert_eq!(
            parsed("test --release --release"),
            Err("`test` does not take `--release`".to_owned())
        );
        assert_eq!(
            parsed("matrix --kernel"),
            Err("`matrix` does not take `--kernel`".to_owned())
        );
    }
}
