const N: u32 = 8;

#[uring_rt::main(entries = N)]
async fn main() {}
