//! Which kernels, and their images.

use std::fs;
use std::path::{Path, PathBuf};

use super::mirror::Mirror;

/// The long-term series to test on, from the first that has what distributions
/// still support. The newest packaged kernel comes on top.
const SERIES: [&str; 4] = ["5.10", "6.1", "6.12", "6.18"];

#[derive(Debug)]
pub(super) struct Kernel {
    /// As the package has it: `6.12.117+deb12`.
    pub(super) version: String,
    pub(super) image: PathBuf,
}

/// The images below `folder`, downloaded unless
/// they are there. To have newer ones, delete the folder.
pub(super) fn fetch(folder: &Path) -> Result<Vec<Kernel>, String> {
    let images = folder.join("kernels");
    let marker = images.join("complete");
    if !marker.exists() {
        download(folder, &images)?;
        fs::write(&marker, "").map_err(|error| format!("{}: {error}", marker.display()))?;
    }
    let entries =
        fs::read_dir(&images).map_err(|error| format!("{}: {error}", images.display()))?;
    let mut kernels: Vec<Kernel> = entries
        .filter_map(|entry| {
            let image = entry.ok()?.path();
            let name = image.file_name()?.to_str()?;
            let version = name.strip_prefix("linux-")?.to_owned();
            Some(Kernel { version, image })
        })
        .collect();
    kernels.sort_by_key(|kernel| numbers(&kernel.version));
    Ok(kernels)
}

fn download(folder: &Path, images: &Path) -> Result<(), String> {
    fs::create_dir_all(images).map_err(|error| format!("{}: {error}", images.display()))?;
    let mirror = Mirror::open(folder.join("apt"))?;
    let names = mirror.names()?;
    let wanted = SERIES.map(Some).into_iter().chain([None]);
    for series in wanted {
        let (version, image) = image(&mirror, &names, series)?;
        println!("fetched: linux {version}");
        let path = images.join(format!("linux-{version}"));
        fs::write(&path, &image).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

/// The newest kernel of the series, or of all.
fn image(
    mirror: &Mirror,
    names: &[String],
    series: Option<&str>,
) -> Result<(String, Vec<u8>), String> {
    // A few, because names are also listed of packages that exist no more, and
    // some that exist hold only configuration.
    for (version, package) in candidates(names, series).into_iter().take(6) {
        match mirror.file(package, |path| path.contains("/vmlinuz")) {
            Ok(Some(image)) => return Ok((version.to_owned(), image)),
            Ok(None) => println!("{package}: has no image"),
            Err(error) => println!("{package}: {error}"),
        }
    }
    let series = series.unwrap_or("the newest series");
    Err(format!("no package with a kernel of {series}"))
}

/// Versions and packages that may have such a kernel, the newest first.
fn candidates<'a>(names: &'a [String], series: Option<&str>) -> Vec<(&'a str, &'a str)> {
    let mut found: Vec<(&str, &str)> = names
        .iter()
        .filter_map(|name| {
            // Since 7.0 the image is in a package of its own.
            let version = name
                .strip_prefix("linux-image-")
                .or_else(|| name.strip_prefix("linux-binary-"))?
                .strip_suffix("-cloud-amd64")?;
            let is_exact = numbers(version).len() > 2;
            let is_wanted = series.is_none_or(|series| is_of(version, series));
            (is_exact && is_wanted).then_some((version, name.as_str()))
        })
        .collect();
    found.sort_by_key(|&(version, name)| (std::cmp::Reverse(numbers(version)), name));
    found
}

/// Whether the version is of that series: of `6.1` are `6.1` and `6.1.0-56`, but not `6.12.9`.
pub(super) fn is_of(version: &str, series: &str) -> bool {
    numbers(version).starts_with(&numbers(series))
}

/// The numbers in a version, to compare by.
fn numbers(version: &str) -> Vec<u32> {
    version
        .split(|letter: char| !letter.is_ascii_digit())
        .filter_map(|number| number.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{candidates, is_of};

    fn names() -> Vec<String> {
        [
            "linux-image-6.1.0-9-cloud-amd64",
            "linux-image-6.1.0-56-cloud-amd64",
            "linux-image-6.12-cloud-amd64",
            "linux-image-6.12.9+deb12-cloud-amd64",
            "linux-image-6.12.117+deb12-cloud-amd64",
            "linux-image-6.12.117+deb12-amd64",
            "linux-image-7.2.6+deb13-cloud-amd64",
            "linux-binary-7.2.6+deb13-cloud-amd64",
            "linux-headers-7.3.1+deb13-cloud-amd64",
        ]
        .map(str::to_owned)
        .to_vec()
    }

    #[test]
    fn the_newest_of_a_series_comes_first_by_number() {
        let names = names();
        let versions = |series| {
            let found = candidates(&names, Some(series));
            found.iter().map(|found| found.0).collect::<Vec<_>>()
        };
        assert_eq!(versions("6.1"), ["6.1.0-56", "6.1.0-9"]);
        assert_eq!(versions("6.12"), ["6.12.117+deb12", "6.12.9+deb12"]);
        assert_eq!(versions("5.10"), [""; 0]);
    }

    #[test]
    fn a_version_is_of_its_own_series_only() {
        for series in ["", "6", "6.1", "6.1.0", "6.1.0-56"] {
            assert!(is_of("6.1.0-56", series), "{series}");
        }
        for series in ["5", "6.12", "6.1.1", "6.1.0-5"] {
            assert!(!is_of("6.1.0-56", series), "{series}");
        }
    }

    #[test]
    fn the_package_with_the_image_comes_before_its_namesake() {
        let names = names();
        let newest = candidates(&names, None);
        assert_eq!(newest[0].1, "linux-binary-7.2.6+deb13-cloud-amd64");
        assert_eq!(newest[1].1, "linux-image-7.2.6+deb13-cloud-amd64");
    }
}
