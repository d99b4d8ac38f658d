//! What would be published: each package says what it is, and builds from what is in it.

use std::env;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::command::{Command, Failure};
use crate::manifest::{Entry, entries};

/// What a manifest of a published package says, itself or by the workspace's.
const FIELDS: [&str; 8] = [
    "description",
    "rust-version",
    "license",
    "repository",
    "readme",
    "keywords",
    "categories",
    "version",
];

/// What lies beside it. The licenses are links to those of the workspace.
const FILES: [&str; 3] = ["README.md", "LICENSE-MIT", "LICENSE-APACHE"];

const TASK: &str = "cargo xtask package";

/// Below the workspace: where cargo has its home for this.
const HOME: &str = "target/package-home";

/// Packs all of them together, as those that depend on each other are not in a registry yet: cargo then takes them from
/// each other's packages, which is what it does when they are published together. Offline, as cargo would ask for the
/// registry's index otherwise, even if all that it needs is there.
pub(crate) fn run(root: &Path) -> Result<(), Failure> {
    let mut command = Command::cargo("package --offline --allow-dirty");
    let mut missing = Vec::new();
    for directory in members(&read(&root.join("Cargo.toml"))?) {
        let directory = root.join(directory);
        let manifest = entries(&read(&directory.join("Cargo.toml"))?);
        let Some(name) = published(&manifest) else {
            continue;
        };
        let lacks = FILES.iter().filter(|file| !directory.join(file).exists());
        missing.extend(
            fields_missing(&manifest)
                .chain(lacks.copied())
                .map(|what| format!("{name} has no {what}")),
        );
        command = command.arg("--package").arg(name);
    }
    if missing.is_empty() {
        Command::cargo("fetch --locked --target host-tuple").run(root)?;
        make_home(&root.join(HOME)).map_err(|error| failure(format!("{HOME}: {error}")))?;
        // An absolute path, as cargo runs the compiler in other directories.
        let home = root.join(HOME).display().to_string();
        command.env("CARGO_HOME", home).run(root)
    } else {
        Err(failure(missing.join(", ")))
    }
}

/// A home of cargo that has what the user's has, but nothing unpacked of our own packages. Cargo unpacks a version of a
/// package once, and for ever: of one that has changed since it would go on to see what it was.
fn make_home(home: &Path) -> io::Result<()> {
    if home.exists() {
        fs::remove_dir_all(home)?;
    }
    let theirs = env::var_os("CARGO_HOME").map_or_else(
        || PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(".cargo"),
        PathBuf::from,
    );
    link_all(&theirs, home, |name| {
        name != "registry" && !name.starts_with(".package-cache")
    })?;
    for part in ["index", "cache", "src"] {
        let part = Path::new("registry").join(part);
        link_all(&theirs.join(&part), &home.join(&part), is_from_elsewhere)?;
    }
    Ok(())
}

/// Whether a registry's directory is not that of packages which are packed together: those have no name of a host.
fn is_from_elsewhere(registry: &str) -> bool {
    !registry.starts_with('-')
}

/// Links to what is in a directory, in another one.
fn link_all(from: &Path, to: &Path, is_wanted: impl Fn(&str) -> bool) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if is_wanted(&entry.file_name().to_string_lossy()) {
            symlink(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| failure(format!("{}: {error}", path.display())))
}

fn failure(reason: String) -> Failure {
    Failure {
        reason,
        rerun: TASK.to_owned(),
    }
}

/// The directories of the workspace's packages.
fn members(manifest: &str) -> Vec<String> {
    let entries = entries(manifest);
    let members = entries
        .iter()
        .filter(|entry| entry.table == "workspace" && entry.key == "members");
    members
        .flat_map(|entry| entry.value.split('"').skip(1).step_by(2))
        .map(str::to_owned)
        .collect()
}

/// The name, unless the package says that it is not to be published.
fn published(manifest: &[Entry]) -> Option<&str> {
    let value = |key| package(manifest, key).map(|entry| entry.value.as_str());
    if value("publish") == Some("false") {
        return None;
    }
    Some(value("name")?.trim_matches('"'))
}

fn fields_missing(manifest: &[Entry]) -> impl Iterator<Item = &'static str> {
    FIELDS.into_iter().filter(|field| {
        let inherited = format!("{field}.workspace");
        package(manifest, field)
            .or(package(manifest, &inherited))
            .is_none()
    })
}

fn package<'a>(manifest: &'a [Entry], key: &str) -> Option<&'a Entry> {
    manifest
        .iter()
        .find(|entry| entry.table == "package" && entry.key == key)
}

#[cfg(test)]
mod tests {
    use super::{fields_missing, is_from_elsewhere, members, published};
    use crate::manifest::entries;

    #[test]
    fn members_are_read_over_several_lines() {
        let manifest =
            "[workspace]\nmembers = [\n  \"crates/a\", # first\n  \"b\",\n]\nexclude = [\"c\"]";
        assert_eq!(members(manifest), ["crates/a", "b"]);
    }

    #[test]
    fn what_is_not_to_be_published_is_left_out() {
        let ours = entries("[package]\nname = \"a\"\npublish = false");
        assert_eq!(published(&ours), None);
        let theirs = entries("[package]\nname = \"a\"");
        assert_eq!(published(&theirs), Some("a"));
    }

    #[test]
    fn a_registry_of_our_own_packages_is_known_by_its_name() {
        assert!(is_from_elsewhere("a.host-1949cf8c6b5b557f"));
        assert!(!is_from_elsewhere("-3c952b8216f1a219"));
    }

    #[test]
    fn a_field_counts_when_the_workspace_has_it() {
        let manifest = entries(
            "[package]\nname = \"a\"\nversion.workspace = true\nlicense = \"MIT\"\n[lib]\nreadme = 1",
        );
        let missing: Vec<_> = fields_missing(&manifest).collect();
        let want = [
            "description",
            "rust-version",
            "repository",
            "readme",
            "keywords",
            "categories",
        ];
        assert_eq!(missing, want);
    }
}
