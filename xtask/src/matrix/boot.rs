//! One virtual machine, from its first instruction to its last line.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::examples::wait;

const EMULATOR: &str = "qemu-system-x86_64";
/// For all programs together. What hangs must end.
const LIMIT: Duration = Duration::from_secs(40 * 60);

pub(super) fn check_emulator() -> Result<(), String> {
    let version = Command::new(EMULATOR)
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    match version {
        Ok(status) if status.success() => Ok(()),
        _ => Err(format!(
            "{EMULATOR} does not run; on Debian: apt-get install --no-install-recommends qemu-system-x86"
        )),
    }
}

/// What the machine wrote to its serial line, which is also kept at `log`.
pub(super) fn run(kernel: &Path, initramfs: &Path, log: &Path) -> Result<String, String> {
    let at_log = |error: std::io::Error| format!("{}: {error}", log.display());
    let file = File::create(log).map_err(at_log)?;
    let errors = file.try_clone().map_err(at_log)?;
    let mut machine = Command::new("nice")
        .arg(EMULATOR)
        // Emulated: slower than KVM, and the same wherever it runs.
        .args(["-accel", "tcg"])
        .args(["-cpu", "max", "-smp", "1", "-m", "1024"])
        .args(["-nodefaults", "-nographic", "-no-reboot"])
        .args(["-serial", "stdio"])
        .arg("-kernel")
        .arg(kernel)
        .arg("-initrd")
        .arg(initramfs)
        .args(["-append", "console=ttyS0 quiet panic=-1"])
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(errors)
        .spawn()
        .map_err(|error| format!("{EMULATOR} could not be started: {error}"))?;
    wait(&mut machine, LIMIT).map_err(|error| format!("{EMULATOR}: {error}"))?;
    let bytes = fs::read(log).map_err(at_log)?;
    Ok(String::from_utf8_lossy(&bytes).replace('\r', ""))
}
