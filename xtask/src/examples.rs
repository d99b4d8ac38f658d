//! Examples are whole programs: they are built as their users would build
//! them, and run.

use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::command::{Command, Failure};
use crate::step::Step;

/// What is run besides [`echo_runs`], as in a shell: variables, the example's
/// name, and arguments that make it short. An example that is listed here and
/// does not exist is a failure.
const RUNS: [&str; 24] = [
    "fork",
    "URING_RT_RUNG=E fork",
    "URING_RT_BACKEND=epoll fork",
    "echo --size 65536 --clients 8 --secs 0.3",
    "timer_modes 1",
    "timers",
    "URING_RT_BACKEND=epoll timers",
    "watch_dir",
    "URING_RT_BACKEND=epoll watch_dir",
    "watch_tree",
    "URING_RT_BACKEND=epoll watch_tree",
    "chat",
    "URING_RT_BACKEND=epoll chat",
    "cross_thread",
    "URING_RT_BACKEND=epoll cross_thread",
    "pipeline",
    "URING_RT_BACKEND=epoll pipeline",
    "pipeline 30 seq 20 | tail -n 1",
    "sharded_echo --shards 3",
    "URING_RT_BACKEND=epoll sharded_echo --shards 3",
    "stdin_lines",
    "URING_RT_BACKEND=epoll stdin_lines",
    "udp_ping",
    "URING_RT_BACKEND=epoll udp_ping",
];

/// What is run besides, and what it must have said: each text is somewhere in
/// its standard output.
const ANSWERS: [(&str, &[&str]); 11] = [
    ("doctor", &["DRIVER", "open files", "locked memory"]),
    (
        "doctor --json",
        &["\"backend\": \"", "\"limits\": [", "\"error\": null"],
    ),
    (
        "URING_RT_BACKEND=epoll doctor",
        &["backend                      epoll\n", "by choice"],
    ),
    (
        "URING_RT_BACKEND=epoll doctor --json",
        &["\"backend\": \"epoll\"", "URING_RT_BACKEND is set"],
    ),
    ("URING_RT_RUNG=E doctor", &["E (Linux 5.5+)", "rung D2"]),
    (
        "sandbox setup=EPERM {examples}/doctor",
        &["EPERM: ", "seccomp filters on the calls", "remedy"],
    ),
    (
        "sandbox setup=EPERM {examples}/doctor --json",
        &["\"errno_name\": \"EPERM\"", "\"seccomp_filters\": "],
    ),
    (
        "sandbox setup=ENOSYS {examples}/doctor",
        &["ENOSYS: ", "may hide the call"],
    ),
    (
        "sandbox enter=EPERM {examples}/doctor",
        &["first io_uring_enter", "EPERM: ", "remedy"],
    ),
    (
        "top --for 1 --every 0.4",
        &["echo: backend", "timers: backend epoll", "top: backend"],
    ),
    (
        "URING_RT_BACKEND=epoll top --for 1 --every 0.4",
        &["echo: backend epoll", "mixed: backend epoll"],
    ),
];

/// The echo example with few and many clients, on each rung of the setup
/// ladder, on epoll by choice, and where io_uring is refused.
fn echo_runs() -> Vec<String> {
    let rungs = ["A", "B", "C", "D", "D2", "E", "F"];
    let ways = rungs
        .map(|rung| format!("URING_RT_RUNG={rung} echo"))
        .into_iter()
        .chain(["URING_RT_BACKEND=epoll echo".to_owned()])
        .chain(
            ["setup=EPERM", "setup=ENOSYS", "enter=EPERM"]
                .map(|refused| format!("sandbox {refused} {{examples}}/echo")),
        );
    let runs = ways.flat_map(|way| {
        [1, 64, 1000].map(|clients| format!("{way} --clients {clients} --secs 0.2"))
    });
    runs.collect()
}

/// Longer than any of them takes on a slow machine. What hangs must end.
const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) fn build() -> Command {
    Command::cargo("build --release --workspace --all-features --examples")
}

pub(crate) fn build_and_run(root: &Path) -> Result<(), Failure> {
    build().run(root)?;
    run(root)
}

pub(crate) fn step() -> Step {
    Step::check("example runs", run)
}

pub(crate) fn build_one(name: &str) -> Command {
    Command::cargo("build --release --package uring-rt --all-features --example").arg(name)
}

fn run(root: &Path) -> Result<(), Failure> {
    let told = |line: &str, result: Result<(), String>| {
        result.map_err(|reason| Failure {
            reason: format!("`{line}` {reason}"),
            rerun: format!("cargo xtask examples, or in target/release/examples:  {line}"),
        })
    };
    let fixed = RUNS.into_iter().map(str::to_owned);
    fixed.chain(echo_runs()).try_for_each(|line| {
        println!("$ {line}");
        told(&line, run_one(root, &line, Stdio::inherit()).map(drop))
    })?;
    ANSWERS.into_iter().try_for_each(|(line, texts)| {
        println!("$ {line}");
        let answer = run_one(root, line, Stdio::piped());
        told(line, answer.and_then(|answer| contains_all(&answer, texts)))
    })
}

fn contains_all(answer: &str, texts: &[&str]) -> Result<(), String> {
    match texts.iter().find(|text| !answer.contains(**text)) {
        None => Ok(()),
        Some(text) => Err(format!("does not say {text:?}, but:\n{answer}")),
    }
}

/// Runs the built program itself: were it cargo that is stopped at the
/// deadline, the program would live on. Gives what came through a pipe.
fn run_one(root: &Path, line: &str, stdout: Stdio) -> Result<String, String> {
    let examples = target_dir(root).join("release/examples");
    let line = line.replace("{examples}", &examples.to_string_lossy());
    let (variables, words) = split_variables(&line);
    let (name, args) = words.split_first().ok_or("is an empty line")?;
    let mut child = Process::new(examples.join(name))
        .args(args)
        .envs(variables)
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(stdout)
        .spawn()
        .map_err(|error| format!("could not be started: {error}"))?;
    let pipe = child.stdout.take();
    let reader = thread::spawn(move || pipe.map_or(Ok(String::new()), std::io::read_to_string));
    let status = wait(&mut child, DEADLINE);
    let answer = reader.join().expect("reading does not panic");
    match status {
        Ok(Some(status)) if status.success() => {
            answer.map_err(|error| format!("wrote what could not be read: {error}"))
        }
        Ok(Some(status)) => Err(format!("ended with {status}")),
        Ok(None) => Err(format!("was still running after {} s", DEADLINE.as_secs())),
        Err(error) => Err(format!("could not be waited for: {error}")),
    }
}

/// The `NAME=value` words in front, and the words after them.
fn split_variables(line: &str) -> (Vec<(&str, &str)>, Vec<&str>) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let variables: Vec<(&str, &str)> = words
        .iter()
        .map_while(|word| word.split_once('='))
        .collect();
    let rest = words[variables.len()..].to_vec();
    (variables, rest)
}

/// The status, or `None` when the time was over and the child was killed.
pub(crate) fn wait(child: &mut Child, limit: Duration) -> std::io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(Duration::from_millis(20));
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

/// The built program of an example.
pub(crate) fn program(root: &Path, name: &str) -> PathBuf {
    target_dir(root).join("release/examples").join(name)
}

pub(crate) fn target_dir(root: &Path) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    root.join(target)
}

#[cfg(test)]
mod tests {
    use super::{contains_all, split_variables, wait};
    use std::process::Command;
    use std::time::Duration;

    #[test]
    fn a_program_that_ends_gives_its_status() {
        let mut child = Command::new("sh")
            .args(["-c", "exit 3"])
            .spawn()
            .expect("sh");
        let status = wait(&mut child, Duration::from_secs(60)).expect("wait");
        assert_eq!(status.and_then(|status| status.code()), Some(3));
    }

    #[test]
    fn an_answer_that_lacks_a_text_is_a_failure_that_names_it() {
        assert_eq!(contains_all("one two", &["two", "one"]), Ok(()));
        let failure = contains_all("one two", &["one", "three"]).unwrap_err();
        assert!(failure.contains("\"three\""), "{failure}");
    }

    #[test]
    fn variables_stand_before_the_program_and_not_after() {
        let (variables, words) = split_variables("A=1 B=2 echo setup=EPERM");
        assert_eq!(variables, [("A", "1"), ("B", "2")]);
        assert_eq!(words, ["echo", "setup=EPERM"]);
    }

    #[test]
    fn a_program_that_hangs_is_killed_at_the_deadline() {
        let mut child = Command::new("sleep").arg("1000").spawn().expect("sleep");
        assert_eq!(wait(&mut child, Duration::ZERO).expect("wait"), None);
        assert!(child.try_wait().expect("reaped").is_some());
    }
}
