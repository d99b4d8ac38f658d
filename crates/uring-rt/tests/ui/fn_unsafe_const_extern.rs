#[uring_rt::test]
async unsafe fn an_unsafe_test() {}

#[uring_rt::test]
const async fn a_const_test() {}

#[uring_rt::test]
async extern "C" fn an_extern_test() {}

fn main() {}
