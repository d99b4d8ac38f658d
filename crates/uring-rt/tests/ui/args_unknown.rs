#[uring_rt::main(entires = 8)]
async fn main() {}
