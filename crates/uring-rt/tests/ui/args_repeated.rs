#[uring_rt::main(entries = 8, backend = "auto", entries = 8)]
async fn main() {}
