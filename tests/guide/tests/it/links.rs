//! The links between pages, and into the repository.

use std::fs;
use std::path::{Path, PathBuf};

use crate::page::{Line, Page, lines, pages, repository, targets};

/// What the address of a file of this repository begins with.
const REPOSITORY: &str = "https://github.com/uring-rt/uring-rt/blob/main/";

#[test]
fn every_link_leads_somewhere() {
    let readme = "README.md".to_owned();
    let mut named: Vec<Page> = pages()
        .into_iter()
        .map(|page| page.moved_below("docs/guide"))
        .collect();
    named.extend(
        [
            "uring-rt",
            "uring-rt-macros",
            "uring-sys",
            "reactor",
            "executor",
        ]
        .iter()
        .map(|package| format!("crates/{package}/README.md"))
        .chain([readme])
        .map(Page::of_repository),
    );
    let broken: Vec<String> = named.iter().flat_map(broken_links).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

fn broken_links(page: &Page) -> Vec<String> {
    let is_broken = |target: &&str| resolve(&page.name, target).is_some_and(|link| !link.leads());
    let broken = targets(&page.text).into_iter().filter(is_broken);
    broken
        .map(|target| format!("{}: {target}", page.name))
        .collect()
}

#[test]
fn no_relative_link_leaves_what_is_shown_elsewhere() {
    for page in pages() {
        let page = page.moved_below("docs/guide");
        for target in targets(&page.text) {
            let Some(link) = resolve(&page.name, target) else {
                continue;
            };
            let stays = link.file.starts_with("docs/guide") || target.starts_with(REPOSITORY);
            assert!(stays, "{}: a book of the guide has no {target}", page.name);
        }
    }
}

/// A link to a file of the repository.
struct Link<'a> {
    /// Below the repository.
    file: PathBuf,
    /// Empty if there is none.
    anchor: &'a str,
}

/// `None` for what is elsewhere in the web.
fn resolve<'a>(page: &str, target: &'a str) -> Option<Link<'a>> {
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let file = match file.strip_prefix(REPOSITORY) {
        Some(file) => PathBuf::from(file),
        None if file.contains("://") => return None,
        None if file.is_empty() => PathBuf::from(page),
        None => normalized(&Path::new(page).with_file_name(file)),
    };
    Some(Link { file, anchor })
}

/// Without `..`.
fn normalized(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path {
        if part == ".." {
            plain.pop();
        } else {
            plain.push(part);
        }
    }
    plain
}

impl Link<'_> {
    fn leads(&self) -> bool {
        let file = repository().join(&self.file);
        let has_anchor = || {
            let text = fs::read_to_string(&file).unwrap_or_default();
            anchors(&text).iter().any(|name| name == self.anchor)
        };
        file.exists() && (self.anchor.is_empty() || has_anchor())
    }
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

#[test]
fn a_link_is_resolved_from_its_page() {
    let file = |target: &str| resolve("docs/guide/a/b.md", target).map(|link| link.file);
    assert_eq!(file("../c.md#d"), Some("docs/guide/c.md".into()));
    assert_eq!(file("#d"), Some("docs/guide/a/b.md".into()));
    let readme = format!("{REPOSITORY}README.md");
    assert_eq!(file(&readme), Some("README.md".into()));
    assert_eq!(file("https://rustup.rs"), None);
    let missing = resolve("README.md", "docs/guide/start.md#no-such-heading");
    assert!(missing.is_some_and(|link| !link.leads()));
}
