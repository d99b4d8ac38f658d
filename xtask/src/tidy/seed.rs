//! The tests that docs/SEED.md names exist.

use std::collections::HashSet;

use super::Finding;

/// The name of every function that this source defines.
pub(super) fn functions<'a>(source: &'a str, into: &mut HashSet<&'a str>) {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    for (_, rest) in source
        .match_indices("fn ")
        .map(|(at, _)| source.split_at(at))
    {
        let name = &rest["fn ".len()..];
        let end = name.find(|c| !is_name(c)).unwrap_or(name.len());
        into.insert(&name[..end]);
    }
}

/// Every `path::of_a_function` in the page, all of it in lower case, must end in the name of one.
pub(super) fn check(page: &str, functions: &HashSet<&str>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in page.lines().enumerate() {
        // Every second piece is between two backquotes.
        for code in line.split('`').skip(1).step_by(2) {
            let is_path = code
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | ':'));
            let Some((_, name)) = code.rsplit_once("::").filter(|_| is_path) else {
                continue;
            };
            if !functions.contains(name) {
                findings.push(Finding {
                    line: index + 1,
                    message: format!("`{code}` is not there; has it got another name?"),
                });
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_is_gone_is_found() {
        let mut there = HashSet::new();
        functions("async fn one() {}\n    fn two<T>() {}", &mut there);
        let page = "| `m::one` and `a::b::two` |\n| `Type::method`, `m::three` and `plain` |";
        let findings = check(page, &there);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].line, 2);
        assert!(findings[0].message.contains("m::three"));
    }
}
