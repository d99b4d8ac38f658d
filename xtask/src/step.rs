//! Steps run one after the other, timed, until one fails.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::command::{Command, Failure};

/// One line of the closing table.
pub(crate) struct Step {
    name: &'static str,
    work: Work,
}

enum Work {
    Commands(Vec<Command>),
    /// A check of our own.
    Check(fn(&Path) -> Result<(), Failure>),
}

impl Step {
    pub(crate) fn command(name: &'static str, command: Command) -> Self {
        Self::commands(name, vec![command])
    }

    pub(crate) fn commands(name: &'static str, commands: Vec<Command>) -> Self {
        Self {
            name,
            work: Work::Commands(commands),
        }
    }

    pub(crate) fn check(name: &'static str, check: fn(&Path) -> Result<(), Failure>) -> Self {
        Self {
            name,
            work: Work::Check(check),
        }
    }

    fn run(&self, root: &Path) -> Result<(), Failure> {
        match &self.work {
            Work::Commands(commands) => commands.iter().try_for_each(|command| command.run(root)),
            Work::Check(check) => check(root),
        }
    }
}

/// What became of a step.
#[derive(Clone, Copy)]
enum Outcome {
    Ok(Duration),
    Failed(Duration),
    NotRun,
}

/// Runs the steps in order and stops at the first that fails.
pub(crate) fn run_all(root: &Path, steps: &[Step]) -> Result<(), Failure> {
    let start = Instant::now();
    let mut outcomes = vec![Outcome::NotRun; steps.len()];
    let mut failure = None;
    for (at, (step, outcome)) in steps.iter().zip(&mut outcomes).enumerate() {
        println!("\n==> {} ({} of {})", step.name, at + 1, steps.len());
        let start = Instant::now();
        let result = step.run(root);
        let duration = start.elapsed();
        println!("<== {}: {}", step.name, seconds(duration));
        *outcome = match &result {
            Err(_) => Outcome::Failed(duration),
            Ok(()) => Outcome::Ok(duration),
        };
        if let Err(mut error) = result {
            error.reason = format!("step `{}` failed: {}", step.name, error.reason);
            failure = Some(error);
            break;
        }
    }
    print!("\n{}", table(steps, &outcomes, start.elapsed()));
    failure.map_or(Ok(()), Err)
}

fn table(steps: &[Step], outcomes: &[Outcome], total: Duration) -> String {
    let width = steps
        .iter()
        .map(|step| step.name.len())
        .max()
        .unwrap_or(0)
        .max("total".len());
    let line = |name: &str, outcome: &str, time: &str| {
        format!("{name:width$}  {outcome:<7}  {time:>9}")
            .trim_end()
            .to_owned()
            + "\n"
    };
    let mut out = String::new();
    for (step, outcome) in steps.iter().zip(outcomes) {
        out += &match *outcome {
            Outcome::Ok(duration) => line(step.name, "ok", &seconds(duration)),
            Outcome::Failed(duration) => line(step.name, "FAILED", &seconds(duration)),
            Outcome::NotRun => line(step.name, "not run", ""),
        };
    }
    out + &line("total", "", &seconds(total))
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::{Outcome, Step, run_all, table};
    use crate::command::Failure;
    use std::path::Path;
    use std::time::Duration;

    #[test]
    fn the_table_has_a_line_for_each_step_and_the_total() {
        let steps = ["fmt", "clippy", "docs"].map(|name| Step::commands(name, Vec::new()));
        let outcomes = [
            Outcome::Ok(Duration::from_millis(1_250)),
            Outcome::Failed(Duration::from_secs(100)),
            Outcome::NotRun,
        ];
        assert_eq!(
            table(&steps, &outcomes, Duration::from_secs(101)),
            "fmt     ok           1.2 s\n\
             clippy  FAILED     100.0 s\n\
             docs    not run\n\
             total              101.0 s\n"
        );
    }

    #[test]
    fn the_first_failure_ends_the_run_and_is_named() {
        fn fails(_: &Path) -> Result<(), Failure> {
            Err(Failure {
                reason: "no luck".to_owned(),
                rerun: "cargo try again".to_owned(),
            })
        }
        fn unreached(_: &Path) -> Result<(), Failure> {
            unreachable!("the step before has failed")
        }
        let steps = [
            Step::check("first", fails),
            Step::check("second", unreached),
        ];
        let failure = run_all(Path::new("."), &steps).expect_err("the first step fails");
        assert_eq!(failure.reason, "step `first` failed: no luck");
        assert_eq!(failure.rerun, "cargo try again");
    }
}
