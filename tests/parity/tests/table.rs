//! The tables of docs/guide/from-tokio.md against the sources: every item of tokio is in them, and what they say is here,
//! is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where tokio has the items that the page is about.
const FILES: [&str; 30] = [
    "runtime/builder.rs",
    "runtime/handle.rs",
    "runtime/id.rs",
    "runtime/local_runtime/options.rs",
    "runtime/local_runtime/runtime.rs",
    "runtime/mod.rs",
    "runtime/runtime.rs",
    "runtime/task/abort.rs",
    "runtime/task/error.rs",
    "runtime/task/id.rs",
    "runtime/task/join.rs",
    "runtime/task_hooks.rs",
    "task/blocking.rs",
    "task/coop/consume_budget.rs",
    "task/coop/mod.rs",
    "task/coop/unconstrained.rs",
    "task/join_set.rs",
    "task/spawn.rs",
    "task/task_local.rs",
    "task/yield_now.rs",
    "time/clock.rs",
    "time/error.rs",
    "time/instant.rs",
    "time/interval.rs",
    "time/mod.rs",
    "time/sleep.rs",
    "time/timeout.rs",
    "io/async_fd.rs",
    "io/interest.rs",
    "io/ready.rs",
];

/// Types that one row answers for as a whole.
const AS_A_WHOLE: [&str; 3] = ["TaskMeta", "RngSeed", "Error"];

/// Counted by their prefix in one row.
const FAMILIES: [&str; 2] = ["enable_metrics_", "metrics_"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The first two cells of each row of the page's tables.
fn rows() -> Vec<(String, String)> {
    let page = fs::read_to_string(root().join("docs/guide/from-tokio.md")).unwrap();
    let row = |line: &str| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        let first = cells.next()?.to_owned();
        Some((first, cells.next()?.trim_end_matches(" |").to_owned()))
    };
    page.lines()
        .filter_map(row)
        .filter(|(first, _)| first != "tokio")
        .collect()
}

/// The folder of tokio's source, wherever cargo keeps it.
fn tokio() -> PathBuf {
    // Of another platform's packages not even the manifests are on a machine that has only built this.
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--offline"])
        .args(["--filter-platform", &platform])
        .current_dir(root())
        .output()
        .unwrap();
    let text = String::from_utf8(metadata.stdout).unwrap();
    let manifest = text
        .split("\"manifest_path\":\"")
        .filter_map(|rest| rest.split('"').next())
        .find(|path| path.contains("/tokio-1."))
        .expect("tokio is a dependency of this package");
    Path::new(manifest).parent().unwrap().join("src")
}

/// The name after `keyword`, if the line declares something public by it.
fn declared<'a>(line: &'a str, keyword: &str) -> Option<&'a str> {
    let line = line.trim_start().strip_prefix("pub ")?;
    let line = line.strip_prefix("async ").unwrap_or(line);
    let line = line.strip_prefix("unsafe ").unwrap_or(line);
    let line = line.strip_prefix("const ").unwrap_or(line);
    let name = line.strip_prefix(keyword)?.strip_prefix(' ')?;
    name.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .next()
}

/// The type of an `impl` block's first line.
fn implemented(line: &str) -> Option<String> {
    let line = line.trim_start().strip_prefix("impl")?;
    let line = match line.strip_prefix('<') {
        Some(generics) => generics.split_once('>')?.1,
        None => line,
    };
    let name = line.split_once(" for ").map_or(line, |(_, name)| name);
    let name = name.trim().split(['<', ' ', '{']).next()?;
    Some(name.rsplit("::").next()?.to_owned())
}

/// Public items of a file: the type that they belong to, if any, and their name.
fn items(source: &str) -> BTreeSet<(Option<String>, String)> {
    let source = source.split("#[cfg(test)]\nmod tests").next().unwrap();
    let mut of = None;
    let mut found = BTreeSet::new();
    for line in source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
    {
        // Deeper ones are inside of functions, and of nobody's concern.
        if line.starts_with("impl") || line.starts_with("    impl") {
            of = implemented(line);
        }
        for keyword in ["struct", "enum", "type"] {
            if let Some(name) = declared(line, keyword) {
                found.insert((None, name.to_owned()));
            }
        }
        if let Some(name) = declared(line, "fn") {
            let is_method = line.starts_with(' ') && source_has_receiver_scope(line);
            found.insert((of.clone().filter(|_| is_method), name.to_owned()));
        }
    }
    found
}

/// Functions of modules inside of a `cfg_*!` block are indented like methods are; they are told apart by the tables, which
/// have them without a type.
fn source_has_receiver_scope(line: &str) -> bool {
    line.contains("self") || line.contains("-> Self") || line.contains("(inner: T")
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
}

#[test]
fn every_item_of_tokio_is_in_a_table() {
    let (rows, tokio) = (rows(), tokio());
    let mut missing = Vec::new();
    let mut count = 0;
    for file in FILES {
        let source = fs::read_to_string(tokio.join(file)).unwrap();
        for (of, name) in items(&source) {
            let is_known = of.as_deref().is_some_and(|of| AS_A_WHOLE.contains(&of))
                || FAMILIES.iter().any(|family| name.starts_with(family));
            let has = |first: &str, name: &str| words(first).any(|word| word == name);
            let is_named = |(first, _): &(String, String)| {
                has(first, &name) && of.as_deref().is_none_or(|of| has(first, of))
            };
            count += 1;
            if !is_known && !rows.iter().any(is_named) {
                missing.push(format!("{file}: {}::{name}", of.unwrap_or_default()));
            }
        }
    }
    assert!(
        count > 150,
        "only {count} items found: has tokio moved them?"
    );
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Every name that this workspace's libraries declare or re-export.
fn ours() -> BTreeSet<String> {
    fn collect(folder: &Path, names: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, names);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for line in text.lines() {
                let keywords = ["fn", "struct", "enum", "type", "mod"];
                names.extend(
                    keywords
                        .iter()
                        .filter_map(|k| declared(line, k))
                        .map(str::to_owned),
                );
                let constant = line.trim_start().strip_prefix("pub const ");
                names.extend(
                    constant
                        .and_then(|rest| rest.split(':').next())
                        .map(str::to_owned),
                );
                if line.trim_start().starts_with("pub use ") {
                    names.extend(words(line).map(str::to_owned));
                }
            }
        }
    }
    let mut names = BTreeSet::new();
    for library in ["uring-rt", "reactor", "executor"] {
        collect(&root().join("crates").join(library).join("src"), &mut names);
    }
    names
}

#[test]
fn what_the_tables_say_is_here_is_here() {
    let ours = ours();
    let mut absent = Vec::new();
    for (first, verdict) in rows() {
        let verdict = verdict.split([':', ',']).next().unwrap();
        assert!(
            ["same", "differs", "absent", "same, but for the threads"].contains(&verdict),
            "{first}: {verdict}"
        );
        let paths = first.split('`').skip(1).step_by(2);
        for path in paths.filter(|path| path.contains("::") && !path.contains(' ')) {
            let name = path.rsplit("::").next().unwrap();
            let is_macro = name.ends_with('!') || path.starts_with("tokio::");
            if verdict != "absent" && !is_macro && !path.contains("std::") && !ours.contains(name) {
                absent.push(path.to_owned());
            }
        }
    }
    assert!(absent.is_empty(), "{absent:#?}");
}
