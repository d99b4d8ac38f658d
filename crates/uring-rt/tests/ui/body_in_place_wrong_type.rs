#[uring_rt::main]
async fn run(name: &str) -> Result<usize, std::io::Error> {
    // None of the attribute's own names is visible in the body.
    let _ = (output, name);
    if name.is_empty() {
        return Ok(0);
    }
    name
}

fn main() {
    let _ = run("name");
}
