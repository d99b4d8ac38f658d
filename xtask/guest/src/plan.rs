//! The lines of `/tests/plan`.

use std::time::Duration;

/// One program to run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Program<'a> {
    /// What the log calls it.
    pub(crate) name: &'a str,
    /// How long it may take.
    pub(crate) limit: Duration,
    pub(crate) env: Vec<(&'a str, &'a str)>,
    pub(crate) path: &'a str,
    pub(crate) args: Vec<&'a str>,
}

impl<'a> Program<'a> {
    /// A line is `NAME SECONDS [VARIABLE=VALUE]... PATH [ARGUMENT]...`.
    pub(crate) fn parse(line: &'a str) -> Option<Self> {
        let mut words = line.split_whitespace().peekable();
        let name = words.next()?;
        let limit = Duration::from_secs(words.next()?.parse().ok()?);
        let mut env = Vec::new();
        while let Some(pair) = words.peek().and_then(|word| word.split_once('=')) {
            env.push(pair);
            words.next();
        }
        let path = words.next()?;
        let args = words.collect();
        Some(Self {
            name,
            limit,
            env,
            path,
            args,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Program;
    use std::time::Duration;

    #[test]
    fn a_line_has_a_name_a_limit_variables_and_a_command() {
        let line = "reactor/it/epoll 300 URING_RT_BACKEND=epoll /tests/it --skip a=b";
        let program = Program {
            name: "reactor/it/epoll",
            limit: Duration::from_secs(300),
            env: vec![("URING_RT_BACKEND", "epoll")],
            path: "/tests/it",
            args: vec!["--skip", "a=b"],
        };
        assert_eq!(Program::parse(line), Some(program));
    }

    #[test]
    fn a_line_without_a_program_is_refused() {
        assert_eq!(Program::parse("name 300 A=b"), None);
        assert_eq!(Program::parse("name soon /tests/it"), None);
        assert_eq!(Program::parse(""), None);
    }
}
