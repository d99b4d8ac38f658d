//! The table of contents.

use std::collections::BTreeSet;
use std::fs;

use crate::page::{pages, root, targets};

#[test]
fn the_summary_names_every_page_once() {
    let summary = fs::read_to_string(root().join("SUMMARY.md")).expect("the guide has a summary");
    let named = targets(&summary);
    let once: BTreeSet<&str> = named.iter().copied().collect();
    assert_eq!(once.len(), named.len(), "a page is named twice");
    let pages = pages();
    let there: BTreeSet<&str> = pages.iter().map(|page| page.name.as_str()).collect();
    assert_eq!(once, there);
}
