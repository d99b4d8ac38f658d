#[uring_rt::main(entries = 8 backend = "auto")]
async fn main() {}
