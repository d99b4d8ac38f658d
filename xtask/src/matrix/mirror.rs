//! Packages of Debian releases other than the machine's own, from the mirror
//! that the machine uses, without installing any.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where the kernels are. Debian builds each of them for a cloud, which means
/// virtual machines: no module is needed to see the serial line.
const SUITES: [&str; 3] = ["bullseye-security", "bookworm-security", "trixie-backports"];
const KEYS: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// An apt that has lists and a cache of its own.
pub(super) struct Mirror {
    folder: PathBuf,
}

impl Mirror {
    /// Reads the lists of packages.
    pub(super) fn open(folder: PathBuf) -> Result<Self, String> {
        let mirror = Self { folder };
        for name in ["lists/partial", "cache/archives/partial", "packages"] {
            let path = mirror.folder.join(name);
            fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        let list = mirror.list();
        fs::write(&list, sources()?).map_err(|error| format!("{}: {error}", list.display()))?;
        output(mirror.apt("apt-get").args(["-qq", "update"]))?;
        Ok(mirror)
    }

    /// The names of all packages, even of those that are only mentioned.
    pub(super) fn names(&self) -> Result<Vec<String>, String> {
        let bytes = output(self.apt("apt-cache").arg("pkgnames"))?;
        let text = String::from_utf8_lossy(&bytes);
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// The one file of the package whose path is accepted, if there is one.
    pub(super) fn file(
        &self,
        package: &str,
        is_it: impl Fn(&str) -> bool,
    ) -> Result<Option<Vec<u8>>, String> {
        let packages = self.folder.join("packages").join(package);
        fs::create_dir_all(&packages)
            .map_err(|error| format!("{}: {error}", packages.display()))?;
        output(
            self.apt("apt-get")
                .args(["-qq", "download", package])
                .current_dir(&packages),
        )?;
        let entry = fs::read_dir(&packages)
            .ok()
            .and_then(|mut entries| entries.next()?.ok())
            .ok_or_else(|| format!("apt-get did not download {package}"))?;
        let archive = output(
            Command::new("dpkg-deb")
                .arg("--fsys-tarfile")
                .arg(entry.path()),
        )?;
        let result = from_archive(&archive, is_it);
        fs::remove_dir_all(&packages)
            .map_err(|error| format!("{}: {error}", packages.display()))?;
        result
    }

    fn list(&self) -> PathBuf {
        self.folder.join("sources.list")
    }

    fn apt(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let option = |name: &str, path: &Path| format!("{name}={}", path.display());
        for setting in [
            option("Dir::Etc::sourcelist", &self.list()),
            option("Dir::Etc::sourceparts", Path::new("/dev/null")),
            option("Dir::State::lists", &self.folder.join("lists")),
            option("Dir::Cache", &self.folder.join("cache")),
            "Acquire::Languages=none".to_owned(),
            // Else apt gives up its rights, and cannot write to our folder.
            "APT::Sandbox::User=root".to_owned(),
        ] {
            command.arg("-o").arg(setting);
        }
        command
    }
}

/// A sources.list with the machine's own mirrors.
fn sources() -> Result<String, String> {
    let format = "$(REPO_URI) $(CODENAME)";
    let bytes = output(Command::new("apt-get").args(["indextargets", "--format", format]))?;
    let text = String::from_utf8_lossy(&bytes);
    sources_from(&text).ok_or_else(|| {
        "apt knows no Debian mirror with a security archive; the kernels are Debian's".to_owned()
    })
}

/// `targets` has lines of a mirror's address and the codename of a suite.
fn sources_from(targets: &str) -> Option<String> {
    let mirror = |is_security: bool| {
        let mut pairs = targets.lines().filter_map(|line| line.split_once(' '));
        let is_debian = |release: &str| {
            let release = release.trim_end_matches("-security");
            ["bullseye", "bookworm", "trixie", "forky"].contains(&release)
        };
        pairs
            .find(|(_, suite)| suite.ends_with("-security") == is_security && is_debian(suite))
            .map(|(address, _)| address)
    };
    let (main, security) = (mirror(false)?, mirror(true)?);
    let lines = SUITES.map(|suite| {
        let address = if suite.ends_with("-security") {
            security
        } else {
            main
        };
        format!("deb [arch=amd64 signed-by={KEYS}] {address} {suite} main\n")
    });
    Some(lines.concat())
}

/// The file in a tar archive.
fn from_archive(archive: &[u8], is_it: impl Fn(&str) -> bool) -> Result<Option<Vec<u8>>, String> {
    let list = filter(Command::new("tar").arg("-t"), archive)?;
    let list = String::from_utf8_lossy(&list);
    let Some(path) = list.lines().find(|path| is_it(path)) else {
        return Ok(None);
    };
    filter(Command::new("tar").arg("-xO").arg(path), archive).map(Some)
}

fn output(command: &mut Command) -> Result<Vec<u8>, String> {
    filter(command, &[])
}

/// What the command prints when it is given `input`.
fn filter(command: &mut Command, input: &[u8]) -> Result<Vec<u8>, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let failed = |error: std::io::Error| format!("{name}: {error}");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(failed)?;
    let stdin = child.stdin.take();
    let output = std::thread::scope(|scope| {
        if let Some(mut stdin) = stdin {
            // A tool that has seen enough closes its end early; whether it
            // was content says its status.
            scope.spawn(move || stdin.write_all(input));
        }
        child.wait_with_output()
    });
    let output = output.map_err(failed)?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(format!("{name} ended with {}", output.status))
    }
}

#[cfg(test)]
mod tests {
    use super::{SUITES, sources_from};

    #[test]
    fn each_suite_has_the_mirror_of_its_archive() {
        let targets = "https://other.test/apt tools\n\
                       https://a.test/debian/ bookworm\n\
                       https://a.test/debian/ bookworm-updates\n\
                       https://b.test/security/ bookworm-security\n";
        let list = sources_from(targets).expect("both mirrors are there");
        let lines: Vec<&str> = list.lines().collect();
        assert_eq!(lines.len(), SUITES.len());
        assert!(lines[0].ends_with("] https://b.test/security/ bullseye-security main"));
        assert!(lines[1].ends_with("] https://b.test/security/ bookworm-security main"));
        assert!(lines[2].ends_with("] https://a.test/debian/ trixie-backports main"));
    }

    #[test]
    fn another_distribution_is_refused() {
        assert_eq!(sources_from("https://a.test/x noble\n"), None);
        assert_eq!(sources_from("https://a.test/debian/ bookworm\n"), None);
    }
}
