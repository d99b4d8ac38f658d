//! What a machine wrote to its serial line, as numbers and names.
//!
//! The guest's marks begin with `@@`; between them is what libtest writes, and
//! the line that a test prints for what it cannot do here.

use std::collections::BTreeMap;

/// One machine's run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Log {
    /// The tree that was tested.
    pub(super) commit: String,
    /// What `Driver` printed, without the one by choice: name and value.
    pub(super) driver: Vec<(String, String)>,
    pub(super) programs: Vec<Program>,
    /// The guest came to the end of its plan.
    pub(super) is_done: bool,
    /// Complaints of the kernel.
    pub(super) warnings: Vec<String>,
}

/// One program on one backend.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Program {
    /// `uring-rt/it/epoll`
    pub(super) name: String,
    /// `ok`, or what went wrong.
    pub(super) ended: String,
    pub(super) passed: u32,
    pub(super) ignored: u32,
    pub(super) failed: Vec<String>,
    pub(super) skips: Vec<Skip>,
    /// How many tests ran on each backend that they named: `rung A`, `epoll`.
    pub(super) ways: BTreeMap<String, u32>,
}

/// A test, or a part of it, that could not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Skip {
    pub(super) test: String,
    pub(super) reason: String,
}

pub(super) fn parse(text: &str) -> Log {
    let mut log = Log::default();
    let mut current = None;
    for line in text.lines() {
        match line.strip_prefix("@@ ") {
            Some("done") => log.is_done = true,
            Some(mark) => {
                if let Some(commit) = mark.strip_prefix("commit ") {
                    commit.clone_into(&mut log.commit);
                } else if let Some(name) = mark.strip_prefix("begin ") {
                    current = Some(Reader::new(name));
                } else if let (Some(reader), Some((_, ended))) =
                    (current.take(), mark.split_once(" s: "))
                {
                    log.take(reader, ended);
                }
            }
            None => {
                if is_warning(line) {
                    log.warnings.push(line.trim().to_owned());
                } else if let Some(reader) = &mut current {
                    reader.read(line);
                }
            }
        }
    }
    // A program that the machine died in.
    if let Some(reader) = current {
        log.take(reader, "the machine stopped in it");
    }
    log
}

impl Log {
    fn take(&mut self, reader: Reader, ended: &str) {
        let Reader {
            mut program, lines, ..
        } = reader;
        program.ended = ended.to_owned();
        if program.name == "driver/io_uring" {
            self.driver = lines
                .iter()
                .filter_map(|line| {
                    let (name, value) = line.split_once(' ')?;
                    Some((name.to_owned(), value.trim().to_owned()))
                })
                .collect();
        }
        self.programs.push(program);
    }
}

/// Lines that a kernel prints for a bug in itself.
fn is_warning(line: &str) -> bool {
    let is_kernels = line.trim_start().starts_with('[');
    let signs = ["WARNING:", "BUG:", "Oops", "Call Trace", "blocked for more"];
    is_kernels && signs.iter().any(|sign| line.contains(sign))
}

/// Reads what one program prints.
struct Reader {
    program: Program,
    /// The test that is running.
    test: String,
    lines: Vec<String>,
}

impl Reader {
    fn new(name: &str) -> Self {
        Self {
            program: Program {
                name: name.to_owned(),
                ..Program::default()
            },
            test: String::new(),
            lines: Vec::new(),
        }
    }

    fn read(&mut self, line: &str) {
        self.lines.push(line.to_owned());
        let mut rest = line;
        // With one thread and nothing captured, a test's name is followed by
        // what it prints, and that by its result.
        if let Some((name, after)) = line
            .strip_prefix("test ")
            .and_then(|line| line.split_once(" ... "))
        {
            name.clone_into(&mut self.test);
            rest = after;
        }
        if let Some(numbers) = line.strip_prefix("test result: ") {
            self.program.passed += number_before(numbers, " passed");
            self.program.ignored += number_before(numbers, " ignored");
        }
        if rest.ends_with("FAILED") && !line.starts_with("test result: ") {
            // A test in a process of its own tells it twice.
            if !self.program.failed.contains(&self.test) {
                self.program.failed.push(self.test.clone());
            }
        }
        if let Some(way) = rest.strip_prefix("on ") {
            *self.program.ways.entry(way.to_owned()).or_default() += 1;
        }
        let skip = ["skipped: ", "skipped on "].map(|word| rest.find(word));
        if let Some(at) = skip.into_iter().flatten().min() {
            self.program.skips.push(Skip {
                test: self.test.clone(),
                reason: rest[at..]
                    .trim_start_matches("skipped")
                    .trim_start_matches(':')
                    .trim()
                    .to_owned(),
            });
        }
    }
}

/// The number that stands before a word: 3 in `ok. 3 passed; 0 failed`.
fn number_before(text: &str, word: &str) -> u32 {
    let before = text.split_once(word).map_or("", |(before, _)| before);
    let digits = before
        .rsplit(|letter: char| !letter.is_ascii_digit())
        .next();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Skip, parse};

    const LOG: &str = "\
@@ commit abc123
[    0.1] quiet
@@ begin driver/io_uring
backend   io_uring
rung      A (Linux 6.6+)

@@ end driver/io_uring after 0.1 s: ok

@@ begin uring-sys/it/io_uring

running 3 tests
test poll::one ... skipped: no multishot poll before 5.13
ok
test poll::two ... on rung A
skipped on rung B: Invalid argument (os error 22)
ok
test poll::three ... 
thread 'main' panicked
FAILED
[    9.9] WARNING: CPU: 0 PID: 1 at io_uring/io_uring.c

failures:
    poll::three

test result: FAILED. 2 passed; 1 failed; 4 ignored; 0 measured; 0 filtered out

@@ end uring-sys/it/io_uring after 1.5 s: exit code 101
@@ begin uring-rt/it/epoll
test a ... ";

    #[test]
    fn results_and_skips_are_counted_by_program() {
        let log = parse(LOG);
        assert_eq!(log.driver[1], ("rung".into(), "A (Linux 6.6+)".into()));
        let sys = &log.programs[1];
        assert_eq!((sys.passed, sys.ignored), (2, 4));
        assert_eq!(sys.failed, ["poll::three"]);
        assert_eq!(sys.ended, "exit code 101");
        let skip = |test: &str, reason: &str| Skip {
            test: test.into(),
            reason: reason.into(),
        };
        assert_eq!(
            sys.skips,
            [
                skip("poll::one", "no multishot poll before 5.13"),
                skip("poll::two", "on rung B: Invalid argument (os error 22)"),
            ]
        );
        assert_eq!(log.warnings.len(), 1);
    }

    #[test]
    fn a_machine_that_stops_is_not_done() {
        let log = parse(LOG);
        assert_eq!(log.programs[1].ways["rung A"], 1);
        assert!(!log.is_done);
        assert_eq!(log.commit, "abc123");
        assert_eq!(log.programs[2].ended, "the machine stopped in it");
        assert!(parse("@@ done\n").is_done);
    }
}
