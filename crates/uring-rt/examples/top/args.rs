//! The command line.

use std::time::Duration;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Args {
    /// `None` is until Ctrl-C.
    pub(crate) duration: Option<Duration>,
    pub(crate) every: Duration,
}

impl Args {
    /// What is wrong with the arguments is said in one line.
    pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Args, String> {
        let mut parsed = Args {
            duration: None,
            every: Duration::from_secs(1),
        };
        while let Some(name) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{name} needs a value"));
            match name.as_str() {
                "--for" => parsed.duration = Some(seconds(&name, &value()?)?),
                "--every" => parsed.every = seconds(&name, &value()?)?,
                _ => {
                    return Err(format!(
                        "unknown argument {name}; usage: top [--for SECONDS] [--every SECONDS]"
                    ));
                }
            }
        }
        Ok(parsed)
    }
}

fn seconds(name: &str, value: &str) -> Result<Duration, String> {
    let seconds = value
        .parse()
        .ok()
        .filter(|seconds| (0.01..=1e6).contains(seconds));
    seconds
        .map(Duration::from_secs_f64)
        .ok_or_else(|| format!("{name} is a number from 0.01 to 1000000, not {value:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Args, String> {
        Args::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn without_arguments_it_draws_each_second_until_it_is_stopped() {
        let expected = Args {
            duration: None,
            every: Duration::from_secs(1),
        };
        assert_eq!(parse(""), Ok(expected));
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(parse("--for").unwrap_err().contains("--for needs a value"));
        assert!(parse("--every 0").unwrap_err().contains("\"0\""));
        assert!(parse("--until 3").unwrap_err().contains("--until"));
        let half = parse("--for 0.5").unwrap();
        assert_eq!(half.duration, Some(Duration::from_millis(500)));
    }
}
