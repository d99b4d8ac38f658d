use super::check;

const PATH: &str = "crates/uring-rt/src/a.rs";

/// The lines on which something was found.
fn lines(path: &str, text: &str) -> Vec<usize> {
    check(path, text)
        .into_iter()
        .map(|finding| finding.line)
        .collect()
}

#[track_caller]
fn passes(text: &str) {
    assert_eq!(check(PATH, text), [], "{text}");
}

#[track_caller]
fn breaks(text: &str, message: &str) {
    let findings = check(PATH, text);
    assert_eq!(findings.len(), 1, "{text}: {findings:?}");
    assert!(
        findings[0].message.contains(message),
        "{text}: {findings:?}"
    );
}

#[test]
fn unsafe_code_is_found_outside_of_its_two_places() {
    let text = "fn f() {\n    unsafe { g() }\n}";
    assert_eq!(lines(PATH, text), [2]);
    assert_eq!(lines("crates/executor/src/queue.rs", text), [2]);
    assert_eq!(lines("crates/uring-sys/src/ring.rs", text), [0; 0]);
    assert_eq!(lines("crates/executor/src/task/cell.rs", text), [0; 0]);
    breaks("unsafe impl Send for X {}", "`unsafe`");
    breaks("#[unsafe(no_mangle)] fn f() {}", "`unsafe`");
}

#[test]
fn the_word_unsafe_is_no_unsafe_code() {
    passes("#![forbid(unsafe_code)]");
    passes("#![deny(unsafe_op_in_unsafe_fn)]");
    passes("// unsafe\n/* unsafe */\nconst A: &str = \"unsafe { }\";");
    passes("/// ```\n/// unsafe { f() }\n/// ```\nfn f() {}");
}

#[test]
fn a_file_has_at_most_five_hundred_lines() {
    passes(&"// a line\n".repeat(500));
    breaks(&"// a line\n".repeat(501), "501 lines");
}

#[test]
fn a_module_is_not_called_mod() {
    assert_eq!(lines("crates/reactor/src/backend/mod.rs", ""), [1]);
    assert_eq!(lines("crates/reactor/src/backend/my_mod.rs", ""), [0; 0]);
}

#[test]
fn leftovers_are_found_in_every_spelling() {
    breaks("fn f() { todo!() }", "`todo!`");
    breaks("fn f() { std::unimplemented!(\"x\") }", "`unimplemented!`");
    breaks("fn f() { dbg! [x] }", "`dbg!`");
    passes("fn f() { if todo != 1 {} }");
    passes("fn f() { my_todo!(x); todo(); } // todo!(x)");
}

#[test]
fn a_lint_is_expected_and_not_allowed() {
    breaks("#[allow(dead_code)]\nfn f() {}", "expect");
    breaks("#! [ allow ( dead_code ) ]", "expect");
    passes("#[expect(dead_code, reason = \"x\")]\nfn f() {}");
    passes("fn f() { allow(1); [allow][0]; ours(\"#[allow(x)]\"); }");
}

#[test]
fn a_glob_is_not_re_exported() {
    breaks("pub use a::*;", "re-export");
    breaks("pub(crate) use a::{\n    b,\n    c::*,\n};", "re-export");
    passes("use super::*;");
    passes("pub use a::b;\nuse c::*;");
    passes("pub fn f() {}\nuse c::*;");
}

#[test]
fn a_test_does_not_sleep_without_a_reason() {
    let test = "crates/reactor/tests/it/timers.rs";
    assert_eq!(
        lines(test, "use std::thread;\nfn f() { thread::sleep(d); }"),
        [2]
    );
    assert_eq!(lines(test, "use std::thread::sleep;"), [1]);
    assert_eq!(
        lines(test, "thread::sleep(d); // sleep: the timer is real"),
        [0; 0]
    );
    assert_eq!(
        lines(test, "// sleep: the timer is real\nthread::sleep(d);"),
        [0; 0]
    );
    assert_eq!(
        lines(test, "// sleep: too far away\n\nthread::sleep(d);"),
        [3]
    );
    passes("thread::sleep(d);");
}

#[test]
fn compile_fail_cases_may_be_wrong() {
    assert_eq!(
        lines("crates/uring-rt/tests/ui/a.rs", "async unsafe fn f() {}"),
        [0; 0]
    );
}
