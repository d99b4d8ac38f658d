//! One virtual machine, from its first instruction to its last line.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::command::is_installed;
use crate::examples::wait;

const EMULATOR: &str = "qemu-system-x86_64";
/// For all programs together. What hangs must end.
const LIMIT: Duration = Duration::from_secs(40 * 60);

pub(super) fn check_emulator() -> Result<(), String> {
    if is_installed(EMULATOR) {
        return Ok(());
    }
    Err(format!(
        "{EMULATOR} does not run; on Debian: apt-get install --no-install-recommends qemu-system-x86"
    ))
}

/// Runs it, with its serial line in the file `log`, below the commit whose tests
/// these are.
pub(super) fn run(kernel: &Path, initramfs: &Path, commit: &str, log: &Path) -> Result<(), String> {
    let at_log = |error: std::io::Error| format!("{}: {error}", log.display());
    let mut file = File::create(log).map_err(at_log)?;
    writeln!(file, "@@ commit {commit}").map_err(at_log)?;
    let errors = file.try_clone().map_err(at_log)?;
    let mut machine = Command::new(EMULATOR)
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
    Ok(())
}
