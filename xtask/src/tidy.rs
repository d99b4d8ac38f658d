//! House rules that neither the compiler nor clippy checks.
//!
//! A rule looks at one file and knows nothing else, so it is tested on
//! strings. CONTRIBUTING.md says what each rule is for.

mod code;
mod dependencies;
mod rules;
mod seed;

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::command::Failure;

/// A broken rule and where: the line counts from one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    line: usize,
    message: String,
}

/// Checks every Rust source, every manifest and docs/SEED.md, and prints what it finds.
pub(crate) fn run(root: &Path) -> Result<(), Failure> {
    let failure = |reason| Failure {
        reason,
        rerun: "cargo xtask tidy".to_owned(),
    };
    let (files, findings) = check(root).map_err(|error| failure(error.to_string()))?;
    for line in &findings {
        println!("{line}");
    }
    match findings.len() {
        0 => {
            println!("{files} files are tidy");
            Ok(())
        }
        count => Err(failure(format!("{count} house rules broken"))),
    }
}

/// The number of files looked at, and the findings as `path:line: message`.
fn check(root: &Path) -> io::Result<(usize, Vec<String>)> {
    let mut paths = Vec::new();
    collect(root, &mut paths)?;
    paths.sort();
    let mut findings = Vec::new();
    for path in &paths {
        let text = fs::read_to_string(path)?;
        let relative = path.strip_prefix(root).unwrap_or(path).to_string_lossy();
        let found = if relative.ends_with(".rs") {
            rules::check(&relative, &text)
        } else {
            dependencies::check(&text)
        };
        findings.extend(
            found
                .into_iter()
                .map(|finding| format!("{relative}:{}: {}", finding.line, finding.message)),
        );
    }
    findings.extend(missing_tests(root, &paths)?);
    Ok((paths.len(), findings))
}

/// What docs/SEED.md names and is not there.
fn missing_tests(root: &Path, paths: &[PathBuf]) -> io::Result<Vec<String>> {
    const PAGE: &str = "docs/SEED.md";
    let is_source = |path: &&PathBuf| path.extension().is_some_and(|ending| ending == "rs");
    let sources: Vec<String> = paths
        .iter()
        .filter(is_source)
        .map(fs::read_to_string)
        .collect::<Result<_, _>>()?;
    let mut functions = HashSet::new();
    for source in &sources {
        seed::functions(source, &mut functions);
    }
    let page = fs::read_to_string(root.join(PAGE))?;
    let found = seed::check(&page, &functions);
    Ok(found
        .into_iter()
        .map(|finding| format!("{PAGE}:{}: {}", finding.line, finding.message))
        .collect())
}

/// Sources and manifests, without what cargo made and what is hidden.
fn collect(folder: &Path, into: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if entry.file_type()?.is_dir() {
            if name != "target" && !name.starts_with('.') {
                collect(&entry.path(), into)?;
            }
        } else if name.ends_with(".rs") || name == "Cargo.toml" {
            into.push(entry.path());
        }
    }
    Ok(())
}
