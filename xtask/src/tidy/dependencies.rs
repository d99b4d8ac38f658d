//! The crates depend on each other in one direction only.

use super::Finding;
use crate::manifest::{Entry, entries};

/// Which crates of ours a crate may use.
struct Rule {
    package: &'static str,
    ours: &'static [&'static str],
    /// Whether it may use crates that are not ours.
    others: bool,
}

const RULES: [Rule; 5] = [
    Rule {
        package: "uring-sys",
        ours: &[],
        others: true,
    },
    Rule {
        package: "uring-reactor",
        ours: &["uring-sys"],
        others: true,
    },
    Rule {
        package: "uring-executor",
        ours: &[],
        others: true,
    },
    // docs/decisions/0001-macros-without-syn.md
    Rule {
        package: "uring-rt-macros",
        ours: &[],
        others: false,
    },
    Rule {
        package: "uring-rt",
        ours: &[
            "uring-sys",
            "uring-reactor",
            "uring-executor",
            "uring-rt-macros",
        ],
        others: true,
    },
];

/// Checks one manifest. A package that no rule knows is not a part of the
/// runtime, and free.
pub(super) fn check(manifest: &str) -> Vec<Finding> {
    let entries = entries(manifest);
    let name = entries
        .iter()
        .find(|entry| entry.table == "package" && entry.key == "name");
    let Some(rule) = name.and_then(|name| {
        RULES
            .iter()
            .find(|rule| rule.package == name.value.trim_matches('"'))
    }) else {
        return Vec::new();
    };
    entries
        .iter()
        .filter_map(|entry| {
            let package = dependency(entry)?;
            let is_ours = RULES.iter().any(|rule| rule.package == package);
            let is_allowed = if is_ours {
                rule.ours.contains(&package)
            } else {
                rule.others
            };
            (!is_allowed).then(|| Finding {
                line: entry.line,
                message: format!("{} must not depend on {package}", rule.package),
            })
        })
        .collect()
}

/// The package that the entry makes a dependency, those of tests left out.
fn dependency(entry: &Entry) -> Option<&str> {
    let is_list = |table: &str| {
        let kind = table.rsplit('.').next().unwrap_or(table);
        kind == "dependencies" || kind == "build-dependencies"
    };
    if is_list(&entry.table) {
        let key = entry.key.split('.').next().unwrap_or(&entry.key);
        return Some(renamed(&entry.value).unwrap_or(key));
    }
    // `[dependencies.name]`: one finding for the whole table, at the key that
    // every dependency has one of.
    let (list, name) = entry.table.rsplit_once('.')?;
    let is_source = matches!(entry.key.as_str(), "path" | "version" | "workspace" | "git");
    (is_list(list) && is_source).then_some(name)
}

/// The name in `{ package = "name" }`.
fn renamed(value: &str) -> Option<&str> {
    let (_, after) = value.split_once("package")?;
    after
        .trim_start()
        .strip_prefix('=')?
        .trim_start()
        .strip_prefix('"')?
        .split('"')
        .next()
}

#[cfg(test)]
mod tests {
    use super::check;

    fn messages(package: &str, rest: &str) -> Vec<String> {
        check(&format!("[package]\nname = \"{package}\"\n{rest}"))
            .into_iter()
            .map(|finding| format!("{}: {}", finding.line, finding.message))
            .collect()
    }

    #[test]
    fn the_allowed_direction_passes() {
        let reactor = "[dependencies]\nlibc.workspace = true\nuring-sys.workspace = true";
        assert_eq!(messages("uring-reactor", reactor), [""; 0]);
        let facade = "[dependencies]\nuring-reactor.workspace = true\nuring-executor = \"0.1\"";
        assert_eq!(messages("uring-rt", facade), [""; 0]);
        assert_eq!(
            messages("something-else", "[dependencies]\nuring-rt = \"1\""),
            [""; 0]
        );
    }

    #[test]
    fn the_other_direction_is_found_in_every_spelling() {
        let found = ["4: uring-executor must not depend on uring-reactor"];
        for rest in [
            "[dependencies]\nuring-reactor.workspace = true",
            "[dependencies]\nuring-reactor = { path = \"../reactor\" }",
            "[dependencies]\nreactor = { path = \"../reactor\", package = \"uring-reactor\" }",
            "[dependencies.uring-reactor]\nworkspace = true",
            "[build-dependencies]\nuring-reactor = \"0.1\"",
            "[target.'cfg(unix)'.dependencies]\nuring-reactor = \"0.1\"",
        ] {
            assert_eq!(messages("uring-executor", rest), found, "{rest}");
        }
    }

    #[test]
    fn tests_may_use_what_they_like() {
        let rest = "[dev-dependencies]\nuring-rt.workspace = true";
        assert_eq!(messages("uring-sys", rest), [""; 0]);
    }

    #[test]
    fn the_macros_have_no_dependency_at_all() {
        let rest = "[dependencies]\nsyn = \"2\"";
        assert_eq!(
            messages("uring-rt-macros", rest),
            ["4: uring-rt-macros must not depend on syn"]
        );
    }
}
