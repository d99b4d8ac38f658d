//! The programs that tests start, as this machine has them, with the libraries
//! that they are linked to.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const NAMES: [&str; 14] = [
    "cat", "echo", "env", "false", "head", "id", "ls", "sh", "sleep", "test", "touch", "tr",
    "true", "wc",
];
const FOLDERS: [&str; 2] = ["/usr/bin", "/bin"];

/// The files of the guest, by their paths from its root. Programs are in
/// `/bin`, libraries where the loader expects them.
pub(super) fn files() -> Result<BTreeMap<String, Vec<u8>>, String> {
    let mut files = BTreeMap::new();
    for name in NAMES {
        let program = FOLDERS
            .iter()
            .map(|folder| Path::new(folder).join(name))
            .find(|path| path.exists())
            .ok_or_else(|| format!("{name} is not in {}", FOLDERS.join(" or ")))?;
        for library in libraries(&program)? {
            let inside = library.trim_start_matches('/').to_owned();
            files.insert(inside, read(Path::new(&library))?);
        }
        files.insert(format!("bin/{name}"), read(&program)?);
    }
    Ok(files)
}

/// Every folder above one of these paths, the outermost first.
pub(super) fn folders<'a>(paths: impl Iterator<Item = &'a String>) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = paths
        .flat_map(|path| Path::new(path).ancestors().skip(1))
        .filter(|folder| !folder.as_os_str().is_empty())
        .map(Path::to_owned)
        .collect();
    folders.sort();
    folders.dedup();
    folders
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// What ldd(1) says that a program loads.
fn libraries(program: &Path) -> Result<Vec<String>, String> {
    let output = Command::new("ldd")
        .arg(program)
        .output()
        .map_err(|error| format!("ldd: {error}"))?;
    if output.status.success() {
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(paths(&text))
    } else {
        Err(format!("ldd {}: {}", program.display(), output.status))
    }
}

/// `name => /path (address)`, or `/path (address)` for the loader. The rest is
/// the kernel's own page.
fn paths(text: &str) -> Vec<String> {
    let path = |line: &str| {
        let mut words = line.split_whitespace();
        words.rfind(|word| word.starts_with('/')).map(str::to_owned)
    };
    text.lines().filter_map(path).collect()
}

#[cfg(test)]
mod tests {
    use super::{folders, paths};

    #[test]
    fn libraries_are_named_by_their_paths() {
        let text = "\tlinux-vdso.so.1 (0x00007f73c6b0d000)\n\
                    \tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f73c68f8000)\n\
                    \t/lib64/ld-linux-x86-64.so.2 (0x00007f73c6b0f000)\n";
        let expected = [
            "/lib/x86_64-linux-gnu/libc.so.6",
            "/lib64/ld-linux-x86-64.so.2",
        ];
        assert_eq!(paths(text), expected);
    }

    #[test]
    fn a_folder_comes_before_what_is_in_it() {
        let files = ["lib/gnu/libc".to_owned(), "bin/sh".to_owned()];
        let folders = folders(files.iter());
        let names: Vec<_> = folders
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        assert_eq!(names, ["bin", "lib", "lib/gnu"]);
    }
}
