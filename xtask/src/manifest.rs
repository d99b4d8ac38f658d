//! As much of TOML as Cargo.toml files of this workspace use: tables, and
//! `key = value` with values that may span lines.

/// One `key = value`, with the table it stands in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// As in the header, without the brackets; empty before the first header.
    pub(crate) table: String,
    pub(crate) key: String,
    /// As written, on one line.
    pub(crate) value: String,
    /// Counted from one.
    pub(crate) line: usize,
}

pub(crate) fn entries(text: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut table = String::new();
    let mut open = 0_i32;
    for (at, line) in text.lines().enumerate() {
        let line = without_comment(line).trim();
        if open > 0 {
            if let Some(entry) = entries.last_mut() {
                entry.value.push_str(line);
            }
            open += brackets(line);
        } else if line.starts_with('[') {
            line.trim_matches(['[', ']']).trim().clone_into(&mut table);
        } else if let Some((key, value)) = line.split_once('=') {
            open = brackets(value);
            entries.push(Entry {
                table: table.clone(),
                key: key.trim().trim_matches('"').to_owned(),
                value: value.trim().to_owned(),
                line: at + 1,
            });
        }
    }
    entries
}

/// The features that a manifest declares, `default` left out: it is a set of
/// others.
pub(crate) fn features(text: &str) -> Vec<String> {
    entries(text)
        .into_iter()
        .filter(|entry| entry.table == "features" && entry.key != "default")
        .map(|entry| entry.key)
        .collect()
}

fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    let end = line.find(|ch| {
        quoted ^= ch == '"';
        ch == '#' && !quoted
    });
    &line[..end.unwrap_or(line.len())]
}

/// Opened minus closed, strings left out.
fn brackets(text: &str) -> i32 {
    text.split('"')
        .step_by(2)
        .flat_map(str::chars)
        .fold(0, |open, ch| match ch {
            '[' | '{' => open + 1,
            ']' | '}' => open - 1,
            _ => open,
        })
}

#[cfg(test)]
mod tests {
    use super::{entries, features};

    const TEXT: &str = r##"
[package] # a comment
name = "a # b"

[features]
default = ["x"]
x = [
    "dep:x", # ] not the end
    "y",
]
y = []

[target.'cfg(unix)'.dependencies]
z = { version = "1", features = ["a"] }
"##;

    #[test]
    fn values_may_span_lines_and_comments_are_no_part_of_them() {
        let got: Vec<(String, String, String, usize)> = entries(TEXT)
            .into_iter()
            .map(|entry| (entry.table, entry.key, entry.value, entry.line))
            .collect();
        let want = [
            ("package", "name", "\"a # b\"", 3),
            ("features", "default", "[\"x\"]", 6),
            ("features", "x", "[\"dep:x\",\"y\",]", 7),
            ("features", "y", "[]", 11),
            (
                "target.'cfg(unix)'.dependencies",
                "z",
                "{ version = \"1\", features = [\"a\"] }",
                14,
            ),
        ]
        .map(|(table, key, value, line)| (table.into(), key.into(), value.into(), line));
        assert_eq!(got, want);
    }

    #[test]
    fn features_are_listed_without_the_default_set() {
        assert_eq!(features(TEXT), ["x", "y"]);
        assert_eq!(features("[package]\nname = \"a\""), Vec::<String>::new());
    }
}
