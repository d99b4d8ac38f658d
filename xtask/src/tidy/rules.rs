//! Rules for one Rust source.

use super::Finding;
use super::code::{code_only, is_word};

/// Longer files are two files.
const LINES_MAX: usize = 500;

/// Where unsafe code may be.
const UNSAFE: [&str; 4] = [
    "crates/uring-sys/",
    "crates/executor/src/task/",
    // Declared, not used: docs/decisions/0026-two-functions-that-are-unsafe-to-call.md
    "crates/reactor/src/async_fd/register.rs",
    // For tests: docs/decisions/0015-unsafe-fault-injection-in-a-crate-of-its-own.md
    "crates/fault-inject/",
];

/// Compile-fail cases: mistakes are what they are for.
const MISTAKES: &str = "/tests/ui/";

/// Checks the file at this path below the workspace.
pub(super) fn check(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut find = |line: usize, message: String| findings.push(Finding { line, message });

    let count = text.lines().count();
    if count > LINES_MAX {
        find(
            count,
            format!("{count} lines; a file has at most {LINES_MAX}"),
        );
    }
    if path == "mod.rs" || path.ends_with("/mod.rs") {
        find(
            1,
            "a module `x` is the file `x.rs`, not `x/mod.rs`".to_owned(),
        );
    }
    if path.contains(MISTAKES) {
        return findings;
    }

    let code = code_only(text);
    for (at, _) in words(&code, "unsafe") {
        if !UNSAFE.iter().any(|folder| path.starts_with(folder)) {
            find(
                line_of(&code, at),
                format!("`unsafe` is only in {}", UNSAFE.join(" and ")),
            );
        }
    }
    for name in ["todo", "unimplemented", "dbg"] {
        for (at, after) in words(&code, name) {
            if is_macro_call(after) {
                find(line_of(&code, at), format!("`{name}!` is left over"));
            }
        }
    }
    for (at, _) in words(&code, "allow").filter(|&(at, _)| starts_attribute(&code[..at])) {
        find(
            line_of(&code, at),
            "write `#[expect(lint, reason = \"...\")]`, not `allow`".to_owned(),
        );
    }
    for (at, after) in words(&code, "use") {
        let tree = after.split(';').next().unwrap_or(after);
        if tree.contains('*') && is_public(&code[..at]) {
            find(
                line_of(&code, at),
                "a re-export names what it exports, without `*`".to_owned(),
            );
        }
    }
    if path.starts_with("tests/") || path.contains("/tests/") {
        for (at, _) in code.match_indices("thread::sleep") {
            let line = line_of(&code, at);
            if !has_sleep_reason(text, line) {
                find(
                    line,
                    "a test waits for an event, or says `// sleep: why` here".to_owned(),
                );
            }
        }
    }
    findings.sort_by_key(|finding| finding.line);
    findings
}

/// Each place where the identifier stands, and the text after it.
fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    code.match_indices(word).filter_map(move |(at, _)| {
        let (before, after) = (&code[..at], &code[at + word.len()..]);
        let stands_alone = !before.ends_with(is_word) && !after.starts_with(is_word);
        stands_alone.then_some((at, after))
    })
}

fn is_macro_call(after: &str) -> bool {
    after
        .trim_start()
        .strip_prefix('!')
        .is_some_and(|after| after.trim_start().starts_with(['(', '[', '{']))
}

/// Whether an attribute has just been opened: `#[` or `#![`.
fn starts_attribute(before: &str) -> bool {
    before.trim_end().strip_suffix('[').is_some_and(|before| {
        let before = before.trim_end();
        before
            .strip_suffix('!')
            .unwrap_or(before)
            .trim_end()
            .ends_with('#')
    })
}

/// Whether `pub`, or `pub(...)`, has just been said.
fn is_public(before: &str) -> bool {
    let before = before.trim_end();
    let before = match before.strip_suffix(')') {
        Some(inside) => inside
            .rsplit_once('(')
            .map_or(before, |(before, _)| before.trim_end()),
        None => before,
    };
    before
        .strip_suffix("pub")
        .is_some_and(|before| !before.ends_with(is_word))
}

/// On the line itself or on the one above, where rustfmt leaves a comment that
/// made the line too long.
fn has_sleep_reason(text: &str, line: usize) -> bool {
    let above = line.saturating_sub(2);
    text.lines()
        .skip(above)
        .take(line - above)
        .any(|line| line.contains("// sleep: "))
}

fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

#[cfg(test)]
mod tests;
