//! The blocks of code.

use std::fs;

use crate::page::{Line, lines, pages};

/// What a block may say of itself. `ignore` is not among them: a program that nobody compiles goes stale.
const LANGUAGES: [&str; 8] = [
    "rust",
    "rust,no_run",
    "rust,should_panic",
    "toml",
    "sh",
    "text",
    "json",
    "yaml",
];

#[test]
fn every_block_says_its_language_and_no_program_is_left_out() {
    for page in pages() {
        for line in lines(&page.text) {
            let Line::Fence(language) = line else {
                continue;
            };
            assert!(
                LANGUAGES.contains(&language),
                "{}: a block is {language:?}",
                page.name
            );
        }
    }
}

#[test]
fn every_page_with_programs_is_compiled() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/lib.rs");
    let included = fs::read_to_string(path).expect("this crate's own source");
    for page in pages() {
        if lines(&page.text).any(|line| is_program(&line)) {
            let include = format!("include_str!(\"../../../docs/guide/{}\")", page.name);
            assert!(
                included.contains(&include),
                "{} is not in src/lib.rs",
                page.name
            );
        }
    }
}

fn is_program(line: &Line<'_>) -> bool {
    matches!(line, Line::Fence(language) if language.starts_with("rust"))
}
