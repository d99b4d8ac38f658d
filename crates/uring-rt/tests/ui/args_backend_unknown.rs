#[uring_rt::main(backend = "kqueue")]
async fn main() {}
