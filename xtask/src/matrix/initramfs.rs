//! The file system that a kernel starts with: a cpio archive in the "newc"
//! format (Documentation/driver-api/early-userspace/buffer-format.rst in the
//! kernel's source), which is a header in hexadecimal and the bytes.

use std::fs;
use std::path::{Path, PathBuf};

use super::programs::Programs;
use super::{Filter, tools};

/// For one program, on one backend.
const LIMIT_S: u32 = 900;
/// The backends that the facade's tests are run on, and the variable that says
/// so. The reactor's tests walk all of them by themselves, and the crates below
/// and beside it know none.
const BACKENDS: [(&str, &str); 2] = [("io_uring", ""), ("epoll", "URING_RT_BACKEND=epoll ")];
const FACADE: &str = "uring-rt/";

const FOLDER: u32 = 0o040_755;
const FILE: u32 = 0o100_644;
const PROGRAM: u32 = 0o100_755;
const LINK: u32 = 0o120_777;
const CHARACTER_DEVICE: u32 = 0o020_600;
/// `/dev/console`, which the kernel opens for its first process.
const CONSOLE: (u32, u32) = (5, 1);

/// The few files that name lookups and user lookups read.
const TEXTS: [(&str, &str); 4] = [
    ("etc/hosts", "127.0.0.1 localhost\n::1 localhost\n"),
    ("etc/nsswitch.conf", "hosts: files\n"),
    (
        "etc/passwd",
        "root:x:0:0:root:/tmp:/bin/sh\nnobody:x:65534:65534:nobody:/tmp:/bin/sh\n",
    ),
    ("etc/group", "root:x:0:\nnogroup:x:65534:\n"),
];

/// Writes the archive and returns where it is.
pub(super) fn write(
    folder: &Path,
    programs: &Programs,
    filter: &Filter,
) -> Result<PathBuf, String> {
    let read = |path: &Path| fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let mut archive = Archive::default();
    let tools = tools::files()?;
    for folder in tools::folders(tools.keys()) {
        archive.add(&folder.to_string_lossy(), FOLDER, &[]);
    }
    for name in ["dev", "etc", "proc", "sys", "tests", "tmp", "usr"] {
        archive.add(name, FOLDER, &[]);
    }
    archive.add("usr/bin", LINK, b"/bin");
    for (name, bytes) in &tools {
        archive.add(name, PROGRAM, bytes);
    }
    archive.add_device("dev/console", CONSOLE);
    for (name, text) in TEXTS {
        archive.add(name, FILE, text.as_bytes());
    }
    archive.add("init", PROGRAM, &read(&programs.init)?);
    for test in &programs.tests {
        archive.add(&in_guest(&test.name), PROGRAM, &read(&test.path)?);
    }
    let names = programs.tests.iter().map(|test| test.name.as_str());
    archive.add("tests/plan", FILE, plan(names, filter).as_bytes());

    let path = folder.join("initramfs.cpio");
    fs::write(&path, archive.finish()).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

/// The file of a program, from the guest's root.
fn in_guest(name: &str) -> String {
    format!("tests/{}", name.replace('/', "-"))
}

/// What the first process is to run; `guest/src/plan.rs` reads it.
fn plan<'a>(names: impl Iterator<Item = &'a str>, filter: &Filter) -> String {
    let mut plan = String::new();
    for (backend, variable) in BACKENDS {
        plan += &format!("driver/{backend} 60 {variable}/init driver\n");
    }
    let test = filter.test.as_deref().unwrap_or_default();
    for name in names {
        let command = format!("/{} --nocapture --test-threads=1 {test}\n", in_guest(name));
        let lines = if name.starts_with(FACADE) {
            BACKENDS
                .map(|(backend, variable)| {
                    format!("{name}/{backend} {LIMIT_S} {variable}{command}")
                })
                .to_vec()
        } else {
            vec![format!("{name} {LIMIT_S} {command}")]
        };
        for line in lines {
            let is_wanted = filter
                .program
                .as_ref()
                .is_none_or(|part| line.contains(part));
            if is_wanted {
                plan += &line;
            }
        }
    }
    plan
}

#[derive(Default)]
struct Archive {
    bytes: Vec<u8>,
    inode: u32,
}

impl Archive {
    fn add(&mut self, name: &str, mode: u32, data: &[u8]) {
        self.entry(name, mode, data, (0, 0));
    }

    fn add_device(&mut self, name: &str, number: (u32, u32)) {
        self.entry(name, CHARACTER_DEVICE, &[], number);
    }

    fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, &[], (0, 0));
        self.bytes
    }

    fn entry(&mut self, name: &str, mode: u32, data: &[u8], device: (u32, u32)) {
        self.inode += 1;
        let size = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
        let fields = [
            self.inode,
            mode,
            0, // uid
            0, // gid
            1, // links
            0, // mtime
            size(data.len()),
            0, // the device that it is on
            0,
            device.0,
            device.1,
            size(name.len() + 1),
            0, // checksum: not in this format
        ];
        self.bytes.extend(b"070701");
        for field in fields {
            self.bytes.extend(format!("{field:08x}").bytes());
        }
        self.bytes.extend(name.bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend(data);
        self.pad();
    }

    /// Names and data end at a multiple of four.
    fn pad(&mut self) {
        let len = self.bytes.len().next_multiple_of(4);
        self.bytes.resize(len, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::{Archive, FILE, plan};
    use crate::matrix::Filter;

    #[test]
    fn an_entry_is_a_header_a_name_and_the_data() {
        let mut archive = Archive::default();
        archive.add("a", FILE, b"hello");
        let bytes = archive.finish();
        let header = "070701\
             00000001000081a400000000000000000000000100000000\
             0000000500000000000000000000000000000000\
             0000000200000000";
        assert_eq!(bytes[..110], *header.as_bytes());
        assert_eq!(bytes[110..120], *b"a\0hello\0\0\0");
        assert_eq!(bytes[120..126], *b"070701");
        assert!(bytes.windows(10).any(|window| window == b"TRAILER!!!"));
        assert_eq!(bytes.len() % 4, 0);
    }

    #[test]
    fn the_facade_is_run_on_every_backend_unless_it_is_left_out() {
        let names = ["uring-sys/it", "uring-rt/it"];
        let all = plan(names.into_iter(), &Filter::default());
        assert_eq!(all.lines().count(), 5);
        assert!(all.contains("uring-rt/it/epoll 900 URING_RT_BACKEND=epoll /tests/uring-rt-it "));
        let one = Filter {
            program: Some("uring-rt/it/epoll".to_owned()),
            test: Some("udp::".to_owned()),
            ..Filter::default()
        };
        let plan = plan(names.into_iter(), &one);
        let lines: Vec<&str> = plan.lines().collect();
        assert_eq!(lines.len(), 3, "{plan}");
        assert!(lines[2].ends_with("--test-threads=1 udp::"), "{plan}");
    }
}
