#[uring_rt::test(crate = 1)]
async fn a_number() {}

#[uring_rt::test(crate = "not a path")]
async fn a_sentence() {}

#[uring_rt::test(crate = some::generic<u8>)]
async fn a_type() {}

fn main() {}
