#[uring_rt::main(seed = "seven")]
async fn main() {}
