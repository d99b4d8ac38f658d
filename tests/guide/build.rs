//! Takes the tests out of the guide's page on testing: a documentation test compiles no `#[test]`, so
//! `tests/testing.rs` includes them instead.

use std::error::Error;
use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

const PAGE: &str = "../../docs/guide/testing.md";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={PAGE}");
    let page = fs::read_to_string(PAGE)?;
    let mut tests = String::new();
    let mut block: Option<String> = None;
    for (index, line) in page.lines().enumerate() {
        match (&mut block, line) {
            (None, "```rust") => {
                writeln!(tests, "mod line_{} {{", index + 1)?;
                block = Some(String::new());
            }
            (Some(code), "```") => {
                writeln!(tests, "{code}}}")?;
                block = None;
            }
            (Some(code), line) => writeln!(code, "{line}")?,
            (None, _) => {}
        }
    }
    let to = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    fs::write(Path::new(&to).join("testing.rs"), tests)?;
    Ok(())
}
