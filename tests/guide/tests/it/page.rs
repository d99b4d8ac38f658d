//! The pages, as the tests see them.

use std::fs;
use std::path::{Path, PathBuf};

/// Where everything is.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Where the guide is.
pub(crate) fn root() -> PathBuf {
    repository().join("docs/guide")
}

/// A page of the guide.
pub(crate) struct Page {
    /// Below the guide's directory, or the repository's.
    pub(crate) name: String,
    pub(crate) text: String,
}

impl Page {
    /// Any other page, by its name below the repository.
    pub(crate) fn of_repository(name: String) -> Page {
        let text = fs::read_to_string(repository().join(&name)).expect("a page is text");
        Page { name, text }
    }

    /// With a name that begins higher up.
    pub(crate) fn moved_below(self, directory: &str) -> Page {
        let name = format!("{directory}/{}", self.name);
        Page { name, ..self }
    }
}

/// All pages, sorted by name, without the table of contents.
pub(crate) fn pages() -> Vec<Page> {
    let mut pages = Vec::new();
    collect(&root(), "", &mut pages);
    pages.retain(|page| page.name != "SUMMARY.md");
    pages.sort_by(|one, other| one.name.cmp(&other.name));
    assert!(pages.len() > 10, "the guide is not where it was");
    pages
}

fn collect(directory: &Path, below: &str, pages: &mut Vec<Page>) {
    for entry in fs::read_dir(directory).expect("the guide is there") {
        let path = entry.expect("the guide is readable").path();
        let name = path.file_name().expect("an entry").to_string_lossy();
        let name = format!("{below}{name}");
        if path.is_dir() {
            collect(&path, &format!("{name}/"), pages);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            let text = fs::read_to_string(&path).expect("a page is text");
            pages.push(Page { name, text });
        }
    }
}

/// A line of a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Line<'a> {
    Prose(&'a str),
    /// What begins a block of code, after the backquotes.
    Fence(&'a str),
    Code,
}

/// The lines of a page; one that ends a block counts as code.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut is_code = false;
    text.lines().map(move |line| {
        let kind = match (line.trim_start().strip_prefix("```"), is_code) {
            (Some(fence), false) => Line::Fence(fence),
            (None, false) => return Line::Prose(line),
            (Some(_), true) => {
                is_code = false;
                return Line::Code;
            }
            (None, true) => return Line::Code,
        };
        is_code = true;
        kind
    })
}

/// Where the links of a page lead, those of its code left out.
pub(crate) fn targets(text: &str) -> Vec<&str> {
    let mut targets = Vec::new();
    for line in lines(text) {
        let Line::Prose(line) = line else { continue };
        let parts = line.split("](").skip(1);
        targets.extend(parts.filter_map(|part| part.split_once(')').map(|(target, _)| target)));
        // The definition of a link that is named elsewhere.
        if let Some((_, target)) = line
            .strip_prefix('[')
            .and_then(|rest| rest.split_once("]: "))
        {
            targets.push(target);
        }
    }
    targets
}

#[test]
fn a_page_is_taken_apart_into_prose_fences_and_code() {
    let text = "see [a](b.md#c)\n```rust\nlet x = y[0](1);\n```\n[`d`]: ../e.rs";
    let kinds: Vec<Line<'_>> = lines(text).collect();
    let prose = [
        Line::Prose("see [a](b.md#c)"),
        Line::Prose("[`d`]: ../e.rs"),
    ];
    let [first, last] = prose;
    assert_eq!(
        kinds,
        [first, Line::Fence("rust"), Line::Code, Line::Code, last]
    );
    assert_eq!(targets(text), ["b.md#c", "../e.rs"]);
}
