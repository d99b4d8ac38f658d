#[uring_rt::main]
async fn main() -> Result<(), std::io::Error> {
    let path = "name";
    std::fs::read(path)?;
    path
}
