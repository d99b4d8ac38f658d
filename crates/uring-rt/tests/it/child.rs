//! Tests in a process of their own, for what would harm the others or be harmed: a child that another test has just forked
//! holds a copy of each fd until it runs its program.

use std::process::{Command, Stdio};

/// Set in the child, to the name of its test.
const VARIABLE: &str = "URING_RT_IT_CHILD";

/// Runs `body` in a process of its own. `name` is the test's full name.
pub(crate) fn in_child(name: &str, body: impl FnOnce()) {
    in_child_with_input(name, Stdio::null(), body);
}

/// The same, with this as the child's fd 0.
pub(crate) fn in_child_with_input(name: &str, input: Stdio, body: impl FnOnce()) {
    if std::env::var(VARIABLE).is_ok_and(|child| child == name) {
        return body();
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env(VARIABLE, name)
        .stdin(input)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&child.stdout), text(&child.stderr));
    assert!(child.status.success(), "{}\n{out}\n{err}", child.status);
    show_skips(&out);
    show_skips(&err);
    assert!(out.contains("1 passed"), "no such test: {name}\n{out}");
}

/// What the child skipped, the test has skipped.
#[expect(clippy::print_stdout, reason = "what is skipped is said")]
fn show_skips(output: &str) {
    for line in output.lines() {
        if let Some(at) = line.find("skipped") {
            println!("{}", &line[at..]);
        }
    }
}
