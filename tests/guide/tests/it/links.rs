//! The links between pages, and into the repository.

use std::fs;

use crate::page::{Line, lines, pages, root, targets};

#[test]
fn every_link_leads_somewhere() {
    let mut broken = Vec::new();
    for page in pages() {
        let path = root().join(&page.name);
        for target in targets(&page.text) {
            if target.starts_with("https://") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() {
                path.clone()
            } else {
                path.with_file_name(file)
            };
            let has_anchor = || {
                let text = fs::read_to_string(&file).unwrap_or_default();
                anchors(&text).iter().any(|name| name == anchor)
            };
            if !file.exists() || !(anchor.is_empty() || has_anchor()) {
                broken.push(format!("{}: {target}", page.name));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// The names of the headings, as GitHub and mdBook make them.
fn anchors(text: &str) -> Vec<String> {
    let headings = lines(text).filter_map(|line| match line {
        Line::Prose(line) => line.strip_prefix('#'),
        _ => None,
    });
    headings
        .map(|heading| anchor(heading.trim_start_matches('#').trim()))
        .collect()
}

fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    heading
        .to_lowercase()
        .chars()
        .filter(kept)
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[test]
fn an_anchor_is_the_heading_in_small_letters() {
    let text = "# `AsyncFd`, and more\n```sh\n# no heading\n```\n## Over HTTP/2";
    assert_eq!(anchors(text), ["asyncfd-and-more", "over-http2"]);
}
