#[uring_rt::main]
async fn main() {
    std::fs::read("name")?;
}
