#[uring_rt::main(entires = 8)]
fn main() {}
