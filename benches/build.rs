//! Builds the echo server in C where libev is installed: on Debian, the package `libev-dev`.

use std::env;
use std::path::Path;
use std::process::Command;

const SOURCE: &str = "src/server/libev_echo.c";

fn main() {
    println!("cargo::rerun-if-changed={SOURCE}");
    // Not there, it is looked for each time.
    println!("cargo::rerun-if-changed=/usr/include/ev.h");
    let folder = env::var("OUT_DIR").expect("cargo names a folder");
    let program = Path::new(&folder).join("libev-echo");
    let built = Command::new("cc")
        .args(["-O2", "-Wall", "-Wextra", "-o"])
        .arg(&program)
        .args([SOURCE, "-lev"])
        .output();
    match built {
        Ok(output) if output.status.success() => {
            println!("cargo::rustc-env=LIBEV_ECHO={}", program.display());
        }
        _ => println!("cargo::warning=without libev: libev-dev or a C compiler is not installed"),
    }
}
